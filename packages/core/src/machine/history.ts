/**
 * The history that lets watches resume: the latest changes, oldest first. It is replicated state: every replica
 * holds the same ones, because only applied commands and the ensemble's limits decide what is evicted.
 *
 * Invariants: zxids never fall; whole transactions are evicted, so none is ever seen in part; `evictedThrough` is
 * the zxid of the last evicted one, and a watcher that has seen everything up to it misses nothing.
 *
 * It refers to records, in columns of chunks: what lives as long as the history does costs the garbage collector most,
 * so nothing but the records does; and to write young records into what is old costs it, too, so a new chunk is begun
 * often. Transactions are made again when somebody asks. Hashes are taken when the digest is asked for: under load most
 * changes are evicted before.
 *
 * Bytes and hashes are written down as sums over everything before a change, so that what lies between two changes is
 * a difference: to evict changes means to move on, without a look at each.
 */
import { invariant } from '../invariant.ts';
import { changeOf } from '../tree/change.ts';
import { fetchChanged } from '../tree/fetch.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import type { Change, Transaction } from './contract.ts';
import { hashChange, highLane, lowLane, type Lanes } from './hashes.ts';

export interface HistoryLimits {
  readonly historyChangesMax: number;
  readonly historyBytesMax: number;
}

/** Changes of one chunk; a power of two. Under load a chunk is full long before it is old. */
const chunkBits = 8;
const chunkSize = 1 << chunkBits;

/** The columns: place by place one change. */
class Chunk {
  /** Two numbers a place: the zxid, and the bytes of all changes before. */
  readonly numbers = new Float64Array(2 * chunkSize);
  readonly befores = new Array<ZnodeRecord | undefined>(chunkSize);
  readonly afters = new Array<ZnodeRecord | undefined>(chunkSize);
  /** Two lanes a place: the sum of the hashes of all changes before that are hashed, if this one is. */
  sums: Int32Array | undefined = undefined;
}

/** Bytes of evicted values that may wait until their chunk goes; beyond them each is let go at once. */
const lingeringBytesMax = 64 * 1_024;

export class History {
  readonly #chunks: Chunk[] = [];
  /** Positions count up for ever; here begins the first chunk. */
  #base = 0;
  #first = 0;
  #end = 0;
  /** Changes from here on are in neither lane yet; before it, all that were there when they were asked for. */
  #hashedEnd = 0;
  /** Of all changes there ever were. */
  #bytesEnd = 0;
  #low = 0;
  #high = 0;
  #evictedThrough = 0;
  /** Means nothing: see fetch.ts. */
  touched = 0;

  /** Every change after this zxid is still here: the smallest `from` that a watch can resume with. */
  get evictedThrough(): number {
    return this.#evictedThrough;
  }

  /** Adds one change of a transaction; after the last one of an entry, `trim`. */
  append(zxid: number, before: ZnodeRecord | undefined, after: ZnodeRecord | undefined): void {
    const place = this.#placeAt(this.#end);
    const chunk = place === 0 ? this.#begin() : this.#chunkAt(this.#end);
    chunk.numbers[2 * place] = zxid;
    chunk.numbers[2 * place + 1] = this.#bytesEnd;
    chunk.befores[place] = before;
    chunk.afters[place] = after;
    this.#end += 1;
    this.#bytesEnd += bytesOf(before) + bytesOf(after);
  }

