/**
 * A cell: the mutable place of one znode in the tree. Records are values that anybody may keep; cells never
 * leave tree/.
 */
import { finish, hashBytesTwice, type LanePair } from '../codec/hash.ts';
import type { CreateKind } from '../codec/op.ts';
import { unreachable } from '../invariant.ts';
import type { SortedNames } from './sorted-names.ts';
import type { ZnodeRecord } from './znode-record.ts';

const valueSeedLow = 0x3c6ef372;
const valueSeedHigh = 0x510e527f;
// Odd, so that a change of any single field always changes the hash; their bits are those of no simple ratio.
const lowMultiplier = 0x9e3779b1 | 0;
const highMultiplier = 0x85ebca77 | 0;
const twoTo32 = 0x1_0000_0000;

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

  /**
   * Computes the hash of `record` from nothing: it is asked for so rarely that what could be remembered (the hashes
   * of the path and of an unchanged value) would cost more memory in a million cells than it saves time. `lanes` has
   * the hashes of the path, and is overwritten.
   */
  rehash(lanes: LanePair): void {
    const { source, start, end } = this.record;
    const pathLow = lanes[0] ?? 0;
    const pathHigh = lanes[1] ?? 0;
    lanes[0] = valueSeedLow;
    lanes[1] = valueSeedHigh;
    hashBytesTwice(source, start, end, lanes);
    lanes[0] ^= pathLow;
    lanes[1] ^= pathHigh;
    hashRecord(this.record, lanes);
    this.hashLow = lanes[0];
    this.hashHigh = lanes[1];
  }
}

/**
 * A polynomial over every field, then a finaliser, so that a sum of such hashes tells sets of records apart. It is
 * a third of the cost of a general-purpose mixer for each field. Both lanes at a time, because each step waits for
 * the one before.
 */
function hashRecord(record: ZnodeRecord, lanes: LanePair): void {
  let low = lanes[0] ?? 0;
  let high = lanes[1] ?? 0;
  const { czxid, mzxid, pzxid, ctime, mtime, elapsedMs, owner, ttlMs } = record;
  low = takeWide(low, lowMultiplier, czxid);
  high = takeWide(high, highMultiplier, czxid);
  low = takeWide(low, lowMultiplier, mzxid);
  high = takeWide(high, highMultiplier, mzxid);
  low = takeWide(low, lowMultiplier, pzxid);
  high = takeWide(high, highMultiplier, pzxid);
  low = takeWide(low, lowMultiplier, ctime);
  high = takeWide(high, highMultiplier, ctime);
  low = takeWide(low, lowMultiplier, mtime);
  high = takeWide(high, highMultiplier, mtime);
  low = takeWide(low, lowMultiplier, elapsedMs);
  high = takeWide(high, highMultiplier, elapsedMs);
  low = takeWide(low, lowMultiplier, owner);
  high = takeWide(high, highMultiplier, owner);
  low = takeWide(low, lowMultiplier, ttlMs);
  high = takeWide(high, highMultiplier, ttlMs);
  // Counters count by the modulus of a word: replicas that differ by exactly 2^32 changes do not happen.
  const { version, cversion, aversion, createCount, childrenCount, dataLength } = record;
  low = take(low, lowMultiplier, version);
  high = take(high, highMultiplier, version);
  low = take(low, lowMultiplier, cversion);
  high = take(high, highMultiplier, cversion);
  low = take(low, lowMultiplier, aversion);
  high = take(high, highMultiplier, aversion);
  low = take(low, lowMultiplier, createCount);
  high = take(high, highMultiplier, createCount);
  low = take(low, lowMultiplier, childrenCount);
  high = take(high, highMultiplier, childrenCount);
  low = take(low, lowMultiplier, dataLength);
  high = take(high, highMultiplier, dataLength);
  const kind = kindNumber(record.createKind);
  lanes[0] = finish(take(low, lowMultiplier, kind));
  lanes[1] = finish(take(high, highMultiplier, kind));
}

function take(hash: number, multiplier: number, value: number): number {
  return (Math.imul(hash, multiplier) + (value | 0)) | 0;
}

function takeWide(hash: number, multiplier: number, value: number): number {
  return take(take(hash, multiplier, value), multiplier, value / twoTo32);
}

function kindNumber(kind: CreateKind): number {
  switch (kind) {
    case 'persistent':
      return 1;
    case 'ephemeral':
      return 2;
    case 'container':
      return 3;
    case 'ttl':
      return 4;
    default:
      return unreachable(kind);
  }
}
