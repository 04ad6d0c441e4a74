/**
 * Fills an empty tree with the records of a snapshot, in any order: a parent that has not come yet is invented,
 * with all its ancestors, until its own record comes. So each record costs O(depth), however many siblings it has
 * and whatever came before, and a load can be cut into slices of any size.
 *
 * What is wrong is remembered, not thrown: the bytes come from a disk or from another peer. A tree whose load has
 * a problem is to be thrown away.
 */
import type { CellStore } from './cell-store.ts';
import { type Cell, cellOf } from './cell.ts';
import { nullValue } from './null-value.ts';
import { parentOf, pathProblem } from '../codec/path.ts';
import { newRecord } from './new-znode.ts';
import type { ZnodeRecord } from './znode-record.ts';

export class TreeLoad {
  readonly #store: CellStore;
  /** Cells that were invented and wait for their record. */
  readonly #invented: Set<Cell>;
  /** How many loaded records count other children than they have so far. */
  #miscountedCount = 0;
  #problem: string | undefined = undefined;

  /** `store` has the root alone. */
  constructor(store: CellStore) {
    this.#store = store;
    this.#invented = new Set([store.root]);
  }

  load(record: ZnodeRecord): void {
    this.#problem ??= recordProblem(record);
    if (this.#problem !== undefined) return;
    const found = this.#store.find(record.path);
    if (found === undefined) {
      this.#add(record);
    } else if (this.#invented.delete(found)) {
      const invented = found.record;
      this.#store.assign(found, record);
      // The record's own cell is in no tree, and lives on as what its successors share: it must not keep it alive with them.
      cellOf(record).record = invented;
      this.#store.own(record);
      if (childrenOf(found) !== record.childrenCount) this.#miscountedCount += 1;
    } else {
      this.#problem = `the znode ${record.path} comes twice`;
    }
  }

  /** What is wrong with all that was loaded, or undefined. */
  finish(): string | undefined {
    if (this.#problem !== undefined) return this.#problem;
    for (const cell of this.#invented) return `the znode ${cell.record.path} is missing`;
    if (this.#miscountedCount > 0) return `${this.#miscountedCount} znodes have another number of children`;
    return undefined;
  }

  #add(record: ZnodeRecord): void {
    this.#attach(record, this.#parentOf(record.path));
    if (record.childrenCount !== 0) this.#miscountedCount += 1;
  }

  #parentOf(path: string): Cell {
    const missing: string[] = [];
    let parentPath = parentOf(path);
    let parent = this.#store.find(parentPath);
    // The root exists, so this ends; a valid path has a bounded number of segments.
    while (parent === undefined) {
      missing.push(parentPath);
      parentPath = parentOf(parentPath);
      parent = this.#store.find(parentPath);
    }
    for (const inventedPath of missing.toReversed()) {
      parent = this.#attach(inventedRecord(inventedPath), parent);
      this.#invented.add(parent);
    }
    return parent;
  }

  #attach(record: ZnodeRecord, parent: Cell): Cell {
    const cell = this.#store.add(record, parent);
    if (!this.#invented.has(parent)) {
      const count = childrenOf(parent);
      if (count === parent.record.childrenCount) this.#miscountedCount -= 1;
      else if (count === parent.record.childrenCount + 1) this.#miscountedCount += 1;
    }
    return cell;
  }
}

/** A znode that stands in for one whose record has not come: it is nobody's and has no children of its own. */
export function inventedRecord(path: string): ZnodeRecord {
  return newRecord(
    { path, value: nullValue(), createKind: 'persistent', ttlMs: 0, owner: 0 },
    { zxid: 0, moment: { wallMs: 0, elapsedMs: 0 } },
  );
}

function childrenOf(cell: Cell): number {
  return cell.names?.size ?? 0;
}

function recordProblem(record: ZnodeRecord): string | undefined {
  const problem = pathProblem(record.path);
  if (problem !== undefined) return `a path cannot be used: ${problem}`;
  if ((record.createKind === 'ephemeral') !== (record.owner !== 0)) {
    return `the znode ${record.path} has an owner without being ephemeral, or the reverse`;
  }
  if (record.owner !== 0 && record.childrenCount !== 0) {
    return `the ephemeral znode ${record.path} has children`;
  }
  if ((record.createKind === 'ttl') !== record.ttlMs > 0) {
    return `the znode ${record.path} has a time to live without being of that kind, or the reverse`;
  }
  return undefined;
}
