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

/**
 * A free place has no cell. Two lists, so that hash and cell are fetched at one time, each wherever it lies. The number
 * of the cell is beside the hash, so that its path (path-slots.ts) and the cell itself are fetched at one time, too.
 */
interface Shard {
  /** Two a place: the hash, and the number. */
  entries: Int32Array;
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
    const { entries, cells } = this.#shard(hash);
    for (let at = homeOf(hash, cells), probes = 0; probes < probesMax; probes += 1) {
      const cell = cells[at];
      if (cell === undefined) break;
      if (entries[2 * at] === hash && cell.path === path) return cell;
      at = nextOf(at, cells);
    }
    return this.#crowded.size === 0 ? undefined : this.#crowded.get(path);
  }

  /** The cell whose path these bytes are; paths with other characters than ASCII are not found this way. */
  getByBytes(bytes: DataView, start: number, end: number): Cell | undefined {
    const hash = bytesLookupHash(bytes, start, end);
    const { entries, cells } = this.#shard(hash);
    for (let at = homeOf(hash, cells), probes = 0; probes < probesMax; probes += 1) {
      const cell = cells[at];
      if (cell === undefined) return undefined;
      if (entries[2 * at] === hash) {
        const verdict = this.#slots.compare(entries[2 * at + 1] ?? 0, bytes, start, end);
        if (verdict === 'unknown' ? isTextOf(cell.path, bytes, start, end) : verdict === 'same') return cell;
      }
      at = nextOf(at, cells);
    }
    return undefined;
  }

  /** Whether a cell is here now, and these bytes are its path. */
  isAt(cell: Cell, bytes: DataView, start: number, end: number): boolean {
    if (cell.number === noNumber) return false;
    const verdict = this.#slots.compare(cell.number, bytes, start, end);
    return verdict === 'unknown' ? isTextOf(cell.path, bytes, start, end) : verdict === 'same';
  }

  /** The first cell whose path has this hash. It touches no cell. */
  candidate(hash: number): Cell | undefined {
    const { entries, cells } = this.#shard(hash);
    for (let at = homeOf(hash, cells), probes = 0; probes < probesMax; probes += 1) {
      const cell = cells[at];
      if (cell === undefined || entries[2 * at] === hash) return cell;
      at = nextOf(at, cells);
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
      if (cell !== undefined && cell.number !== noNumber) touched ^= this.#slots.touch(cell.number);
    }
    return touched;
  }

  /** Adds a cell at a path that is free. */
  add(cell: Cell): void {
    invariant(this.get(cell.path) === undefined, 'a cell is added at a free path', { path: cell.path });
    if (this.size === wholeMax && this.#shards.length === 1) this.#cut();
    this.#list.add(cell);
    this.#slots.fill(cell.number, cell.path);
    this.#enter(textLookupHash(cell.path), cell.number, cell);
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
    const { entries, cells } = shard;
    let at = homeOf(hash, cells);
    let cell = cells[at];
    while (cell !== undefined && (entries[2 * at] !== hash || cell.path !== path)) {
      at = nextOf(at, cells);
      cell = cells[at];
    }
    invariant(cell !== undefined, 'a cell that is deleted is there', { path });
    closeGap(shard, at);
    shard.count -= 1;
    return cell;
  }

  /** Its number is handed in, because to ask the cell would bring it near for nothing. */
  #enter(hash: number, number: number, cell: Cell): void {
    const shard = this.#shard(hash);
    if (2 * (shard.count + 1) > shard.cells.length) this.#grow(shard);
    this.#place(shard, hash, number, cell);
  }

  #place(shard: Shard, hash: number, number: number, cell: Cell): void {
    const at = freePlace(shard, hash);
    if (at === undefined) {
      this.#crowded.set(cell.path, cell);
      return;
    }
    shard.entries[2 * at] = hash;
    shard.entries[2 * at + 1] = number;
    shard.cells[at] = cell;
    shard.count += 1;
  }

  #grow(shard: Shard): void {
    const { entries, cells } = shard;
    Object.assign(shard, newShard(2 * cells.length));
    for (const [at, cell] of cells.entries()) {
      if (cell !== undefined) this.#place(shard, entries[2 * at] ?? 0, entries[2 * at + 1] ?? 0, cell);
    }
  }

  /** Makes of the one shard many. */
  #cut(): void {
    const { entries, cells } = this.#shard(0);
    this.#shards = Array.from({ length: shardCount }, () => newShard(placesMin));
    for (const [at, cell] of cells.entries()) {
      if (cell !== undefined) this.#enter(entries[2 * at] ?? 0, entries[2 * at + 1] ?? 0, cell);
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
  return { entries: new Int32Array(2 * placesCount), cells, count: 0 };
}

/** A hash's own place. */
function homeOf(hash: number, cells: Shard['cells']): number {
  return (hash >>> shardBits) & (cells.length - 1);
}

function nextOf(at: number, cells: Shard['cells']): number {
  return (at + 1) & (cells.length - 1);
}

/** A free place near to a hash's own, if there is one. */
function freePlace({ cells }: Shard, hash: number): number | undefined {
  let at = homeOf(hash, cells);
  for (let probes = 0; probes < probesMax; probes += 1) {
    if (cells[at] === undefined) return at;
    at = nextOf(at, cells);
  }
  return undefined;
}

/** Takes the entry at `gap` out: later ones that would no longer be found move up. */
function closeGap({ entries, cells }: Shard, gap: number): void {
  const mask = cells.length - 1;
  let hole = gap;
  for (let at = nextOf(gap, cells); cells[at] !== undefined; at = nextOf(at, cells)) {
    const hash = entries[2 * at] ?? 0;
    // How far it lies from its own place, and from the hole.
    if (((at - homeOf(hash, cells)) & mask) < ((at - hole) & mask)) continue;
    entries[2 * hole] = hash;
    entries[2 * hole + 1] = entries[2 * at + 1] ?? 0;
    cells[hole] = cells[at];
    hole = at;
  }
  cells[hole] = undefined;
}
