/**
 * All cells by path.
 *
 * A tree of a million znodes lies far from the processor, and what a lookup waits for is memory. So the index is
 * not a JavaScript Map, which touches the key of each entry that it passes: it compares whole hashes, with the cells
 * beside them, and touches one cell at most, nearly always. Its steps can also be taken for many paths at a time
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
import type { LanePair } from '../codec/hash.ts';
import { bytesLookupHash, isTextOf, textLookupHash } from '../codec/text-hash.ts';
import { invariant } from '../invariant.ts';
import { type Cell, noNumber } from './cell.ts';
import { type CellCursor, CellList } from './cell-list.ts';
import { PathSlots } from './path-slots.ts';

/** A power of two: a million znodes make shards of 8,192 places, which are copied well within a millisecond. */
const shardCount = 256;
/** Entries of an index in one piece; to cut it takes as long as to make it twice as long. */
const wholeMax = 8_192;
const shardBits = 8;
/** Of a shard at first; a power of two. Less than half of the places are ever taken. */
const placesMin = 8;
const probesMax = 32;

/** A free place has no cell. Two lists, so that hash and cell are fetched at one time, each wherever it lies. */
interface Shard {
  hashes: Int32Array;
  cells: (Cell | undefined)[];
  count: number;
}

export class CellMap {
  /** One, or `shardCount`. */
  #shards: readonly Shard[] = [newShard(placesMin)];
  /** Cells that found no place near to their own. */
  readonly #crowded = new Map<string, Cell>();
  readonly #list = new CellList();
  readonly #slots: PathSlots = new PathSlots();

  get size(): number {
    return this.#list.size;
  }

  /** Few enough to be near the processor: some megabytes. */
  get isSmall(): boolean {
    return this.size <= wholeMax;
  }

  get(path: string): Cell | undefined {
    const hash = textLookupHash(path);
    const { hashes, cells } = this.#shard(hash);
    for (let at = homeOf(hash, hashes), probes = 0; probes < probesMax; probes += 1) {
      const cell = cells[at];
      if (cell === undefined) break;
      if (hashes[at] === hash && cell.path === path) return cell;
      at = nextOf(at, hashes);
    }
    return this.#crowded.size === 0 ? undefined : this.#crowded.get(path);
  }

  /** The cell whose path these bytes are; paths with other characters than ASCII are not found this way. */
  getByBytes(bytes: Uint8Array, start: number, end: number): Cell | undefined {
    const hash = bytesLookupHash(bytes, start, end);
    const { hashes, cells } = this.#shard(hash);
    for (let at = homeOf(hash, hashes), probes = 0; probes < probesMax; probes += 1) {
      const cell = cells[at];
      if (cell === undefined) return undefined;
      if (hashes[at] === hash && this.isAt(cell, bytes, start, end)) return cell;
      at = nextOf(at, hashes);
    }
    return undefined;
  }

  /** Whether a cell is here now, and these bytes are its path. */
  isAt(cell: Cell, bytes: Uint8Array, start: number, end: number): boolean {
    if (cell.number === noNumber) return false;
    const verdict = this.#slots.compare(cell.number, bytes, start, end);
    return verdict === 'unknown' ? isTextOf(cell.path, bytes, start, end) : verdict === 'same';
  }

  /** The first cell whose path has this hash. It touches no cell. */
  candidate(hash: number): Cell | undefined {
    const { hashes, cells } = this.#shard(hash);
    for (let at = homeOf(hash, hashes), probes = 0; probes < probesMax; probes += 1) {
      const cell = cells[at];
      if (cell === undefined || hashes[at] === hash) return cell;
      at = nextOf(at, hashes);
    }
    return undefined;
  }

  /** Both hashes of the path of a cell that is here, for the digest. */
  hashPath(cell: Cell, lanes: LanePair): void {
    this.#slots.hash(cell.number, cell.path, lanes);
  }

  /** Brings near what comparing and hashing the paths of the first `count` cells reads; means nothing (see fetch.ts). */
  touchPaths(cells: readonly (Cell | undefined)[], count: number): number {
    let touched = 0;
    for (let at = 0; at < count; at += 1) {
      const cell = cells[at];
      if (cell !== undefined) touched ^= this.#slots.touch(cell.number);
    }
    return touched;
  }

