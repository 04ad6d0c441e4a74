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
    low = mixRecord(mixRecord(mix(low, pathHash), before, 0), after, 0);
    high = mixRecord(mixRecord(mix(high, pathHash), before, 1), after, 1);
  }
  return { low: finish(low), high: finish(high) };
}

/** `length` would do for none of them: two kinds share it. */
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

/** The value goes in by the hash that its record keeps; `lane` 0 is the low one. */
function mixRecord(seed: number, record: ZnodeRecord | undefined, lane: 0 | 1): number {
  if (record === undefined) return mix(seed, -1);
  let hash = mix(seed, lane === 0 ? record.valueHashLow : record.valueHashHigh);
  hash = mix(hash, record.czxid);
  hash = mix(hash, record.mzxid);
  hash = mix(hash, record.pzxid);
  hash = mix(hash, record.ctime);
  hash = mix(hash, record.mtime);
  hash = mix(hash, record.version);
  hash = mix(hash, record.cversion);
  hash = mix(hash, record.aversion);
  hash = mix(hash, record.owner);
  hash = mix(hash, record.dataLength);
  hash = mix(hash, record.childrenCount);
  hash = mix(hash, createKindOrdinals[record.createKind]);
  hash = mix(hash, record.ttlMs);
  hash = mix(hash, record.createCount);
  return mix(hash, record.elapsedMs);
}
