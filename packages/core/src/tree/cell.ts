/**
 * A cell: the mutable place of one znode in the tree. Records are values that anybody may keep; cells leave tree/ as
 * what their records share, and no further.
 */
import type { CreateKind } from '../codec/op.ts';
import type { ValueSource } from '../codec/value.ts';
import { invariant } from '../invariant.ts';
import type { SortedNames } from './sorted-names.ts';
import { type Moment, type Offspring, type Origin, type Stamp, ZnodeRecord } from './znode-record.ts';

/** The number of a cell that is in no list. */
export const noNumber = -1;

/** What the first record of a cell has of its own. */
interface FirstRecord {
  readonly offspring: Offspring | undefined;
  readonly value: ValueSource;
  readonly stamp: Stamp;
  readonly version: number;
}

/**
 * Also what all records of the znode share: one object less, and in a large tree one page of memory less for the
 * processor to find.
 */
export class Cell implements Origin {
  // What a write needs comes first: it is near together then.
  readonly path: string;
  record: ZnodeRecord;
  /** That of the record, once a reader asked for it: nearer by one step. */
  memo: object | undefined = undefined;
  /** Of the last snapshot that has this znode's record, or that began before the znode existed. */
  epoch = 0;
  /** Its hash is no part of the digest now: it changed since the digest was last asked for. */
  isUnsettled = false;
  /** Its place among all cells; the list's own (cell-list.ts). */
  number: number = noNumber;
  readonly czxid: number;
  readonly owner: number;
  readonly created: Moment;
  readonly createKind: CreateKind;
  readonly ttlMs: number;
  /** What this znode adds to the digest, both lanes; of an earlier record while the cell is unsettled. */
  hashLow = 0;
  hashHigh = 0;
  /** Undefined for the root only (and, while a tree is loaded, for a znode whose parent has not come yet). */
  parent: Cell | undefined = undefined;
  /** Undefined until the first child comes: most znodes are leaves. */
  names: SortedNames | undefined = undefined;
  descendantsCount = 0;

  constructor(origin: Origin, { offspring, value, stamp, version }: FirstRecord) {
    this.path = origin.path;
    this.czxid = origin.czxid;
    this.owner = origin.owner;
    this.created = origin.created;
    this.createKind = origin.createKind;
    this.ttlMs = origin.ttlMs;
    this.record = new ZnodeRecord({ origin: this, offspring }, value, stamp, version);
  }
}

/** The cell that was made with a record. */
export function cellOf({ origin }: ZnodeRecord): Cell {
  invariant(origin instanceof Cell, 'what the records of a znode share is its cell');
  return origin;
}
