/**
 * What the writes of one batch will touch, fetched for all of them at a time.
 *
 * In a tree of a million znodes a write waits for memory: the index, the cell, its record, its path lie each
 * somewhere else, and each is known only when the one before has come. But the writes of a batch do not wait for
 * each other: here every step is made for all of them before the next one, so that the processor has many of them
 * under way at a time. What is found is kept for those who decode and apply the batch, who then ask for nothing twice.
 *
 * It is a hint and decides nothing: an answer is given only if it is what a lookup would give.
 */
import { type BatchRange, findPaths } from '../codec/batch.ts';
import type { KnownTexts } from '../codec/known-texts.ts';
import { bytesLookupHash, isTextOf } from '../codec/text-hash.ts';
import type { Cell } from './cell.ts';
import type { CellMap } from './cell-map.ts';
import { fetchRecords } from './fetch.ts';

/** Writes of one batch that are looked ahead to: what they touch fits the caches near the processor. */
const countMax = 512;
/** Znodes of a tree that is near the processor anyway: some megabytes. */
const nearMax = 8_192;

export class Lookahead implements KnownTexts {
  readonly #map: CellMap;
  #bytes: Uint8Array | undefined = undefined;
  #count = 0;
  readonly #starts = new Int32Array(countMax);
  readonly #ends = new Int32Array(countMax);
  /** Hashes at first, then numbers of cells; -1 for none. */
  readonly #numbers = new Int32Array(countMax);
  /** Full length from the beginning, as arrays with holes are slow. */
  readonly #cells: (Cell | undefined)[] = Array.from({ length: countMax }, () => undefined);
  /** The next path to be decoded, and the next cell to be taken. */
  #decoding = 0;
  #taking = 0;
  /** Means nothing: see fetch.ts. */
  touched = 0;

  constructor(map: CellMap) {
    this.#map = map;
  }

  /** To be called before a batch is decoded and applied; what is left of the one before is forgotten. */
  prepare(bytes: Uint8Array, range: BatchRange): void {
    this.#bytes = bytes;
    this.#count = findPaths(bytes, range, { starts: this.#starts, ends: this.#ends });
    this.#decoding = 0;
    this.#taking = 0;
    this.#hashPaths(bytes);
    this.#findNumbers();
    this.#findCells();
    if (this.#map.size > nearMax) {
      this.touched ^= fetchRecords(this.#cells, this.#count) ^ this.#fetchMoments();
    }
    this.#comparePaths(bytes);
  }

  find(bytes: Uint8Array, start: number, end: number): string | undefined {
    const at = this.#decoding;
    if (at >= this.#count || bytes !== this.#bytes || this.#starts[at] !== start || this.#ends[at] !== end) {
      return this.#map.getByBytes(bytes, start, end)?.path;
    }
    this.#decoding = at + 1;
    return this.#cells[at]?.path;
  }

  /** The cell at a path, if it is the next one that this batch was found to ask for. */
  take(path: string): Cell | undefined {
    for (; this.#taking < this.#count; this.#taking += 1) {
      const cell = this.#cells[this.#taking];
      if (cell === undefined) continue;
      if (cell.path !== path) return undefined;
      this.#taking += 1;
      return cell;
    }
    return undefined;
  }

  /** A cell leaves the tree, and its number may soon be that of another: what was found is not to be taken. */
  forget(): void {
    this.#taking = this.#count;
    this.#decoding = this.#count;
  }

  #hashPaths(bytes: Uint8Array): void {
    for (let at = 0; at < this.#count; at += 1) {
      this.#numbers[at] = bytesLookupHash(bytes, this.#starts[at] ?? 0, this.#ends[at] ?? 0);
    }
  }

  #findNumbers(): void {
    for (let at = 0; at < this.#count; at += 1) {
      this.#numbers[at] = this.#map.candidate(this.#numbers[at] ?? 0);
    }
  }

  #findCells(): void {
    for (let at = 0; at < this.#count; at += 1) {
      const number = this.#numbers[at] ?? 0;
      this.#cells[at] = number < 0 ? undefined : this.#map.at(number);
    }
  }

  #fetchMoments(): number {
    let touched = 0;
    for (let at = 0; at < this.#count; at += 1) touched ^= this.#cells[at]?.record.ctime ?? 0;
    return touched;
  }

  /** Leaves only what is right; two paths with one hash are rare, and are found when they are asked for. */
  #comparePaths(bytes: Uint8Array): void {
    for (let at = 0; at < this.#count; at += 1) {
      const cell = this.#cells[at];
      if (cell === undefined) continue;
      if (!isTextOf(cell.path, bytes, this.#starts[at] ?? 0, this.#ends[at] ?? 0))
        this.#cells[at] = undefined;
    }
  }
}
