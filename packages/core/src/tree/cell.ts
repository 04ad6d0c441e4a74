/**
 * A cell: the mutable place of one znode in the tree. Records are values that anybody may keep; cells never
 * leave tree/.
 */
import type { SortedNames } from './sorted-names.ts';
import type { ZnodeRecord } from './znode-record.ts';

/** The number of a cell that is in no list. */
export const noNumber = -1;

export class Cell {
  // What a write needs comes first: it is near together then.
  /** That of all its records; here too, because lookups compare it. */
  readonly path: string;
  record: ZnodeRecord;
  /** That of the record, once a reader asked for it: nearer by one step. */
  memo: object | undefined = undefined;
  /** Of the last snapshot that has this znode's record, or that began before the znode existed. */
  epoch: number;
  /** Its hash is no part of the digest now: it changed since the digest was last asked for. */
  isUnsettled = false;
  /** Its place among all cells; the list's own (cell-list.ts). */
  number: number = noNumber;
  /** Undefined for the root only (and, while a tree is loaded, for a znode whose parent has not come yet). */
  parent: Cell | undefined = undefined;
  /** Undefined until the first child comes: most znodes are leaves. */
  names: SortedNames | undefined = undefined;
  descendantsCount = 0;
  /** What this znode adds to the digest, both lanes; of an earlier record while the cell is unsettled. */
  hashLow = 0;
  hashHigh = 0;

  constructor(record: ZnodeRecord, epoch: number) {
    this.path = record.path;
    this.record = record;
    this.epoch = epoch;
  }
}
