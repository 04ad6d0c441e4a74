/** Where a search has been: which operations were placed, and the state that gave (Lowe's memoisation). */

/** A set of operations with a hash that costs nothing to keep up to date. */
export class PlacedSet {
  readonly #words: Uint32Array;
  readonly #hashes: Int32Array;
  #hash = 0;

  constructor(size: number) {
    this.#words = new Uint32Array(Math.ceil(size / 32));
    this.#hashes = new Int32Array(size);
    for (let operation = 0; operation < size; operation += 1)
      this.#hashes[operation] = scatter(operation + 1);
  }

  get hash(): number {
    return this.#hash;
  }

  add(operation: number): void {
    this.#flip(operation);
  }

  remove(operation: number): void {
    this.#flip(operation);
  }

  copy(): Uint32Array {
    return this.#words.slice();
  }

  equals(words: Uint32Array): boolean {
    return words.every((word, at) => word === this.#words[at]);
  }

  #flip(operation: number): void {
    const at = operation >>> 5;
    this.#words[at] = (this.#words[at] ?? 0) ^ (1 << (operation & 31));
    this.#hash ^= this.#hashes[operation] ?? 0;
  }
}

/** Hashes only find candidates: sets are compared word by word, so none is ever taken for another one. */
export class VisitedStates {
  readonly #byState = new Map<string, Map<number, Uint32Array[]>>();

  /** False if it has been there before. */
  add(placed: PlacedSet, stateKey: string): boolean {
    let byHash = this.#byState.get(stateKey);
    if (byHash === undefined) {
      byHash = new Map();
      this.#byState.set(stateKey, byHash);
    }
    const sets = byHash.get(placed.hash);
    if (sets === undefined) {
      byHash.set(placed.hash, [placed.copy()]);
      return true;
    }
    if (sets.some((words) => placed.equals(words))) return false;
    sets.push(placed.copy());
    return true;
  }
}

/** Spreads small numbers over 32 bits (finalizer of MurmurHash3). */
function scatter(value: number): number {
  let hash = Math.imul(value, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
