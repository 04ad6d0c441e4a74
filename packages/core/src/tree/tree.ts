/**
 * The namespace: a mutable map of immutable records with one writer, the machine's apply. Nothing is copied to
 * change one znode, and nothing grows with the number of siblings or of znodes.
 *
 * - Writes happen inside a transaction (`begin` … `commit` or `rollback`): one for each command that may be taken
 *   back, one for all others of an entry (`beginSure`). Creating and deleting a child also changes its parent's
 *   record; that is undone with the rest, but is no Change.
 * - Readers may keep any record. Walks and lists of names must not be held across a write.
 * - The digest is the sum, in two lanes of 32 bits, of a hash of every field of every record, the root included:
 *   equal trees have equal digests, however they came about.
 */
import { invariant } from '../invariant.ts';
import { CellStore } from './cell-store.ts';
import type { Cell } from './cell.ts';
import type { ChangeListener } from './change.ts';
import type { BatchRange } from '../codec/batch.ts';
import type { KnownTexts } from '../codec/known-texts.ts';
import { joinPath, rootPath } from '../codec/path.ts';
import { TreeSnapshot } from './snapshot.ts';
import { inventedRecord, TreeLoad } from './tree-load.ts';
import { validateStore } from './validate.ts';
import { isHeir, withChild, type Stamp, type ZnodeRecord } from './znode-record.ts';

/** How to take one step of a transaction back. */
type Undo =
  | { readonly kind: 'assign'; readonly cell: Cell; readonly before: ZnodeRecord }
  | { readonly kind: 'add'; readonly cell: Cell }
  | { readonly kind: 'drop'; readonly cell: Cell };

/** Two signed 32-bit lanes. */
export interface Digest {
  readonly low: number;
  readonly high: number;
}

const nothing: readonly never[] = Object.freeze([]);

export class Tree implements KnownTexts {
  /** The root exists from the beginning: value null, all zxids 0. */
  readonly #store = new CellStore(inventedRecord(rootPath));
  #isWriting = false;
  /** Defined inside a transaction that may be rolled back. */
  #undos: Undo[] | undefined = undefined;
  /**
   * What a transaction changed that may be taken back, in the first `#changesCount` places. The lists are kept and
   * never shortened: an emptied one would make room for 17 elements again with the next transaction.
   */
  readonly #befores: (ZnodeRecord | undefined)[] = [];
  readonly #afters: (ZnodeRecord | undefined)[] = [];
  #changesCount = 0;
  /** Defined inside a transaction that is sure to succeed: its changes are told as they are made, none is kept. */
  #listener: ChangeListener | undefined = undefined;
  /** Defined while records are loaded. */
  #load: TreeLoad | undefined = undefined;
  #snapshot: TreeSnapshot | undefined = undefined;

  /** How many znodes there are, the root included. */
  get size(): number {
    return this.#store.size;
  }

