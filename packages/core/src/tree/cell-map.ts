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
/** Elements of a place. */
const placeBits = 1;
const placeLength = 1 << placeBits;

interface Shard {
  /**
   * Two elements a place: the hash, and the cell, or undefined in a free place. They are in one list, because in a large
   * tree each list is another page of memory for the processor to find.
   */
  places: (number | Cell | undefined)[];
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
    const { places } = this.#shard(hash);
    for (let at = homeOf(hash, places), probes = 0; probes < probesMax; probes += 1) {
      const cell = cellAt(places, at);
      if (cell === undefined) break;
      if (places[at] === hash && cell.path === path) return cell;
      at = nextOf(at, places);
    }
    return this.#crowded.size === 0 ? undefined : this.#crowded.get(path);
  }

  /** The cell whose path these bytes are; paths with other characters than ASCII are not found this way. */
  getByBytes(bytes: DataView, start: number, end: number): Cell | undefined {
    const hash = bytesLookupHash(bytes, start, end);
    const { places } = this.#shard(hash);
    for (let at = homeOf(hash, places), probes = 0; probes < probesMax; probes += 1) {
      const cell = cellAt(places, at);
      if (cell === undefined) return undefined;
      if (places[at] === hash && this.#hasPath(cell, bytes, start, end)) return cell;
      at = nextOf(at, places);
    }
    return undefined;
  }

  /** Whether a cell is here now, and these bytes are its path. */
  isAt(cell: Cell, bytes: DataView, start: number, end: number): boolean {
    return cell.number !== noNumber && this.#hasPath(cell, bytes, start, end);
  }

  /** The first cell whose path has this hash. It touches no cell. */
  candidate(hash: number): Cell | undefined {
    const { places } = this.#shard(hash);
    for (let at = homeOf(hash, places), probes = 0; probes < probesMax; probes += 1) {
      const cell = cellAt(places, at);
      if (cell === undefined || places[at] === hash) return cell;
      at = nextOf(at, places);
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
    const { places } = shard;
    let at = homeOf(hash, places);
    let cell = cellAt(places, at);
    while (cell !== undefined && (places[at] !== hash || cell.path !== path)) {
      at = nextOf(at, places);
      cell = cellAt(places, at);
    }
    invariant(cell !== undefined, 'a cell that is deleted is there', { path });
    closeGap(places, at);
    shard.count -= 1;
    return cell;
  }

  #enter(hash: number, cell: Cell): void {
    const shard = this.#shard(hash);
    if (placeLength * 2 * (shard.count + 1) > shard.places.length) this.#grow(shard);
    this.#place(shard, hash, cell);
  }

  #place(shard: Shard, hash: number, cell: Cell): void {
    const at = freePlace(shard.places, hash);
    if (at === undefined) {
      this.#crowded.set(cell.path, cell);
      return;
    }
    shard.places[at] = hash;
    shard.places[at + 1] = cell;
    shard.count += 1;
  }

  #grow(shard: Shard): void {
    const { places } = shard;
    Object.assign(shard, newShard((2 * places.length) / placeLength));
    for (const [hash, cell] of entriesOf(places)) this.#place(shard, hash, cell);
  }

  /** Makes of the one shard many. */
  #cut(): void {
    const { places } = this.#shard(0);
    this.#shards = Array.from({ length: shardCount }, () => newShard(placesMin));
    for (const [hash, cell] of entriesOf(places)) this.#enter(hash, cell);
  }

  #shard(hash: number): Shard {
    const shard = this.#shards[hash & (this.#shards.length - 1)];
    invariant(shard !== undefined, 'a shard index is within bounds');
    return shard;
  }
}

function newShard(placesCount: number): Shard {
  const places = Array.from({ length: placeLength * placesCount }, (_, at) => (isOfHash(at) ? 0 : undefined));
  return { places, count: 0 };
}

function isOfHash(at: number): boolean {
  return (at & (placeLength - 1)) === 0;
}

/** The cell of the place whose elements begin at `at`. */
function cellAt(places: Shard['places'], at: number): Cell | undefined {
  return places[at + 1] as Cell | undefined;
}

function hashAt(places: Shard['places'], at: number): number {
  return places[at] as number;
}

function* entriesOf(
  places: Shard['places'],
): Generator<readonly [hash: number, cell: Cell], void, undefined> {
  for (let at = 0; at < places.length; at += placeLength) {
    const cell = cellAt(places, at);
    if (cell !== undefined) yield [hashAt(places, at), cell];
  }
}

/** Where a hash's own place begins. */
function homeOf(hash: number, places: Shard['places']): number {
  return ((hash >>> shardBits) << placeBits) & (places.length - 1);
}

function nextOf(at: number, places: Shard['places']): number {
  return (at + placeLength) & (places.length - 1);
}

/** A free place near to a hash's own, if there is one. */
function freePlace(places: Shard['places'], hash: number): number | undefined {
  let at = homeOf(hash, places);
  for (let probes = 0; probes < probesMax; probes += 1) {
    if (cellAt(places, at) === undefined) return at;
    at = nextOf(at, places);
  }
  return undefined;
}

/** Takes the entry at `gap` out: later ones that would no longer be found move up. */
function closeGap(places: Shard['places'], gap: number): void {
  const mask = places.length - 1;
  let hole = gap;
  for (let at = nextOf(gap, places); cellAt(places, at) !== undefined; at = nextOf(at, places)) {
    const hash = hashAt(places, at);
    // How far it lies from its own place, and from the hole.
    if (((at - homeOf(hash, places)) & mask) < ((at - hole) & mask)) continue;
    places[hole] = hash;
    places[hole + 1] = cellAt(places, at);
    hole = at;
  }
  places[hole + 1] = undefined;
}
