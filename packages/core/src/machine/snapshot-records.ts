/**
 * The records of a snapshot, each a kind and its fields. Their order: one meta; znodes; sessions, each followed
 * by its replies; the closed sessions; transactions, each followed by its changes; one end.
 *
 * Decoding believes nothing: every number has its range, every path and value is checked as apply checks them.
 * What records say about each other is checked by the reader (snapshot-reader.ts) and by the digest at the end.
 */
import type { ByteReader, ByteWriter } from '../codec/bytes.ts';
import { limitNames, secretHashBytes } from '../codec/op-encode.ts';
import type { CreateKind } from '../codec/op.ts';
import { pathProblem } from '../codec/path.ts';
import { checkValue } from '../codec/value-check.ts';
import { pathBytesMax, type EnsembleLimits } from '../limits.ts';
import { recordOf } from '../tree/new-znode.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import type { Change, Transaction } from './contract.ts';
import { limitsProblem } from './limit-rules.ts';
import type { CapturedSession } from './session-capture.ts';
import { corrupted } from './snapshot-frames.ts';

export const recordKinds = {
  meta: 1,
  znode: 2,
  session: 3,
  reply: 4,
  closed: 5,
  transaction: 6,
  change: 7,
  end: 8,
} as const;

/** What the state is beside its large parts. */
export interface SnapshotFacts {
  readonly appliedIndex: number;
  readonly zxid: number;
  readonly wallMs: number;
  readonly elapsedMs: number;
  readonly configured: boolean;
  readonly limits: EnsembleLimits;
  readonly evictedThrough: number;
}

export type SessionHead = Omit<CapturedSession, 'segments'>;

/** What was written, and what the state's digest must be. */
export interface SnapshotEnd {
  /** Once more: the only thing of the state that its digest leaves out. */
  readonly appliedIndex: number;
  readonly znodesCount: number;
  readonly sessionsCount: number;
  readonly repliesCount: number;
  readonly transactionsCount: number;
  /** As Machine.digest() gives it. */
  readonly digest: string;
}

const createKinds: readonly CreateKind[] = ['persistent', 'ephemeral', 'container', 'ttl'];
const hasBefore = 1;
const hasAfter = 2;
const digestPattern = /^[0-9a-f]{16}$/;

export function writeFacts(writer: ByteWriter, facts: SnapshotFacts): void {
  writer.u8(recordKinds.meta);
  writer.varint(facts.appliedIndex);
  writer.varint(facts.zxid);
  writer.varint(facts.wallMs);
  writer.varint(facts.elapsedMs);
  writer.u8(facts.configured ? 1 : 0);
  writer.varint(facts.evictedThrough);
  writer.varint(limitNames.length);
  for (const name of limitNames) writer.varint(facts.limits[name]);
}

export function readFacts(reader: ByteReader): SnapshotFacts {
  const appliedIndex = reader.varint();
  const zxid = reader.varint();
  const wallMs = reader.varint();
  const elapsedMs = reader.varint();
  const configured = readFlag(reader);
  const evictedThrough = reader.varint();
  if (evictedThrough > zxid) throw corrupted('the history ends in the future');
  if (reader.varint() !== limitNames.length) throw corrupted('the number of limits is another');
  const limits: Partial<Record<keyof EnsembleLimits, number>> = {};
  for (const name of limitNames) limits[name] = reader.varint();
  const complete = limits as EnsembleLimits;
  const problem = limitsProblem(complete);
  if (problem !== undefined) throw corrupted(problem);
  return { appliedIndex, zxid, wallMs, elapsedMs, configured, limits: complete, evictedThrough };
}

export function writeZnode(writer: ByteWriter, record: ZnodeRecord): void {
  writer.u8(recordKinds.znode);
  writeZnodeFields(writer, record);
}

export function readZnode(reader: ByteReader): ZnodeRecord {
  const path = reader.text(pathBytesMax);
  const problem = pathProblem(path);
  if (problem !== undefined) throw corrupted(`a path is wrong: ${problem}`);
  const createKind = createKinds[reader.u8()];
  if (createKind === undefined) throw corrupted('a kind of znode is unknown');
  const ttlMs = reader.varint();
  const czxid = reader.varint();
  const mzxid = reader.varint();
  const pzxid = reader.varint();
  const ctime = reader.varint();
  const mtime = reader.varint();
  const version = reader.varint();
  const cversion = reader.varint();
  if (reader.varint() !== 0) throw corrupted('a znode has an access list');
  const owner = reader.varint();
  const childrenCount = reader.varint();
  const createCount = reader.varint();
  const elapsedMs = reader.varint();
  const value = reader.view(reader.varint());
  const valueProblem = checkValue(value.source, value.start, value.end);
  if (valueProblem !== undefined) throw corrupted(`a value is wrong: ${valueProblem}`);
  return recordOf({
    path,
    value,
    createKind,
    ttlMs,
    owner,
    czxid,
    mzxid,
    pzxid,
    ctime,
    mtime,
    version,
    cversion,
    childrenCount,
    createCount,
    elapsedMs,
  });
}

