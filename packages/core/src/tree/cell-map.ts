/**
 * All cells by path.
 *
 * A tree of a million znodes lies far from the processor, and what a lookup waits for is memory. So the index is
 * not a JavaScript Map, which touches the key of each entry that it passes: it compares whole hashes, with the cells
 * and their paths beside them, and touches one cell at most, nearly always. Its steps can also be taken for many paths at a time
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

/** A power of two: a million znodes make shards of 8,192 places, which are copied within a millisecond. */
const shardCount = 256;
/** Entries of an index in one piece; to cut it takes as long as to make it twice as long. */
const wholeMax = 8_192;
const shardBits = 8;
/** Of a shard at first; a power of two. Less than half of the places are ever taken. */
const placesMin = 8;
const probesMax = 32;
/** Elements of a place. */
const placeLength = 3;

interface Shard {
  /**
   * Three elements a place: the hash, the cell, and the path of the cell; the last two are undefined in a free place. In
   * one list, because in a large tree each list is another page of memory for the processor to find; and with the path,
   * so that a cell and the characters of its path can be fetched at one time.
   */
  places: (number | Cell | string | undefined)[];
  /** One less than there are places, which is a power of two. */
  mask: number;
  count: number;
}

/** What a place holds. */
interface Entry {
  readonly hash: number;
  readonly cell: Cell;
  readonly path: string;
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
    const { places, mask } = this.#shard(hash);
    for (let at = homeOf(hash, mask), probes = 0; probes < probesMax; probes += 1) {
      const cell = cellAt(places, at);
      if (cell === undefined) break;
      if (hashAt(places, at) === hash && pathAt(places, at) === path) return cell;
      at = (at + 1) & mask;
    }
    return this.#crowded.size === 0 ? undefined : this.#crowded.get(path);
  }

  /** The cell whose path these bytes are; paths with other characters than ASCII are not found this way. */
  getByBytes(bytes: DataView, start: number, end: number): Cell | undefined {
    const hash = bytesLookupHash(bytes, start, end);
    const { places, mask } = this.#shard(hash);
    for (let at = homeOf(hash, mask), probes = 0; probes < probesMax; probes += 1) {
      const cell = cellAt(places, at);
      if (cell === undefined) return undefined;
      if (hashAt(places, at) === hash && this.#hasPath(cell, bytes, start, end)) return cell;
      at = (at + 1) & mask;
    }
    return undefined;
  }

  /** Whether a cell is here now, and these bytes are its path. */
  isAt(cell: Cell, bytes: DataView, start: number, end: number): boolean {
    return cell.number !== noNumber && this.#hasPath(cell, bytes, start, end);
  }

  /** The first cell whose path has this hash. It touches no cell. */
  candidate(hash: number): Cell | undefined {
    const { places, mask } = this.#shard(hash);
    for (let at = homeOf(hash, mask), probes = 0; probes < probesMax; probes += 1) {
      const cell = cellAt(places, at);
      if (cell === undefined || hashAt(places, at) === hash) return cell;
      at = (at + 1) & mask;
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
    const { path } = cell;
    this.#enter({ hash: textLookupHash(path), cell, path });
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

  #hasPath(cell: Cell, bytes: DataView, start: number, end: number): boolean {
    const verdict = this.#slots.compare(cell.number, bytes, start, end);
    return verdict === 'unknown' ? isTextOf(cell.path, bytes, start, end) : verdict === 'same';
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
    const { places, mask } = shard;
    let at = homeOf(hash, mask);
    while (cellAt(places, at) !== undefined && (hashAt(places, at) !== hash || pathAt(places, at) !== path)) {
      at = (at + 1) & mask;
    }
    const cell = cellAt(places, at);
    invariant(cell !== undefined, 'a cell that is deleted is there', { path });
    closeGap(shard, at);
    shard.count -= 1;
    return cell;
  }

  #enter(entry: Entry): void {
    const shard = this.#shard(entry.hash);
    if (2 * shard.count > shard.mask) this.#grow(shard);
    this.#place(shard, entry);
  }

  #place(shard: Shard, entry: Entry): void {
    const at = freePlace(shard, entry.hash);
    if (at === undefined) {
      this.#crowded.set(entry.path, entry.cell);
      return;
    }
    put(shard.places, at, entry);
    shard.count += 1;
  }

  #grow(shard: Shard): void {
    const { places } = shard;
    Object.assign(shard, newShard(2 * (shard.mask + 1)));
    for (const entry of entriesOf(places)) this.#place(shard, entry);
  }

  /** Makes of the one shard many. */
  #cut(): void {
    const { places } = this.#shard(0);
    this.#shards = Array.from({ length: shardCount }, () => newShard(placesMin));
    for (const entry of entriesOf(places)) this.#enter(entry);
  }

  #shard(hash: number): Shard {
    const shard = this.#shards[hash & (this.#shards.length - 1)];
    invariant(shard !== undefined, 'a shard index is within bounds');
    return shard;
  }
}

function newShard(placesCount: number): Shard {
  let places: Shard['places'] = [0, undefined, undefined];
  // One element after the other takes three times as long (Node 20).
  while (places.length < placeLength * placesCount) places = places.concat(places);
  return { places, mask: placesCount - 1, count: 0 };
}

function hashAt(places: Shard['places'], at: number): number {
  return places[placeLength * at] as number;
}

function cellAt(places: Shard['places'], at: number): Cell | undefined {
  return places[placeLength * at + 1] as Cell | undefined;
}

function pathAt(places: Shard['places'], at: number): string | undefined {
  return places[placeLength * at + 2] as string | undefined;
}

function put(places: Shard['places'], at: number, { hash, cell, path }: Entry): void {
  places[placeLength * at] = hash;
  places[placeLength * at + 1] = cell;
  places[placeLength * at + 2] = path;
}

/** What the place holds. It does not touch the cell, nor its path. */
function entryAt(places: Shard['places'], at: number): Entry | undefined {
  const cell = cellAt(places, at);
  const path = pathAt(places, at);
  return cell === undefined || path === undefined ? undefined : { hash: hashAt(places, at), cell, path };
}

function* entriesOf(places: Shard['places']): Generator<Entry, void, undefined> {
  for (let at = 0; at < places.length / placeLength; at += 1) {
    const entry = entryAt(places, at);
    if (entry !== undefined) yield entry;
  }
}

/** A hash's own place. */
function homeOf(hash: number, mask: number): number {
  return (hash >>> shardBits) & mask;
}

/** A free place near to a hash's own, if there is one. */
function freePlace({ places, mask }: Shard, hash: number): number | undefined {
  let at = homeOf(hash, mask);
  for (let probes = 0; probes < probesMax; probes += 1) {
    if (cellAt(places, at) === undefined) return at;
    at = (at + 1) & mask;
  }
  return undefined;
}

/** Takes the entry at `gap` out: later ones that would no longer be found move up. */
function closeGap({ places, mask }: Shard, gap: number): void {
  let hole = gap;
  let at = (gap + 1) & mask;
  for (let entry = entryAt(places, at); entry !== undefined; entry = entryAt(places, at)) {
    // How far it lies from its own place, and from the hole.
    if (((at - homeOf(entry.hash, mask)) & mask) >= ((at - hole) & mask)) {
      put(places, hole, entry);
      hole = at;
    }
    at = (at + 1) & mask;
  }
  places[placeLength * hole + 1] = undefined;
  places[placeLength * hole + 2] = undefined;
}
