/**
 * A cell: the mutable place of one znode in the tree. Records are values that anybody may keep; cells never
 * leave tree/.
 */
import { finish, hashBytes, hashText } from '../codec/hash.ts';
import type { CreateKind } from '../codec/op.ts';
import { unreachable } from '../invariant.ts';
import type { SortedNames } from './sorted-names.ts';
import type { ZnodeRecord } from './znode-record.ts';

const pathSeedLow = 0x1f83d9ab;
const pathSeedHigh = 0x5be0cd19;
const valueSeedLow = 0x3c6ef372;
const valueSeedHigh = 0x510e527f;
// Odd, so that a change of any single field always changes the hash; their bits are those of no simple ratio.
const lowMultiplier = 0x9e3779b1 | 0;
const highMultiplier = 0x85ebca77 | 0;
const twoTo32 = 0x1_0000_0000;

export class Cell {
  /** That of all its records; here too, because lookups compare it. */
  readonly path: string;
  record: ZnodeRecord;
  /** Undefined for the root only (and, while a tree is loaded, for a znode whose parent has not come yet). */
  parent: Cell | undefined = undefined;
  /** Undefined until the first child comes: most znodes are leaves. */
  names: SortedNames | undefined = undefined;
  descendantsCount = 0;
  /** Of the last snapshot that has this znode's record, or that began before the znode existed. */
  epoch: number;
  /** What this znode adds to the digest, both lanes; of an earlier record while the cell is unsettled. */
  hashLow = 0;
  hashHigh = 0;
  /** Its hash is no part of the digest now: it changed since the digest was last asked for. */
  isUnsettled = false;

  constructor(record: ZnodeRecord, epoch: number) {
    this.path = record.path;
    this.record = record;
    this.epoch = epoch;
  }

  /**
   * Computes the hash of `record` from nothing: it is asked for so rarely that what could be remembered (the hashes
   * of the path and of an unchanged value) would cost more memory in a million cells than it saves time.
   */
  rehash(): void {
    const { path, source, start, end } = this.record;
    const low = hashText(path, pathSeedLow) ^ hashBytes(source, start, end, valueSeedLow);
    const high = hashText(path, pathSeedHigh) ^ hashBytes(source, start, end, valueSeedHigh);
    this.hashLow = recordHash(this.record, low, lowMultiplier);
    this.hashHigh = recordHash(this.record, high, highMultiplier);
  }
}

/**
 * A polynomial over every field, then a finaliser, so that a sum of such hashes tells sets of records apart. It is
 * a third of the cost of a general-purpose mixer for each field.
 */
function recordHash(record: ZnodeRecord, seed: number, multiplier: number): number {
  let hash = seed;
  hash = (Math.imul(hash, multiplier) + (record.czxid | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + ((record.czxid / twoTo32) | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.mzxid | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + ((record.mzxid / twoTo32) | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.pzxid | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + ((record.pzxid / twoTo32) | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.ctime | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + ((record.ctime / twoTo32) | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.mtime | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + ((record.mtime / twoTo32) | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.elapsedMs | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + ((record.elapsedMs / twoTo32) | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.owner | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + ((record.owner / twoTo32) | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.ttlMs | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + ((record.ttlMs / twoTo32) | 0)) | 0;
  // Counters count by the modulus of a word: replicas that differ by exactly 2^32 changes do not happen.
  hash = (Math.imul(hash, multiplier) + (record.version | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.cversion | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.aversion | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.createCount | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.childrenCount | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.dataLength | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + kindNumber(record.createKind)) | 0;
  return finish(hash);
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