export function writeSession(writer: ByteWriter, session: SessionHead): void {
  writer.u8(recordKinds.session);
  writer.varint(session.id);
  writer.bytes(session.secretHash);
  writer.f64(session.timeoutMs);
  writer.varint(session.openedAtMs);
  writer.varint(session.holder);
  writer.varint(session.lastRequest);
  writer.varint(session.acknowledgedThrough);
}

export function readSession(reader: ByteReader): SessionHead {
  const id = reader.varint();
  const secretHash = reader.bytes(secretHashBytes);
  const timeoutMs = reader.f64();
  if (timeoutMs !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(timeoutMs) && timeoutMs >= 0)) {
    throw corrupted('a time-out is no number of milliseconds');
  }
  const openedAtMs = reader.varint();
  const holder = reader.varint();
  const lastRequest = reader.varint();
  const acknowledgedThrough = reader.varint();
  if (holder < 1) throw corrupted('a session has no holder');
  if (acknowledgedThrough > lastRequest) throw corrupted('a session acknowledges more than it asked');
  return { id, secretHash, timeoutMs, openedAtMs, holder, lastRequest, acknowledgedThrough };
}

export function writeClosed(writer: ByteWriter, ids: readonly number[]): void {
  writer.u8(recordKinds.closed);
  writer.varint(ids.length);
  for (const id of ids) writer.varint(id);
}

export function readClosed(reader: ByteReader, countMax: number): readonly number[] {
  const count = reader.varint();
  if (count > countMax) throw corrupted('too many closed sessions');
  const ids = new Set<number>();
  for (let at = 0; at < count; at += 1) ids.add(reader.varint());
  if (ids.size !== count) throw corrupted('a session is closed twice');
  return [...ids];
}

export function writeTransaction(writer: ByteWriter, transaction: Transaction): void {
  writer.u8(recordKinds.transaction);
  writer.varint(transaction.zxid);
  writer.varint(transaction.changes.length);
}

export function readTransaction(reader: ByteReader): { readonly zxid: number; readonly count: number } {
  const zxid = reader.varint();
  const count = reader.varint();
  if (count === 0) throw corrupted('a transaction has no change');
  return { zxid, count };
}

export function writeChange(writer: ByteWriter, change: Change): void {
  writer.u8(recordKinds.change);
  writer.u8((change.before === undefined ? 0 : hasBefore) | (change.after === undefined ? 0 : hasAfter));
  if (change.before !== undefined) writeZnodeFields(writer, change.before);
  if (change.after !== undefined) writeZnodeFields(writer, change.after);
}

export function readChange(reader: ByteReader): Change {
  const flags = reader.u8();
  if ((flags & ~(hasBefore | hasAfter)) !== 0) throw corrupted('a flag of a change is unknown');
  const before = (flags & hasBefore) === 0 ? undefined : readZnode(reader);
  const after = (flags & hasAfter) === 0 ? undefined : readZnode(reader);
  const path = (after ?? before)?.path;
  if (path === undefined) throw corrupted('a change changes nothing');
  if (before !== undefined && before.path !== path) throw corrupted('a change has two paths');
  return { path, before, after };
}

export function writeEnd(writer: ByteWriter, end: SnapshotEnd): void {
  writer.u8(recordKinds.end);
  writer.varint(end.appliedIndex);
  writer.varint(end.znodesCount);
  writer.varint(end.sessionsCount);
  writer.varint(end.repliesCount);
  writer.varint(end.transactionsCount);
  writer.text(end.digest);
}

export function readEnd(reader: ByteReader): SnapshotEnd {
  const appliedIndex = reader.varint();
  const znodesCount = reader.varint();
  const sessionsCount = reader.varint();
  const repliesCount = reader.varint();
  const transactionsCount = reader.varint();
  const digest = reader.text();
  if (!digestPattern.test(digest)) throw corrupted('the digest has another form');
  return { appliedIndex, znodesCount, sessionsCount, repliesCount, transactionsCount, digest };
}

function writeZnodeFields(writer: ByteWriter, record: ZnodeRecord): void {
  writer.text(record.path);
  writer.u8(createKinds.indexOf(record.createKind));
  writer.varint(record.ttlMs);
  writer.varint(record.czxid);
  writer.varint(record.mzxid);
  writer.varint(record.pzxid);
  writer.varint(record.ctime);
  writer.varint(record.mtime);
  writer.varint(record.version);
  writer.varint(record.cversion);
  writer.varint(record.aversion);
  writer.varint(record.owner);
  writer.varint(record.childrenCount);
  writer.varint(record.createCount);
  writer.varint(record.elapsedMs);
  writer.varint(record.end - record.start);
  writer.range(record);
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw corrupted('a flag is neither yes nor no');
  return flag === 1;
}
