/**
 * A consistent snapshot without stopping: the records of all znodes as they were at one moment, handed out in
 * slices while writes go on. Each cell is met once by a cursor over the live cells; a write to a cell that was not
 * met yet first saves the record it replaces (one comparison and at most one push for each write); a cell that
 * is created meanwhile is born as met. So every record of the beginning is handed out exactly once, no copy of the
 * tree is ever made, and what is held besides it is at most what writes have replaced since.
 *
 * The order is none at all: parents may come after their children. See tree-load.ts for the way back.
 */
import { invariant } from '../invariant.ts';
import type { CellCursor } from './cell-list.ts';
import type { CellStore } from './cell-store.ts';
import type { Cell } from './cell.ts';
import { fetchPaths, fetchRecords, fetchValues } from './fetch.ts';
import { rehome } from './rehome.ts';
import type { ZnodeRecord } from './znode-record.ts';

/**
 * Cells looked at for each record that is asked for. More than one, so that cells which are passed over (their
 * records are among the saved ones) are behind the cursor before the saved records run out.
 */
const cellsPerRecord = 4;

export class TreeSnapshot {
  readonly #store: CellStore;
  readonly #cursor: CellCursor;
  readonly #saved: ZnodeRecord[] = [];
  /** Records of the beginning that were not handed out yet, saved ones included. */
  #remainingCount: number;

  /** Only the tree begins one, and only one at a time. */
  constructor(store: CellStore) {
    invariant(store.saved === undefined, 'one snapshot runs at a time');
    this.#store = store;
    this.#cursor = store.cursor();
    this.#remainingCount = store.size;
    store.saved = this.#saved;
    store.epoch += 1;
  }

  /** False once everything was handed out, or after `end`. */
  get running(): boolean {
    return this.#store.saved === this.#saved;
  }

  /**
   * Up to `budget` records, at least one while there are any; empty when all were handed out. Its work grows with
   * `budget` only.
   */
  next(budget: number): readonly ZnodeRecord[] {
    const records: ZnodeRecord[] = [];
    while (this.running && records.length === 0) this.#fill(records, Math.max(1, budget));
    return records;
  }

  /** Gives up what was not handed out. May be called twice. */
  end(): void {
    if (this.running) this.#store.saved = undefined;
    this.#saved.length = 0;
    this.#remainingCount = 0;
  }

  #fill(records: ZnodeRecord[], budget: number): void {
    const met = this.#meet(budget);
    this.#store.touched ^= fetchRecords(met, met.length) ^ fetchPaths(met) ^ fetchValues(met);
    rehome(met);
    for (const cell of met) records.push(cell.record);
    while (records.length < budget) {
      const saved = this.#saved.pop();
      if (saved === undefined) break;
      records.push(saved);
    }
    this.#remainingCount -= records.length;
    if (this.#remainingCount === 0) this.end();
  }

  /** Cells that are met now, and so are no longer saved by writes. */
  #meet(budget: number): readonly Cell[] {
    const { epoch } = this.#store;
    const met: Cell[] = [];
    for (let looks = budget * cellsPerRecord; looks > 0; looks -= 1) {
      // Whatever remains was saved: the cells ahead are all younger than this snapshot.
      if (met.length === budget || this.#remainingCount - met.length === this.#saved.length) break;
      const cell = this.#cursor.next();
      invariant(cell !== undefined, 'the cursor meets every cell of the beginning that was not saved');
      if (cell.epoch === epoch) continue;
      cell.epoch = epoch;
      met.push(cell);
    }
    return met;
  }
}