  get digest(): Digest {
    return { low: this.#store.digestLow, high: this.#store.digestHigh };
  }

  /** Does a part of what `digest` would do. False: it is worth another call. */
  prepareDigest(): boolean {
    return this.#store.settleSome();
  }

  /** To be told of each batch before it is decoded and applied. It is a hint: see lookahead.ts. */
  lookAhead(bytes: Uint8Array, range: BatchRange): void {
    this.#store.lookahead.prepare(bytes, range);
  }

  /** The path that these bytes are, if a znode has it. Whoever decodes a path is expected to ask for its znode next. */
  textOf(bytes: DataView, start: number, end: number): string | undefined {
    return this.#store.findByBytes(bytes, start, end)?.path;
  }

  /** The znode at a path; undefined also for what is no path at all. */
  get(path: string): ZnodeRecord | undefined {
    return this.#store.find(path)?.record;
  }

  /** As `get`, for readers that ask for one znode here and one there: only writers ask for the same one again. */
  read(path: string): ZnodeRecord | undefined {
    return this.#store.peek(path)?.record;
  }

  /** What `make` makes of the znode at a path. It is not asked again for a record in whose `memo` it left that. */
  view<T extends object>(path: string, make: (record: ZnodeRecord) => T): T | undefined {
    const cell = this.#store.peek(path);
    if (cell === undefined) return undefined;
    // Whoever leaves anything in a memo leaves what it makes of the record.
    if (cell.memo !== undefined) return cell.memo as T;
    const made = make(cell.record);
    cell.memo = cell.record.memo;
    return made;
  }

  /** Up to `limit` names of children after the name `after`, in byte order. Empty also for a missing znode. */
  names(path: string, after: string | undefined, limit: number): readonly string[] {
    return this.#store.find(path)?.names?.page(after, limit) ?? nothing;
  }

  /** How many znodes are below a path, at any depth. 0 also for a missing znode. */
  descendantsCount(path: string): number {
    return this.#store.find(path)?.descendantsCount ?? 0;
  }

  /** The paths of a session's ephemeral znodes, in no order that replicas agree on: sort before it matters. */
  ephemeralsOf(sessionId: number): ReadonlySet<string> {
    return this.#store.ephemeralsOf(sessionId);
  }

  /** A znode and all below it, parents before children, siblings in byte order. */
  *walk(path: string): Generator<ZnodeRecord, void, undefined> {
    const start = this.#store.find(path);
    if (start === undefined) return;
    yield start.record;
    const levels: { readonly path: string; readonly names: Iterator<string, unknown, undefined> }[] = [];
    if (start.names !== undefined) levels.push({ path, names: start.names[Symbol.iterator]() });
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const step = level.names.next();
      if (step.done === true) {
        levels.pop();
        continue;
      }
      const cell = this.#store.find(joinPath(level.path, step.value));
      invariant(cell !== undefined, 'a name among the children has its znode', { name: step.value });
      yield cell.record;
      if (cell.names !== undefined) {
        levels.push({ path: cell.record.path, names: cell.names[Symbol.iterator]() });
      }
    }
  }

  /** Starts a transaction that can be taken back. */
  begin(): void {
    this.#open();
    this.#undos = [];
  }

  /**
   * Starts a transaction of changes that are sure: none is taken back, so each is told when it is made, and none is
   * kept. Many commands may share it. The listener must not change the tree.
   */
  beginSure(listener: ChangeListener): void {
    this.#open();
    this.#listener = listener;
  }

  /** What the transaction that is running has changed so far. */
  get changesCount(): number {
    return this.#changesCount;
  }

