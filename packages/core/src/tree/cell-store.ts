/**
 * The cells and everything that is derived from their records: lookup by path, children's names, counts of
 * descendants, ephemerals by session, and the digest. Each step here keeps all of them true at once; what belongs
 * together in time (transactions, snapshots, loading) is built on these steps by its neighbours.
 *
 * Invariants: a cell that has entered is found by its path; an attached cell's name is among its parent's names;
 * `descendantsCount` counts all attached cells below; the digest is the sum of the hashes of all settled cells, and
 * every other cell stands in the list of those that are unsettled.
 */
import { invariant } from '../invariant.ts';
import type { CellCursor } from './cell-list.ts';
import { CellMap } from './cell-map.ts';
import { type Cell, cellOf } from './cell.ts';
import { nameOf, parentOf } from '../codec/path.ts';
import { fetchRecords, fetchValues } from './fetch.ts';
import { Lookahead } from './lookahead.ts';
import { RecordHasher } from './record-hash.ts';
import { SortedNames } from './sorted-names.ts';
import type { ZnodeRecord } from './znode-record.ts';

const noPaths: ReadonlySet<string> = new Set<string>();

/**
 * Hashing is put off until the digest is asked for, so a znode that is written again and again is hashed once. In a
 * tree of a million znodes each costs 1 to 2 us, nearly all of it cache misses: a digest waits 1 to 2 ms for them.
 */
const unsettledMax = 1_024;
/**
 * How many are hashed when the list is full, so that no write waits for the whole list. The newest are taken: what
 * is written all the time lies at the bottom and stays there.
 */
const settledAtOnce = 16;
/** How many are hashed at a time before a digest is asked for: within a millisecond. */
const settledAhead = 512;

export class CellStore {
  readonly root: Cell;
  /** Of the newest snapshot; cells that come now are not its business, so they are born with it. */
  epoch = 0;
  /** While a snapshot runs: records of its beginning that writes have replaced before it came by. */
  saved: ZnodeRecord[] | undefined = undefined;
  readonly #cells = new CellMap();
  /** What the writes of the batch that is being applied will ask for, if the tree is large. */
  readonly lookahead: Lookahead = new Lookahead(this.#cells);
  readonly #ephemerals = new Map<number, Set<string>>();
  #digestLow = 0;
  #digestHigh = 0;
  /** Cells whose hash is not in the digest; those that left, or came twice, are no longer marked so. */
  readonly #unsettled: Cell[] = [];
  readonly #hasher: RecordHasher = new RecordHasher();
  readonly #lanes = new Int32Array(2);
  /** Means nothing: see fetch.ts. */
  touched = 0;
  /**
   * The cell looked up last: a path is decoded, looked up, and its znode changed, and should be hashed once for all of
   * it.
   */
  #last: Cell | undefined = undefined;

  constructor(rootRecord: ZnodeRecord) {
    this.root = cellOf(rootRecord);
    this.#enter(this.root);
  }

  get size(): number {
    return this.#cells.size;
  }

  get digestLow(): number {
    this.#settle(0);
    return this.#digestLow;
  }

  get digestHigh(): number {
    this.#settle(0);
    return this.#digestHigh;
  }

  /** Hashes some of the cells that wait longest. False: it is worth another call. */
  settleSome(): boolean {
    // A small tree is near: there it is no work, and what is written all the time would be hashed many times.
    if (this.#cells.isSmall) return true;
    this.#hash(this.#unsettled.splice(0, settledAhead));
    return this.#unsettled.length <= settledAhead;
  }

  /** The cell whose path these bytes are; paths with other characters than ASCII are not found this way. */
  findByBytes(bytes: DataView, start: number, end: number): Cell | undefined {
    const ahead = this.lookahead.isEmpty ? undefined : this.lookahead.take(bytes, start, end);
    const cell = ahead ?? this.#cells.getByBytes(bytes, start, end);
    if (cell !== undefined) this.#last = cell;
    return cell;
  }

  find(path: string): Cell | undefined {
    const last = this.#last;
    return last !== undefined && isSameText(last.path, path) ? last : this.#lookUp(path);
  }

  #lookUp(path: string): Cell | undefined {
    const cell = this.#cells.get(path);
    // A miss keeps the old one: the next question may be for the parent again.
    if (cell !== undefined) this.#last = cell;
    return cell;
  }

  /** The cell of a record's znode. Nearly always it is the last one, and then nothing far away is looked at. */
  cellOf(record: ZnodeRecord): Cell | undefined {
    const last = this.#last;
    return last !== undefined && last === record.origin ? last : this.find(record.path);
  }

  /** For readers: leaves alone what the writer looked up last. */
  peek(path: string): Cell | undefined {
    return this.#cells.get(path);
  }

  /** The cell of the parent of a path other than the root. */
  findParent(path: string): Cell | undefined {
    const last = this.#last;
    if (last !== undefined) {
      const cut = path.lastIndexOf('/');
      const lastPath = last.path;
      if (cut > 0 ? lastPath.length === cut && path.startsWith(lastPath) : last === this.root) return last;
    }
    return this.find(parentOf(path));
  }

  cursor(): CellCursor {
    return this.#cells.cursor();
  }

  ephemeralsOf(sessionId: number): ReadonlySet<string> {
    return this.#ephemerals.get(sessionId) ?? noPaths;
  }

  /** Every session that owns something, for checks. */
  owners(): ReadonlyMap<number, ReadonlySet<string>> {
    return this.#ephemerals;
  }

  /** A new leaf below `parent`. */
  add(record: ZnodeRecord, parent: Cell): Cell {
    const cell = cellOf(record);
    cell.record = record;
    cell.epoch = this.epoch;
    cell.parent = parent;
    this.restore(cell);
    return cell;
  }

  /** Puts a leaf that was dropped back to its place. */
  restore(cell: Cell): void {
    const { parent } = cell;
    invariant(parent !== undefined, 'the root is never dropped');
    parent.names ??= new SortedNames();
    parent.names.insert(nameOf(cell.path));
    for (let above: Cell | undefined = parent; above !== undefined; above = above.parent) {
      above.descendantsCount += 1;
    }
    this.#enter(cell);
  }

  /** Removes a leaf. */
  drop(cell: Cell): void {
    const { parent } = cell;
    const { path } = cell.record;
    invariant(parent !== undefined && parent.names !== undefined, 'what is dropped has a parent');
    invariant(cell.names === undefined, 'what is dropped is a leaf');
    if (this.saved !== undefined) this.#save(cell, this.saved);
    parent.names.delete(nameOf(path));
    if (parent.names.size === 0) parent.names = undefined;
    for (let above: Cell | undefined = parent; above !== undefined; above = above.parent) {
      above.descendantsCount -= 1;
    }
    this.#leave(cell);
  }

  /** Gives a cell another record of the same path and owner. */
  assign(cell: Cell, record: ZnodeRecord): void {
    if (this.saved !== undefined) this.#save(cell, this.saved);
    cell.record = record;
    cell.memo = undefined;
    if (!cell.isUnsettled) this.#hashAgain(cell);
  }

  /** For a loaded record that takes the place of an invented one, which was nobody's. */
  own(record: ZnodeRecord): void {
    if (record.owner === 0) return;
    const paths = this.#ephemerals.get(record.owner);
    if (paths === undefined) this.#ephemerals.set(record.owner, new Set([record.path]));
    else paths.add(record.path);
  }

  #enter(cell: Cell): void {
    this.#cells.add(cell);
    this.own(cell.record);
    this.#unsettle(cell);
  }

