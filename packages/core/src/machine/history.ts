/**
 * The history that lets watches resume: the latest changes, oldest first. It is replicated state: every replica
 * holds the same ones, because only applied commands and the ensemble's limits decide what is evicted.
 *
 * Invariants: zxids never fall; whole transactions are evicted, so none is ever seen in part; `evictedThrough` is
 * the zxid of the last evicted one, and a watcher that has seen everything up to it misses nothing.
 *
 * It is kept in columns of one ring, and refers to records: what lives as long as the history does costs the
 * garbage collector most, so nothing but the records does. Transactions are made again when somebody asks. Hashes
 * are taken when the digest is asked for: under load most changes are evicted before.
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

/** A power of two; the ring doubles when it is full, up to what the limits let it hold. */
const capacityMin = 1_024;

/** The columns: place by place one change. */
class Ring {
  readonly mask: number;
  readonly zxids: Float64Array;
  readonly byteCounts: Int32Array;
  readonly lows: Int32Array;
  readonly highs: Int32Array;
  /** Full length from the beginning, as arrays with holes are slow. */
  readonly befores: (ZnodeRecord | undefined)[];
  readonly afters: (ZnodeRecord | undefined)[];

  constructor(capacity: number) {
    this.mask = capacity - 1;
    this.zxids = new Float64Array(capacity);
    this.byteCounts = new Int32Array(capacity);
    this.lows = new Int32Array(capacity);
    this.highs = new Int32Array(capacity);
    this.befores = Array.from({ length: capacity }, () => undefined);
    this.afters = Array.from({ length: capacity }, () => undefined);
  }

  zxidAt(position: number): number {
    return this.zxids[position & this.mask] ?? 0;
  }
}

export class History {
  #ring = new Ring(capacityMin);
  /** Positions count up for ever; a place in the ring is a position modulo its capacity. */
  #first = 0;
  #end = 0;
  /** Changes from here on are in neither lane yet. Never before `#first` when it is used. */
  #hashedEnd = 0;
  #byteCount = 0;
  /** Means nothing: see fetch.ts. */
  touched = 0;
  #evictedThrough = 0;
  #low = 0;
  #high = 0;

  /** Every change after this zxid is still here: the smallest `from` that a watch can resume with. */
  get evictedThrough(): number {
    return this.#evictedThrough;
  }

  /** Adds one change of a transaction; after the last of them, `trim`. */
  append(zxid: number, before: ZnodeRecord | undefined, after: ZnodeRecord | undefined): void {
    if (this.#end - this.#first > this.#ring.mask) this.#grow();
    const ring = this.#ring;
    const place = this.#end & ring.mask;
    const byteCount = bytesOf(before) + bytesOf(after);
    ring.zxids[place] = zxid;
    ring.byteCounts[place] = byteCount;
    ring.befores[place] = before;
    ring.afters[place] = after;
    this.#end += 1;
    this.#byteCount += byteCount;
  }

  /** Evicts what exceeds the limits; a transaction that exceeds them alone goes too. */
  trim(limits: HistoryLimits): void {
    while (this.#end - this.#first > limits.historyChangesMax || this.#byteCount > limits.historyBytesMax) {
      this.#evictFirst();
    }
  }

  /** Everything after `zxid`, oldest first; `'compacted'` if some of it is gone. */
  after(zxid: number): readonly Transaction[] | 'compacted' {
    if (zxid < this.#evictedThrough) return 'compacted';
    let low = this.#first;
    let high = this.#end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ring.zxidAt(middle) <= zxid) low = middle + 1;
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
    const ring = this.#ring;
    const start = Math.max(this.#first, this.#hashedEnd);
    const range = { start, end: this.#end, mask: ring.mask };
    this.touched ^= fetchChanged(ring.befores, range) ^ fetchChanged(ring.afters, range);
    for (let position = start; position < this.#end; position += 1) {
      const place = position & ring.mask;
      const zxid = ring.zxidAt(position);
      const change = this.#changeAt(position);
      const low = hashChange(zxid, change, lowLane);
      const high = hashChange(zxid, change, highLane);
      ring.lows[place] = low;
      ring.highs[place] = high;
      this.#low = (this.#low + low) | 0;
      this.#high = (this.#high + high) | 0;
    }
    this.#hashedEnd = this.#end;
    return { low: this.#low, high: this.#high };
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
    invariant(byteCount === this.#byteCount, 'the history counts its bytes', { byteCount });
    invariant(changesCount <= limits.historyChangesMax, 'the history keeps to its changes limit');
    invariant(byteCount <= limits.historyBytesMax, 'the history keeps to its bytes limit');
    invariant(low === lanes.low && high === lanes.high, 'the hash of the history is the sum of its parts');
  }

  /** The first transaction, all of its changes. */
  #evictFirst(): void {
    invariant(this.#first < this.#end, 'there is a transaction to evict');
    const ring = this.#ring;
    const zxid = ring.zxidAt(this.#first);
    for (; this.#first < this.#end && ring.zxidAt(this.#first) === zxid; this.#first += 1) {
      const place = this.#first & ring.mask;
      this.#byteCount -= ring.byteCounts[place] ?? 0;
      if (this.#first < this.#hashedEnd) {
        this.#low = (this.#low - (ring.lows[place] ?? 0)) | 0;
        this.#high = (this.#high - (ring.highs[place] ?? 0)) | 0;
      }
      // Lets the records go.
      ring.befores[place] = undefined;
      ring.afters[place] = undefined;
    }
    this.#evictedThrough = zxid;
  }

  #grow(): void {
    const from = this.#ring;
    const to = new Ring(2 * (from.mask + 1));
    for (let position = this.#first; position < this.#end; position += 1) {
      const source = position & from.mask;
      const target = position & to.mask;
      to.zxids[target] = from.zxids[source] ?? 0;
      to.byteCounts[target] = from.byteCounts[source] ?? 0;
      to.lows[target] = from.lows[source] ?? 0;
      to.highs[target] = from.highs[source] ?? 0;
      to.befores[target] = from.befores[source];
      to.afters[target] = from.afters[source];
    }
    this.#ring = to;
  }

  #transactionsFrom(start: number): readonly Transaction[] {
    const transactions: Transaction[] = [];
    let changes: Change[] = [];
    for (let position = start; position < this.#end; position += 1) {
      const zxid = this.#ring.zxidAt(position);
      const change = this.#changeAt(position);
      if (position === start || zxid !== this.#ring.zxidAt(position - 1)) {
        changes = [change];
        transactions.push({ zxid, changes });
      } else changes.push(change);
    }
    return transactions;
  }

  #changeAt(position: number): Change {
    const place = position & this.#ring.mask;
    return changeOf(this.#ring.befores[place], this.#ring.afters[place]);
  }
}

/** The encoded value that a side of a change keeps alive; the measure of `historyBytesMax`. */
function bytesOf(record: ZnodeRecord | undefined): number {
  return record === undefined ? 0 : record.end - record.start;
}