  /**
   * Ends the transaction, and tells those of its changes in their order that are not told yet. The listener must not
   * change the tree.
   */
  commit(listener?: ChangeListener): void {
    invariant(this.#isWriting, 'a transaction is running');
    if (listener !== undefined && this.#listener === undefined) {
      for (let at = 0; at < this.#changesCount; at += 1) listener(this.#befores[at], this.#afters[at]);
    }
    this.#close();
  }

  /** Ends the transaction as if it had never been. */
  rollback(): void {
    invariant(this.#isWriting, 'a transaction is running');
    const undos = this.#undos ?? [];
    invariant(this.#undos !== undefined || this.#changesCount === 0, 'what changed something has a way back');
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
      switch (undo.kind) {
        case 'assign':
          this.#store.assign(undo.cell, undo.before);
          break;
        case 'add':
          this.#store.drop(undo.cell);
          break;
        case 'drop':
          this.#store.restore(undo.cell);
          break;
      }
    }
    this.#close();
  }

  /**
   * Adds a znode of no other tree at a free path. Its parent exists, is not ephemeral, and counts it by its czxid and
   * moment.
   */
  insert(record: ZnodeRecord): void {
    this.#requireWriting();
    const parent = this.#store.findParent(record.path);
    invariant(parent !== undefined, 'the parent of a new znode exists');
    invariant(parent.record.owner === 0, 'an ephemeral znode has no children');
    const cell = this.#store.add(record, parent);
    this.#undos?.push({ kind: 'add', cell }, undoOf(parent, parent.record));
    const stamp = { zxid: record.czxid, moment: record.moment };
    this.#store.assign(parent, withChild(parent.record, 1, stamp));
    this.#note(undefined, record);
  }

  /** Gives an existing znode another record. */
  replace(record: ZnodeRecord): void {
    this.#requireWriting();
    const cell = this.#store.cellOf(record);
    invariant(cell !== undefined, 'the znode that is replaced exists');
    const before = cell.record;
    if (!isHeir(before, record)) requireHeir(before, record);
    this.#undos?.push(undoOf(cell, before));
    this.#store.assign(cell, record);
    this.#note(before, record);
  }

  /** Removes a leaf other than the root; its parent counts that by the stamp. */
  remove(path: string, stamp: Stamp): void {
    this.#requireWriting();
    const cell = this.#store.find(path);
    invariant(cell !== undefined, 'the znode that is removed exists');
    const { parent, record } = cell;
    invariant(parent !== undefined, 'the root is never removed');
    this.#store.drop(cell);
    this.#undos?.push({ kind: 'drop', cell }, undoOf(parent, parent.record));
    this.#store.assign(parent, withChild(parent.record, -1, stamp));
    this.#note(record, undefined);
  }

  /**
   * The tree as it is now, to be read in slices while writes go on. One at a time: the one before must have been
   * read to its end, or ended.
   */
  beginSnapshot(): TreeSnapshot {
    invariant(!this.#isWriting, 'a snapshot begins between transactions');
    invariant(this.#load === undefined, 'no snapshot is taken while records are loaded');
    this.#snapshot = new TreeSnapshot(this.#store);
    return this.#snapshot;
  }

  /** Whether a snapshot is running. */
  get isSnapshotRunning(): boolean {
    return this.#snapshot?.running === true;
  }

  /**
   * Takes one record of a snapshot into a new tree; records come in any order, the root among them, in O(depth)
   * each, and each is of no other tree. Until `finishLoad` the tree is good for nothing else.
   */
  load(record: ZnodeRecord): void {
    if (this.#load === undefined) {
      invariant(this.#store.size === 1 && !this.#isWriting, 'records are loaded into a new tree');
      this.#load = new TreeLoad(this.#store);
    }
    this.#load.load(record);
  }

  /** Ends loading, in O(1). What is wrong with the records, in words: then this tree is to be thrown away. */
  finishLoad(): string | undefined {
    const load = this.#load ?? new TreeLoad(this.#store);
    this.#load = undefined;
    return load.finish();
  }

  /** Checks everything that is derived against the records: O(size), for tests and simulators. */
  validate(): void {
    validateStore(this.#store);
  }

  #requireWriting(): void {
    invariant(this.#isWriting, 'writes happen inside a transaction');
  }

  #open(): void {
    invariant(!this.#isWriting, 'transactions do not nest');
    invariant(this.#load === undefined, 'no transaction runs while records are loaded');
    this.#isWriting = true;
  }

  /** After the tree shows the change. */
  #note(before: ZnodeRecord | undefined, after: ZnodeRecord | undefined): void {
    if (this.#listener === undefined) this.#keep(before, after);
    else this.#listener(before, after);
    this.#changesCount += 1;
  }

  /** Until it is sure. */
  #keep(before: ZnodeRecord | undefined, after: ZnodeRecord | undefined): void {
    this.#befores[this.#changesCount] = before;
    this.#afters[this.#changesCount] = after;
  }

  #close(): void {
    this.#isWriting = false;
    this.#undos = undefined;
    const notedCount = this.#listener === undefined ? this.#changesCount : 0;
    this.#listener = undefined;
    for (let at = 0; at < notedCount; at += 1) {
      // Lets the records go.
      this.#befores[at] = undefined;
      this.#afters[at] = undefined;
    }
    this.#changesCount = 0;
  }
}

function undoOf(cell: Cell, before: ZnodeRecord): Undo {
  return { kind: 'assign', cell, before };
}

/** What a record of the znode may not change. */
function requireHeir(before: ZnodeRecord, record: ZnodeRecord): void {
  invariant(before.owner === record.owner, 'a znode keeps its owner');
  invariant(before.childrenCount === record.childrenCount, 'a new value leaves the children alone');
}