  /** Evicts what exceeds the limits; a transaction that exceeds them alone goes too. Once an entry is soon enough. */
  trim(limits: HistoryLimits): void {
    let first = Math.max(this.#first, this.#end - limits.historyChangesMax);
    while (this.#bytesEnd - this.#bytesBefore(first) > limits.historyBytesMax) first += 1;
    if (first === this.#first) return;
    this.#evictedThrough = this.#zxidAt(first - 1);
    while (first < this.#end && this.#zxidAt(first) === this.#evictedThrough) first += 1;
    this.#letGo(first);
    this.#first = first;
  }

  /** Everything after `zxid`, oldest first; `'compacted'` if some of it is gone. */
  after(zxid: number): readonly Transaction[] | 'compacted' {
    if (zxid < this.#evictedThrough) return 'compacted';
    let low = this.#first;
    let high = this.#end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#zxidAt(middle) <= zxid) low = middle + 1;
      else high = middle;
    }
    return this.#transactionsFrom(low);
  }

  /** All of it. The answer is a copy: later commands do not disturb it. */
  all(): readonly Transaction[] {
    return this.#transactionsFrom(this.#first);
  }

  /** A snapshot's beginning: what was evicted before it was taken. */
  restore(evictedThrough: number): void {
    invariant(this.#end === this.#first, 'only an empty history is restored');
    this.#evictedThrough = evictedThrough;
  }

  /** Sum of the hashes of all changes; costs what is new since the last call. */
  lanes(): Lanes {
    const start = Math.max(this.#first, this.#hashedEnd);
    this.#fetch(start);
    for (let position = start; position < this.#end; position += 1) {
      const chunk = this.#chunkAt(position);
      const place = 2 * this.#placeAt(position);
      const change = this.#changeAt(position);
      chunk.sums ??= new Int32Array(2 * chunkSize);
      chunk.sums[place] = this.#low;
      chunk.sums[place + 1] = this.#high;
      this.#low = (this.#low + hashChange(this.#zxidAt(position), change, lowLane)) | 0;
      this.#high = (this.#high + hashChange(this.#zxidAt(position), change, highLane)) | 0;
    }
    this.#hashedEnd = this.#end;
    if (this.#first === this.#end) return { low: 0, high: 0 };
    const { sums } = this.#chunkAt(this.#first);
    const place = 2 * this.#placeAt(this.#first);
    return { low: (this.#low - (sums?.[place] ?? 0)) | 0, high: (this.#high - (sums?.[place + 1] ?? 0)) | 0 };
  }

  validate(limits: HistoryLimits): void {
    const lanes = this.lanes();
    let changesCount = 0;
    let byteCount = 0;
    let low = 0;
    let high = 0;
    let previous = this.#evictedThrough;
    for (const { zxid, changes } of this.all()) {
      invariant(zxid > previous, 'zxids of the history grow', { zxid, previous });
      previous = zxid;
      for (const change of changes) {
        changesCount += 1;
        byteCount += bytesOf(change.before) + bytesOf(change.after);
        low = (low + hashChange(zxid, change, lowLane)) | 0;
        high = (high + hashChange(zxid, change, highLane)) | 0;
      }
    }
    invariant(changesCount === this.#end - this.#first, 'the history counts its changes', { changesCount });
    invariant(byteCount === this.#bytesEnd - this.#bytesBefore(this.#first), 'the history counts its bytes', {
      byteCount,
    });
    invariant(changesCount <= limits.historyChangesMax, 'the history keeps to its changes limit');
    invariant(byteCount <= limits.historyBytesMax, 'the history keeps to its bytes limit');
    invariant(low === lanes.low && high === lanes.high, 'the hash of the history is the sum of its parts');
  }

  /** Of the chunks before `first`, and of the records in its own that keep many bytes. */
  #letGo(first: number): void {
    while (first - this.#base >= chunkSize) {
      this.#chunks.shift();
      this.#base += chunkSize;
    }
    if (first === this.#base || this.#bytesBefore(first) - this.#bytesBefore(this.#base) <= lingeringBytesMax)
      return;
    const chunk = this.#chunkAt(first);
    const start = this.#placeAt(Math.max(this.#first, this.#base));
    const end = this.#placeAt(first);
    chunk.befores.fill(undefined, start, end);
    chunk.afters.fill(undefined, start, end);
  }

  #begin(): Chunk {
    const chunk = new Chunk();
    this.#chunks.push(chunk);
    return chunk;
  }

  #chunkAt(position: number): Chunk {
    const chunk = this.#chunks[(position - this.#base) >> chunkBits];
    invariant(chunk !== undefined, 'each change has a chunk');
    return chunk;
  }

  #placeAt(position: number): number {
    return (position - this.#base) & (chunkSize - 1);
  }

  #zxidAt(position: number): number {
    return this.#chunkAt(position).numbers[2 * this.#placeAt(position)] ?? 0;
  }

  /** Bytes of all changes before this position. */
  #bytesBefore(position: number): number {
    if (position === this.#end) return this.#bytesEnd;
    return this.#chunkAt(position).numbers[2 * this.#placeAt(position) + 1] ?? 0;
  }

  /** Brings near what the hashes of the changes from `start` on are made of. */
  #fetch(start: number): void {
    for (let position = start; position < this.#end; ) {
      const chunk = this.#chunkAt(position);
      const place = this.#placeAt(position);
      const range = { start: place, end: Math.min(chunkSize, place + this.#end - position) };
      this.touched ^= fetchChanged(chunk.befores, range) ^ fetchChanged(chunk.afters, range);
      position += range.end - range.start;
    }
  }

  #transactionsFrom(start: number): readonly Transaction[] {
    const transactions: Transaction[] = [];
    let changes: Change[] = [];
    for (let position = start; position < this.#end; position += 1) {
      const zxid = this.#zxidAt(position);
      const change = this.#changeAt(position);
      if (position === start || zxid !== this.#zxidAt(position - 1)) {
        changes = [change];
        transactions.push({ zxid, changes });
      } else changes.push(change);
    }
    return transactions;
  }

  #changeAt(position: number): Change {
    const chunk = this.#chunkAt(position);
    const place = this.#placeAt(position);
    return changeOf(chunk.befores[place], chunk.afters[place]);
  }
}

/** The encoded value that a side of a change keeps alive; the measure of `historyBytesMax`. */
function bytesOf(record: ZnodeRecord | undefined): number {
  return record === undefined ? 0 : record.end - record.start;
}
