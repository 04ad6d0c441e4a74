/**
 * What the writes of one batch will touch, fetched for all of them at a time.
 *
 * In a tree of a million znodes a write waits for memory: the index, the cell, its record, its path lie each
 * somewhere else, and each is known only when the one before has come. But the writes of a batch do not wait for
 * each other: here every step is made for all of them before the next one, so that the processor has many of them
 * under way at a time. Whoever decodes the batch is then told the cell of each path without asking the index again.
 * A small tree is near anyway: there nothing is done.
 *
 * It is a hint and decides nothing: an answer is given only if it is what a lookup would give.
 */
import { type BatchRange, findPaths } from '../codec/batch.ts';
import { bytesLookupHash } from '../codec/text-hash.ts';
import type { Cell } from './cell.ts';
import type { CellMap } from './cell-map.ts';
import { fetchRecords } from './fetch.ts';

/** Writes of one batch that are looked ahead to: what they touch fits the caches near the processor. */
const countMax = 512;

export class Lookahead {
  readonly #map: CellMap;
  #count = 0;
  /** Where the paths of the commands lie, in their order. */
  readonly #starts = new Int32Array(countMax);
  readonly #ends = new Int32Array(countMax);
  readonly #hashes = new Int32Array(countMax);
  /** Full length from the beginning, as arrays with holes are slow. */
  readonly #cells: (Cell | undefined)[] = Array.from({ length: countMax }, () => undefined);
  /** The next path to be taken. */
  #next = 0;
  /** Means nothing: see fetch.ts. */
  touched = 0;

  constructor(map: CellMap) {
    this.#map = map;
  }

  /** To be called before a batch is decoded and applied; what is left of the one before is forgotten. */
  prepare(bytes: Uint8Array, range: BatchRange): void {
    this.#next = 0;
    this.#count = 0;
    if (this.#map.isSmall) return;
    this.#count = findPaths(bytes, range, { starts: this.#starts, ends: this.#ends });
    this.#hashPaths(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
    this.#findCells();
    this.touched ^= fetchRecords(this.#cells, this.#count) ^ this.#fetchMoments();
    this.touched ^= this.#map.touchPaths(this.#cells, this.#count);
  }

  /** Nothing was found ahead: there is nothing to take. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /**
   * The cell whose path lies here, if it was found ahead and is still there. Asked for one path after the other, of the
   * batch that was prepared; the bytes decide in any case.
   */
  take(bytes: DataView, start: number, end: number): Cell | undefined {
    // What was applied before is not decoded again: its paths are passed over.
    while (this.#next < this.#count && (this.#starts[this.#next] ?? 0) < start) this.#next += 1;
    if (this.#next >= this.#count || this.#starts[this.#next] !== start) return undefined;
    const cell = this.#cells[this.#next];
    this.#next += 1;
    // Two paths may have one hash, and the cell may have left since.
    return cell !== undefined && this.#map.isAt(cell, bytes, start, end) ? cell : undefined;
  }

  #hashPaths(bytes: DataView): void {
    for (let at = 0; at < this.#count; at += 1) {
      this.#hashes[at] = bytesLookupHash(bytes, this.#starts[at] ?? 0, this.#ends[at] ?? 0);
    }
  }

  #findCells(): void {
    for (let at = 0; at < this.#count; at += 1) {
      this.#cells[at] = this.#map.candidate(this.#hashes[at] ?? 0);
    }
  }

  #fetchMoments(): number {
    let touched = 0;
    for (let at = 0; at < this.#count; at += 1) touched ^= this.#cells[at]?.created.wallMs ?? 0;
    return touched;
  }
}