  #leave(cell: Cell): void {
    const { path, owner } = cell.record;
    if (this.#last === cell) this.#last = undefined;
    this.#cells.delete(path);
    if (cell.isUnsettled) cell.isUnsettled = false;
    else this.#subtract(cell);
    if (owner === 0) return;
    const paths = this.#ephemerals.get(owner);
    invariant(paths !== undefined && paths.delete(path), 'an ephemeral znode is listed with its owner');
    if (paths.size === 0) this.#ephemerals.delete(owner);
  }

  /** The first write to a cell that the running snapshot has not met keeps the old record for it. */
  #save(cell: Cell, saved: ZnodeRecord[]): void {
    if (cell.epoch === this.epoch) return;
    cell.epoch = this.epoch;
    saved.push(cell.record);
  }

  #hashAgain(cell: Cell): void {
    this.#subtract(cell);
    this.#unsettle(cell);
  }

  /** Takes a settled cell's hash out of the digest. */
  #subtract(cell: Cell): void {
    this.#digestLow = (this.#digestLow - cell.hashLow) | 0;
    this.#digestHigh = (this.#digestHigh - cell.hashHigh) | 0;
  }

  #unsettle(cell: Cell): void {
    cell.isUnsettled = true;
    this.#unsettled.push(cell);
    if (this.#unsettled.length >= unsettledMax) this.#settle(unsettledMax - settledAtOnce);
  }

  /** Hashes the cells of the list, but for the first `keptCount` of them. */
  #settle(keptCount: number): void {
    this.#hash(this.#unsettled.splice(keptCount));
  }

  #hash(cells: readonly Cell[]): void {
    // Few are those that were just written: they are near.
    if (cells.length > settledAtOnce) {
      this.touched ^= fetchRecords(cells, cells.length) ^ fetchValues(cells);
      this.touched ^= this.#cells.touchPaths(cells, cells.length);
    }
    for (const cell of cells) {
      // It has left, or it stands in the list twice.
      if (!cell.isUnsettled) continue;
      cell.isUnsettled = false;
      this.#cells.hashPath(cell, this.#lanes);
      this.#hasher.hash(cell.record, this.#lanes);
      cell.hashLow = this.#lanes[0] ?? 0;
      cell.hashHigh = this.#lanes[1] ?? 0;
      this.#digestLow = (this.#digestLow + cell.hashLow) | 0;
      this.#digestHigh = (this.#digestHigh + cell.hashHigh) | 0;
    }
  }
}

/**
 * Whether two texts are the same, as nearly always one and the same string: then `===` would still look at the string
 * itself, which is far away (a fiftieth of a write); Object.is does not.
 */
function isSameText(text: string, other: string): boolean {
  return Object.is(text, other);
}
