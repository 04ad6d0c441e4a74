/**
 * Changes in the order in which they were made, in columns of chunks, as the history keeps them (history.ts).
 *
 * It refers to records: what lives as long as the history does costs the garbage collector most, so nothing but the
 * records does; and to write young records into what is old costs it, too, so a new chunk is begun often. Transactions
 * are made again when somebody asks.
 *
 * Bytes and hashes are written down as sums over everything before a change, so that what lies between two changes is
 * a difference: to evict changes means to move on, without a look at each.
 */
import { invariant } from '../invariant.ts';
import { changeOf } from '../tree/change.ts';
import { fetchChanged } from '../tree/fetch.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import type { Change, Transaction } from './contract.ts';

/** Changes of one chunk; a power of two. Under load a chunk is full long before it is old. */
const chunkBits = 8;
const chunkSize = 1 << chunkBits;

/** Bytes of values that may linger before the first change that is wanted; beyond them each is let go at once. */
const lingeringBytesMax = 64 * 1_024;

/** The columns: place by place one change. No typed arrays: to allocate one takes as long as five of these (Node 20). */
class Chunk {
  /** Two numbers a place: the zxid, and the bytes of all changes before. */
  readonly numbers: number[];
  readonly befores: (ZnodeRecord | undefined)[];
  readonly afters: (ZnodeRecord | undefined)[];
  /** Two lanes a place: the sum of the hashes of all changes before, if that is known. */
  sums: number[] | undefined = undefined;

  constructor(
    numbers: number[] = new Array<number>(2 * chunkSize),
    befores: (ZnodeRecord | undefined)[] = new Array<ZnodeRecord | undefined>(chunkSize),
    afters: (ZnodeRecord | undefined)[] = new Array<ZnodeRecord | undefined>(chunkSize),
  ) {
    this.numbers = numbers;
    this.befores = befores;
    this.afters = afters;
  }

  /** What is added to a chunk later disturbs its copies as little as what is let go. */
  copy(): Chunk {
    return new Chunk(this.numbers, this.befores.slice(), this.afters.slice());
  }
}

export class ChangeColumns {
  readonly #chunks: Chunk[];
  /** Positions count up for ever; here begins the first chunk. */
  #base: number;
  #end: number;
  /** Of all changes there ever were. */
  #bytesEnd: number;

  private constructor(chunks: Chunk[], base: number, end: number, bytesEnd: number) {
    this.#chunks = chunks;
    this.#base = base;
    this.#end = end;
    this.#bytesEnd = bytesEnd;
  }

  static empty(): ChangeColumns {
    return new ChangeColumns([], 0, 0, 0);
  }

  /** As it is now; later changes do not disturb it. Sums are not copied. */
  copy(): ChangeColumns {
    const chunks = this.#chunks.map((chunk) => chunk.copy());
    return new ChangeColumns(chunks, this.#base, this.#end, this.#bytesEnd);
  }

  /** The position of the next change. */
  get end(): number {
    return this.#end;
  }

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

  zxidAt(position: number): number {
    return this.#chunkAt(position).numbers[2 * this.#placeAt(position)] ?? 0;
  }

  changeAt(position: number): Change {
    const chunk = this.#chunkAt(position);
    const place = this.#placeAt(position);
    return changeOf(chunk.befores[place], chunk.afters[place]);
  }

  /** Bytes of the values of all changes from this position on. */
  bytesFrom(position: number): number {
    return this.#bytesEnd - this.#bytesBefore(position);
  }

  /** Writes down what the hashes of the changes before this position add up to. */
  setSums(position: number, low: number, high: number): void {
    const chunk = this.#chunkAt(position);
    const place = 2 * this.#placeAt(position);
    chunk.sums ??= new Array<number>(2 * chunkSize);
    chunk.sums[place] = low;
    chunk.sums[place + 1] = high;
  }

  /** What was written down for a position, as `[low, high]`. */
  sumsAt(position: number): readonly [number, number] {
    const { sums } = this.#chunkAt(position);
    const place = 2 * this.#placeAt(position);
    invariant(sums !== undefined, 'sums are asked for where they were written down');
    return [sums[place] ?? 0, sums[place + 1] ?? 0];
  }

  /** The changes from `start` on, by transaction: one made after the other, as they are asked for. */
  *transactions(start: number): Generator<Transaction, void, undefined> {
    let changes: Change[] = [];
    for (let position = start; position < this.#end; position += 1) {
      changes.push(this.changeAt(position));
      const zxid = this.zxidAt(position);
      if (position + 1 < this.#end && this.zxidAt(position + 1) === zxid) continue;
      yield { zxid, changes };
      changes = [];
    }
  }

  /** Nobody asks for the changes before `first` again; those before `from` were let go already. */
  letGo(from: number, first: number): void {
    while (first - this.#base >= chunkSize) {
      this.#chunks.shift();
      this.#base += chunkSize;
    }
    if (first === this.#base) return;
    if (this.#bytesBefore(first) - this.#bytesBefore(this.#base) <= lingeringBytesMax) return;
    const chunk = this.#chunkAt(first);
    const start = this.#placeAt(Math.max(from, this.#base));
    const end = this.#placeAt(first);
    chunk.befores.fill(undefined, start, end);
    chunk.afters.fill(undefined, start, end);
  }

  /** Brings near what the hashes of the changes from `start` to `end` are made of; means nothing (see fetch.ts). */
  touch(start: number, end: number): number {
    let touched = 0;
    for (let position = start; position < end; ) {
      const chunk = this.#chunkAt(position);
      const place = this.#placeAt(position);
      const range = { start: place, end: Math.min(chunkSize, place + end - position) };
      touched ^= fetchChanged(chunk.befores, range) ^ fetchChanged(chunk.afters, range);
      position += range.end - range.start;
    }
    return touched;
  }

  #bytesBefore(position: number): number {
    if (position === this.#end) return this.#bytesEnd;
    return this.#chunkAt(position).numbers[2 * this.#placeAt(position) + 1] ?? 0;
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
}

/** The encoded value that a side of a change keeps alive; the measure of `historyBytesMax`. */
export function bytesOf(record: ZnodeRecord | undefined): number {
  return record === undefined ? 0 : record.end - record.start;
}
