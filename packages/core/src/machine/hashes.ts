/**
 * Hashes of the machine's own parts in two lanes of 32 bits, for the digest (digest.ts). A part's hash does
 * not depend on how it is stored, so sums of parts can be compared between replicas that were restored at
 * different times.
 */
import type { ByteWriter } from '../codec/bytes.ts';
import { finish, hashBytes, mix } from '../codec/hash.ts';
import { limitNames } from '../codec/op-encode.ts';
import { encodeReply } from '../codec/reply-encode.ts';
import type { Reply } from '../codec/reply.ts';
import type { EnsembleLimits } from '../limits.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import type { Change } from '../tree/change.ts';

/** Two independent 32-bit hashes; sums of them are taken lane by lane, modulo 2^32. */
export interface Lanes {
  readonly low: number;
  readonly high: number;
}

// Seeds tell the kinds of parts apart; any distinct constants will do.
const lowSeed = 0x51_7c_c1_b7;
const highSeed = 0x27_22_0a_94;
const twoTo32 = 0x1_0000_0000;
const changeKind = 1;
const replyKind = 2;
const sessionKind = 3;
const closedKind = 4;
const limitsKind = 5;

/** One of the two lanes of a sum: what makes it independent of the other. */
export interface Lane {
  readonly seed: number;
  /** Odd, so that a change of any single field always changes the hash. */
  readonly multiplier: number;
}

export const lowLane: Lane = { seed: lowSeed ^ changeKind, multiplier: 0x2c_1b_3c_6d };
export const highLane: Lane = { seed: highSeed ^ changeKind, multiplier: 0x29_7a_2d_39 };

/**
 * By which record a change led to which: place, version and length of both. What they hold is not hashed again,
 * because each of them was part of the tree's digest while it was current. Both sides always take part, so a
 * created znode and a deleted one differ.
 */
export function hashChange(zxid: number, change: Change, lane: Lane): number {
  const { seed, multiplier } = lane;
  let hash = (Math.imul(seed + change.path.length, multiplier) + (zxid | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + ((zxid / twoTo32) | 0)) | 0;
  return finish(takeRecord(takeRecord(hash, multiplier, change.before), multiplier, change.after));
}

function takeRecord(seed: number, multiplier: number, record: ZnodeRecord | undefined): number {
  if (record === undefined) return (Math.imul(seed, multiplier) - 1) | 0;
  let hash = (Math.imul(seed, multiplier) + (record.mzxid | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + ((record.mzxid / twoTo32) | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.czxid | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + (record.owner | 0)) | 0;
  hash = (Math.imul(hash, multiplier) + record.version) | 0;
  return (Math.imul(hash, multiplier) + (record.end - record.start)) | 0;
}

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