  /** Adds a cell at a path that is free. */
  add(cell: Cell): void {
    invariant(this.get(cell.path) === undefined, 'a cell is added at a free path', { path: cell.path });
    if (this.size === wholeMax && this.#shards.length === 1) this.#cut();
    this.#list.add(cell);
    this.#slots.fill(cell.number, cell.path);
    this.#enter(textLookupHash(cell.path), cell);
  }

  /** Removes the cell at a path that is taken. */
  delete(path: string): void {
    const cell = this.#takeCrowded(path) ?? this.#takeOut(path);
    this.#slots.clear(cell.number);
    this.#list.remove(cell);
  }

  /** Live: it leaves out what is deleted before it comes by, and may or may not meet what is added meanwhile. */
  cursor(): CellCursor {
    return this.#list.cursor();
  }

  #takeCrowded(path: string): Cell | undefined {
    if (this.#crowded.size === 0) return undefined;
    const cell = this.#crowded.get(path);
    this.#crowded.delete(path);
    return cell;
  }

  #takeOut(path: string): Cell {
    const hash = textLookupHash(path);
    const shard = this.#shard(hash);
    const { hashes, cells } = shard;
    let at = homeOf(hash, hashes);
    let cell = cells[at];
    while (cell !== undefined && (hashes[at] !== hash || cell.path !== path)) {
      at = nextOf(at, hashes);
      cell = cells[at];
    }
    invariant(cell !== undefined, 'a cell that is deleted is there', { path });
    closeGap(shard, at);
    shard.count -= 1;
    return cell;
  }

  #enter(hash: number, cell: Cell): void {
    const shard = this.#shard(hash);
    if (2 * (shard.count + 1) > shard.cells.length) this.#grow(shard);
    this.#place(shard, hash, cell);
  }

  #place(shard: Shard, hash: number, cell: Cell): void {
    if (place(shard, hash, cell)) shard.count += 1;
    else this.#crowded.set(cell.path, cell);
  }

  #grow(shard: Shard): void {
    const { hashes, cells } = shard;
    Object.assign(shard, newShard(2 * cells.length));
    for (const [at, cell] of cells.entries()) {
      if (cell !== undefined) this.#place(shard, hashes[at] ?? 0, cell);
    }
  }

  /** Makes of the one shard many. */
  #cut(): void {
    const { hashes, cells } = this.#shard(0);
    this.#shards = Array.from({ length: shardCount }, () => newShard(placesMin));
    for (const [at, cell] of cells.entries()) {
      if (cell !== undefined) this.#enter(hashes[at] ?? 0, cell);
    }
  }

  #shard(hash: number): Shard {
    const shard = this.#shards[hash & (this.#shards.length - 1)];
    invariant(shard !== undefined, 'a shard index is within bounds');
    return shard;
  }
}

function newShard(placesCount: number): Shard {
  const cells = Array.from({ length: placesCount }, () => undefined);
  return { hashes: new Int32Array(placesCount), cells, count: 0 };
}

/** A hash's own place. */
function homeOf(hash: number, hashes: Int32Array): number {
  return (hash >>> shardBits) & (hashes.length - 1);
}

function nextOf(at: number, hashes: Int32Array): number {
  return (at + 1) & (hashes.length - 1);
}

/** Whether there was a free place near to its own. */
function place({ hashes, cells }: Shard, hash: number, cell: Cell): boolean {
  let at = homeOf(hash, hashes);
  for (let probes = 0; probes < probesMax; probes += 1) {
    if (cells[at] === undefined) {
      hashes[at] = hash;
      cells[at] = cell;
      return true;
    }
    at = nextOf(at, hashes);
  }
  return false;
}

/** Takes the entry at `gap` out: later ones that would no longer be found move up. */
function closeGap({ hashes, cells }: Shard, gap: number): void {
  const mask = hashes.length - 1;
  let hole = gap;
  for (let at = nextOf(gap, hashes); cells[at] !== undefined; at = nextOf(at, hashes)) {
    const hash = hashes[at] ?? 0;
    // How far it lies from its own place, and from the hole.
    if (((at - homeOf(hash, hashes)) & mask) < ((at - hole) & mask)) continue;
    hashes[hole] = hash;
    cells[hole] = cells[at];
    hole = at;
  }
  cells[hole] = undefined;
}
