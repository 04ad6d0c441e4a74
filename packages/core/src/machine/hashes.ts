/**
 * Hashes of the machine's own parts in two lanes of 32 bits, for the digest (digest.ts). A part's hash does
 * not depend on how it is stored, so sums of parts can be compared between replicas that were restored at
 * different times.
 */
import type { ByteWriter } from '../codec/bytes.ts';
import { finish, hashBytes, hashText, mix } from '../codec/hash.ts';
import { limitNames } from '../codec/op-encode.ts';
import type { CreateKind } from '../codec/op.ts';
import { encodeReply } from '../codec/reply-encode.ts';
import type { Reply } from '../codec/reply.ts';
import type { EnsembleLimits } from '../limits.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import type { Transaction } from './contract.ts';

/** Two independent 32-bit hashes; sums of them are taken lane by lane, modulo 2^32. */
export interface Lanes {
  readonly low: number;
  readonly high: number;
}

// Seeds tell the kinds of parts apart; any distinct constants will do.
const lowSeed = 0x51_7c_c1_b7;
const highSeed = 0x27_22_0a_94;
// Odd, so that a change of any single field always changes the hash.
const lowMultiplier = 0x2c_1b_3c_6d;
const highMultiplier = 0x29_7a_2d_39;
const twoTo32 = 0x1_0000_0000;
const transactionKind = 1;
const replyKind = 2;
const sessionKind = 3;
const closedKind = 4;
const limitsKind = 5;

export function hashTransaction(transaction: Transaction): Lanes {
  let low = mix(lowSeed ^ transactionKind, transaction.zxid);
  let high = mix(highSeed ^ transactionKind, transaction.zxid);
  for (const { path, before, after } of transaction.changes) {
    const pathHash = hashText(path, lowSeed);
    low = (Math.imul(low, lowMultiplier) + pathHash) | 0;
    high = (Math.imul(high, highMultiplier) + pathHash) | 0;
    low = takeRecord(takeRecord(low, lowMultiplier, before), lowMultiplier, after);
    high = takeRecord(takeRecord(high, highMultiplier, before), highMultiplier, after);
  }
  return { low: finish(low), high: finish(high) };
}

/** What each kind is in a hash; never changed. */
const createKindOrdinals: Readonly<Record<CreateKind, number>> = {
  persistent: 0,
  ephemeral: 1,
  container: 2,
  ttl: 3,
};

/** A scratch writer is handed in so that hashing many replies allocates one. */
export function hashReply(sessionId: number, request: number, reply: Reply, scratch: ByteWriter): Lanes {
  scratch.reset();
  encodeReply(scratch, reply);
  const bytes = scratch.finish();
  const low = mix(mix(lowSeed ^ replyKind, sessionId), request);
  const high = mix(mix(highSeed ^ replyKind, sessionId), request);
  return { low: hashBytes(bytes, 0, bytes.length, low), high: hashBytes(bytes, 0, bytes.length, high) };
}

export interface SessionFacts {
  readonly id: number;
  readonly secretHash: Uint8Array;
  readonly timeoutMs: number;
  readonly openedAtMs: number;
  readonly holder: number;
  readonly lastRequest: number;
  readonly acknowledgedThrough: number;
}

/** Without the replies, which are added to it one by one. */
export function hashSession(session: SessionFacts): Lanes {
  return {
    low: finish(mixSession(lowSeed ^ sessionKind, session)),
    high: finish(mixSession(highSeed ^ sessionKind, session)),
  };
}

/** In their order, because it decides which is forgotten first. */
export function hashClosed(ids: Iterable<number>): Lanes {
  let low = lowSeed ^ closedKind;
  let high = highSeed ^ closedKind;
  for (const id of ids) {
    low = mix(low, id);
    high = mix(high, id);
  }
  return { low: finish(low), high: finish(high) };
}

export function hashLimits(limits: EnsembleLimits, configured: boolean): Lanes {
  let low = mix(lowSeed ^ limitsKind, configured ? 1 : 0);
  let high = mix(highSeed ^ limitsKind, configured ? 1 : 0);
  for (const name of limitNames) {
    low = mix(low, limits[name]);
    high = mix(high, limits[name]);
  }
  return { low: finish(low), high: finish(high) };
}

function mixSession(seed: number, session: SessionFacts): number {
  let hash = mix(seed, session.id);
  hash = mix(hash, hashBytes(session.secretHash, 0, session.secretHash.length, seed));
  hash = mix(hash, session.timeoutMs);
  hash = mix(hash, session.openedAtMs);
  hash = mix(hash, session.holder);
  hash = mix(hash, session.lastRequest);
  return mix(hash, session.acknowledgedThrough);
}

/**
 * A polynomial over the fields, as the tree's digest has it: a third of the cost of mixing each, and every write is
 * hashed here once. Of the value only its length: the bytes of up to historyBytesMax would take a digest longer
 * than a replica may be busy, they were in the tree's digest, and a snapshot has them in the hash of a frame.
 */
function takeRecord(seed: number, multiplier: number, record: ZnodeRecord | undefined): number {
  // Both sides of a change always take part, so a created znode and a deleted one differ.
  if (record === undefined) return takeWord(seed, multiplier, -1);
  let hash = takeWord(seed, multiplier, record.end - record.start);
  hash = takeNumber(hash, multiplier, record.czxid);
  hash = takeNumber(hash, multiplier, record.mzxid);
  hash = takeNumber(hash, multiplier, record.pzxid);
  hash = takeNumber(hash, multiplier, record.ctime);
  hash = takeNumber(hash, multiplier, record.mtime);
  hash = takeNumber(hash, multiplier, record.elapsedMs);
  hash = takeNumber(hash, multiplier, record.owner);
  hash = takeNumber(hash, multiplier, record.ttlMs);
  hash = takeWord(hash, multiplier, record.version);
  hash = takeWord(hash, multiplier, record.cversion);
  hash = takeWord(hash, multiplier, record.aversion);
  hash = takeWord(hash, multiplier, record.createCount);
  hash = takeWord(hash, multiplier, record.childrenCount);
  hash = takeWord(hash, multiplier, record.dataLength);
  return takeWord(hash, multiplier, createKindOrdinals[record.createKind]);
}

function takeNumber(hash: number, multiplier: number, value: number): number {
  return takeWord(takeWord(hash, multiplier, value), multiplier, value / twoTo32);
}

function takeWord(hash: number, multiplier: number, value: number): number {
  return (Math.imul(hash, multiplier) + (value | 0)) | 0;
}
