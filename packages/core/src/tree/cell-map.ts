/**
 * All cells by path, and by number. A cell's number is its place in the list of all cells, from its coming to its
 * leaving; the index leads from the hash of a path to numbers.
 *
 * A tree of a million znodes lies far from the processor, and what a lookup waits for is memory. So the index is
 * not a JavaScript Map, which touches the key of each entry that it passes: it compares whole hashes, side by side
 * with the numbers, and meets one cell at most, nearly always. Its steps can also be taken for many paths at a time
 * (lookahead.ts), and by the bytes of a path as well as by its string.
 *
 * Open addressing with linear probing. The index of a large tree is cut into shards by the hash, because to make one for
 * a million entries twice as long would stop its owner for tens of milliseconds; that of a small one is in one piece,
 * which is nearer to the processor than many small ones. Whoever chooses paths so that their hashes
 * collide gains nothing: what finds no place near to its own goes to a Map, whose hashes nobody can foresee.
 *
 * Invariants: an entry lies at most `probesMax` places after its own, with no free place between; each cell is in
 * the index or in `#crowded`, never in both.
 */
import { bytesLookupHash, isTextOf, textLookupHash } from '../codec/text-hash.ts';
import { invariant } from '../invariant.ts';
import type { Cell } from './cell.ts';
import { PathSlots } from './path-slots.ts';

/** A power of two: a million znodes make shards of 8,192 places, which are copied well within a millisecond. */
const shardCount = 256;
/** Entries of an index in one piece; to cut it takes as long as to make it twice as long. */
const wholeMax = 8_192;
const shardBits = 8;
/** Of a shard at first; a power of two. Less than half of the places are ever taken. */
const placesMin = 8;
const probesMax = 32;
/** Cells of one block of the list: growing the list copies nothing but the list of blocks. */
const blockBits = 10;
const blockMask = (1 << blockBits) - 1;

/** Two words a place: the hash, and the number plus 1; 0 is a free place. */
interface Shard {
  words: Int32Array;
  count: number;
}

export class CellMap {
  /** One, or `shardCount`. */
  #shards: readonly Shard[] = [newShard()];
  /** Numbers by path, of cells that found no place near to their own. */
  readonly #crowded = new Map<string, number>();
  readonly #blocks: (Cell | undefined)[][] = [];
  readonly #slots: PathSlots = new PathSlots();
  readonly #freeNumbers: number[] = [];
  /** Above all numbers that were ever given. */
  #end = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(path: string): Cell | undefined {
    const hash = textLookupHash(path);
    const words = this.#wordsOf(hash);
    for (let at = homeOf(hash, words), probes = 0; probes < probesMax; probes += 1) {
      const number = (words[at + 1] ?? 0) - 1;
      if (number < 0) break;
      if (words[at] === hash) {
        const cell = this.at(number);
        if (cell?.path === path) return cell;
      }
      at = nextOf(at, words);
    }
    if (this.#crowded.size === 0) return undefined;
    const number = this.#crowded.get(path);
    return number === undefined ? undefined : this.at(number);
  }

  /** The cell whose path these bytes are; paths with other characters than ASCII are not found this way. */
  getByBytes(bytes: Uint8Array, start: number, end: number): Cell | undefined {
    const hash = bytesLookupHash(bytes, start, end);
    const words = this.#wordsOf(hash);
    for (let at = homeOf(hash, words), probes = 0; probes < probesMax; probes += 1) {
      const number = (words[at + 1] ?? 0) - 1;
      if (number < 0) return undefined;
      if (words[at] === hash) {
        const cell = this.atByBytes(number, bytes, start, end);
        if (cell !== undefined) return cell;
      }
      at = nextOf(at, words);
    }
    return undefined;
  }

  /** The cell with a number, if these bytes are its path. */
  atByBytes(number: number, bytes: Uint8Array, start: number, end: number): Cell | undefined {
    const verdict = this.#slots.compare(number, bytes, start, end);
    if (verdict === 'same') return this.at(number);
    if (verdict === 'other') return undefined;
    const cell = this.at(number);
    return cell !== undefined && isTextOf(cell.path, bytes, start, end) ? cell : undefined;
  }

  /** The number of the first cell whose path has this hash, or -1. It touches no cell. */
  candidate(hash: number): number {
    const words = this.#wordsOf(hash);
    for (let at = homeOf(hash, words), probes = 0; probes < probesMax; probes += 1) {
      const number = (words[at + 1] ?? 0) - 1;
      if (number < 0 || words[at] === hash) return number;
      at = nextOf(at, words);
    }
    return -1;
  }

  /** Brings near what comparing bytes with the path of this cell reads; means nothing (see fetch.ts). */
  touchPath(number: number): number {
    return this.#slots.touch(number);
  }

  /** The cell with a number, if there is one now. */
  at(number: number): Cell | undefined {
    return this.#blocks[number >> blockBits]?.[number & blockMask];
  }

