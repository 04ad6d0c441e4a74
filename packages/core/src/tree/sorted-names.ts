/**
 * The names of one znode's children, in the order of their UTF-8 bytes (see path.ts for why `<` is that order).
 *
 * A sorted list of sorted chunks: an insert moves at most one chunk's names and, once in about a hundred inserts,
 * the list of chunks. So a create among 100,000 siblings costs hardly more than one among 100, a page is read
 * without sorting anything, and a child listing never copies the whole set. A B-tree of two levels, with the
 * upper level kept flat: 1,000,000 names are some 10,000 chunks, and moving 10,000 pointers is a memmove of 80 KB
 * once per split.
 *
 * Invariants: no chunk is empty; names ascend strictly within and across chunks; `size` is their number.
 */
import { invariant } from '../invariant.ts';

/** Moving half of it costs about as much as finding the place in it, so neither dominates an insert. */
const chunkNamesMax = 128;

export class SortedNames {
  readonly #chunks: string[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a name that is not there yet. */
  insert(name: string): void {
    const chunks = this.#chunks;
    const lastChunk = chunks[chunks.length - 1];
    if (lastChunk === undefined) {
      chunks.push([name]);
    } else if (nameAt(lastChunk, lastChunk.length - 1) < name) {
      // Sequential names come in order: they fill chunks to the brim and never move a name.
      if (lastChunk.length < chunkNamesMax) lastChunk.push(name);
      else chunks.push([name]);
    } else {
      this.#insertInside(name);
    }
    this.#size += 1;
  }

  /** Removes a name that is there. */
  delete(name: string): void {
    invariant(this.#size > 0, 'a name that is deleted is there', { name });
    const chunkIndex = this.#chunkOf(name);
    const chunk = this.#chunk(chunkIndex);
    const at = lowerBound(chunk, name);
    invariant(chunk[at] === name, 'a name that is deleted is there', { name });
    chunk.splice(at, 1);
    this.#size -= 1;
    if (chunk.length < chunkNamesMax >> 2) this.#mergeWithNext(chunkIndex);
  }

  /** Up to `limit` names after `after` (which need not be there), or from the first one. */
  page(after: string | undefined, limit: number): readonly string[] {
    const page: string[] = [];
    if (this.#size === 0 || limit <= 0) return page;
    let chunkIndex = after === undefined ? 0 : this.#chunkOf(after);
    let at = after === undefined ? 0 : lowerBound(this.#chunk(chunkIndex), after);
    if (after !== undefined && this.#chunk(chunkIndex)[at] === after) at += 1;
    for (; chunkIndex < this.#chunks.length && page.length < limit; chunkIndex += 1) {
      const chunk = this.#chunk(chunkIndex);
      const end = Math.min(chunk.length, at + limit - page.length);
      for (; at < end; at += 1) page.push(nameAt(chunk, at));
      at = 0;
    }
    return page;
  }

  /** The first name after `after`, or the very first; undefined at the end. */
  next(after: string | undefined): string | undefined {
    return this.page(after, 1)[0];
  }

  /** All names in order. They must not change meanwhile. */
  *[Symbol.iterator](): Generator<string, void, undefined> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  validate(): void {
    let size = 0;
    let previous: string | undefined;
    for (const chunk of this.#chunks) {
      invariant(chunk.length > 0, 'no chunk is empty', { size });
      invariant(chunk.length <= chunkNamesMax, 'no chunk is too long', { length: chunk.length });
      for (const name of chunk) {
        invariant(previous === undefined || previous < name, 'names ascend', { previous, name });
        previous = name;
      }
      size += chunk.length;
    }
    invariant(size === this.#size, 'the size is the number of names', { size, counted: this.#size });
  }

  #insertInside(name: string): void {
    const chunks = this.#chunks;
    const chunkIndex = this.#chunkOf(name);
    const chunk = this.#chunk(chunkIndex);
    const at = lowerBound(chunk, name);
    invariant(chunk[at] !== name, 'a name is inserted once', { name });
    chunk.splice(at, 0, name);
    if (chunk.length > chunkNamesMax) chunks.splice(chunkIndex + 1, 0, chunk.splice(chunkNamesMax >> 1));
  }

  /** Index of the last chunk whose first name is not above `name`; 0 when all are above. */
  #chunkOf(name: string): number {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (nameAt(this.#chunk(middle), 0) <= name) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #chunk(index: number): string[] {
    const chunk = this.#chunks[index];
    invariant(chunk !== undefined, 'a chunk index is within bounds');
    return chunk;
  }

  /** Keeps deletes from leaving many small chunks behind; also drops an empty one. */
  #mergeWithNext(chunkIndex: number): void {
    const chunk = this.#chunk(chunkIndex);
    if (chunk.length === 0) {
      this.#chunks.splice(chunkIndex, 1);
      return;
    }
    const next = this.#chunks[chunkIndex + 1];
    if (next === undefined || chunk.length + next.length > chunkNamesMax >> 1) return;
    for (const name of next) chunk.push(name);
    this.#chunks.splice(chunkIndex + 1, 1);
  }
}

function nameAt(chunk: readonly string[], index: number): string {
  const name = chunk[index];
  invariant(name !== undefined, 'a name index is within bounds');
  return name;
}

/** Index of the first name that is not below `name`. */
function lowerBound(chunk: readonly string[], name: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (nameAt(chunk, middle) < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