  /** Adds a cell at a path that is free. */
  add(cell: Cell): void {
    invariant(this.get(cell.path) === undefined, 'a cell is added at a free path', { path: cell.path });
    const number = this.#freeNumbers.pop() ?? this.#newNumber();
    this.#block(number)[number & blockMask] = cell;
    this.#slots.fill(number, cell.path);
    if (this.#size === wholeMax && this.#shards.length === 1) this.#cut();
    this.#enter(textLookupHash(cell.path), number);
    this.#size += 1;
  }

  /** Removes the cell at a path that is taken. */
  delete(path: string): void {
    const crowded = this.#crowded.size === 0 ? undefined : this.#crowded.get(path);
    if (crowded !== undefined) this.#crowded.delete(path);
    const number = crowded ?? this.#takeOut(path);
    this.#block(number)[number & blockMask] = undefined;
    this.#slots.clear(number);
    this.#freeNumbers.push(number);
    this.#size -= 1;
  }

  /** Live: it leaves out what is deleted before it comes by, and may or may not meet what is added meanwhile. */
  cursor(): CellCursor {
    return new CellCursor(this);
  }

  /** Above the numbers of all cells. */
  get end(): number {
    return this.#end;
  }

  #takeOut(path: string): number {
    const hash = textLookupHash(path);
    const shard = this.#shard(hash);
    const { words } = shard;
    let at = homeOf(hash, words);
    let number = (words[at + 1] ?? 0) - 1;
    while (number >= 0 && (words[at] !== hash || this.at(number)?.path !== path)) {
      at = nextOf(at, words);
      number = (words[at + 1] ?? 0) - 1;
    }
    invariant(number >= 0, 'a cell that is deleted is there', { path });
    closeGap(words, at);
    shard.count -= 1;
    return number;
  }

  #newNumber(): number {
    const number = this.#end;
    this.#end += 1;
    // Full length from the beginning, as arrays with holes are slow.
    if ((number & blockMask) === 0) {
      this.#blocks.push(Array.from({ length: blockMask + 1 }, () => undefined));
    }
    return number;
  }

  #enter(hash: number, number: number): void {
    const shard = this.#shard(hash);
    if (4 * (shard.count + 1) > shard.words.length) this.#grow(shard);
    if (place(shard.words, hash, number)) shard.count += 1;
    else this.#crowd(number);
  }

  #crowd(number: number): void {
    const cell = this.at(number);
    invariant(cell !== undefined, 'an entry of the index has its cell');
    this.#crowded.set(cell.path, number);
  }

  #grow(shard: Shard): void {
    const from = shard.words;
    shard.words = new Int32Array(2 * from.length);
    for (let at = 0; at < from.length; at += 2) {
      const number = (from[at + 1] ?? 0) - 1;
      if (number < 0 || place(shard.words, from[at] ?? 0, number)) continue;
      this.#crowd(number);
      shard.count -= 1;
    }
  }

  /** Makes of the one shard many. */
  #cut(): void {
    const from = this.#wordsOf(0);
    this.#shards = Array.from({ length: shardCount }, newShard);
    for (let at = 0; at < from.length; at += 2) {
      const number = (from[at + 1] ?? 0) - 1;
      if (number >= 0) this.#enter(from[at] ?? 0, number);
    }
  }

  #wordsOf(hash: number): Int32Array {
    return this.#shard(hash).words;
  }

  #shard(hash: number): Shard {
    const shard = this.#shards[hash & (this.#shards.length - 1)];
    invariant(shard !== undefined, 'a shard index is within bounds');
    return shard;
  }

  #block(number: number): (Cell | undefined)[] {
    const block = this.#blocks[number >> blockBits];
    invariant(block !== undefined, 'a number that was given lies in a block');
    return block;
  }
}

/** Goes once through all cells, in the order of their numbers, which is no useful one. */
export class CellCursor {
  readonly #cells: CellMap;
  #number = 0;

  constructor(cells: CellMap) {
    this.#cells = cells;
  }

  /** The next cell, or undefined at the end. */
  next(): Cell | undefined {
    while (this.#number < this.#cells.end) {
      const cell = this.#cells.at(this.#number);
      this.#number += 1;
      if (cell !== undefined) return cell;
    }
    return undefined;
  }
}

function newShard(): Shard {
  return { words: new Int32Array(2 * placesMin), count: 0 };
}

/** Where the words of a hash's own place begin. */
function homeOf(hash: number, words: Int32Array): number {
  return ((hash >>> shardBits) << 1) & (words.length - 2);
}

function nextOf(at: number, words: Int32Array): number {
  return (at + 2) & (words.length - 2);
}

/** Whether there was a free place near to its own. */
function place(words: Int32Array, hash: number, number: number): boolean {
  let at = homeOf(hash, words);
  for (let probes = 0; probes < probesMax; probes += 1) {
    if (words[at + 1] === 0) {
      words[at] = hash;
      words[at + 1] = number + 1;
      return true;
    }
    at = nextOf(at, words);
  }
  return false;
}

/** Takes the entry at `gap` out: later ones that would no longer be found move up. */
function closeGap(words: Int32Array, gap: number): void {
  const mask = words.length - 2;
  let hole = gap;
  for (let at = nextOf(gap, words); words[at + 1] !== 0; at = nextOf(at, words)) {
    const hash = words[at] ?? 0;
    // How far it lies from its own place, and from the hole.
    if (((at - homeOf(hash, words)) & mask) < ((at - hole) & mask)) continue;
    words[hole] = hash;
    words[hole + 1] = words[at + 1] ?? 0;
    hole = at;
  }
  words[hole] = 0;
  words[hole + 1] = 0;
}
