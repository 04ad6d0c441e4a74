/**
 * One znode as replicas keep it. Records never change: a changed znode is a new record, so replies, history,
 * snapshots and watch events can refer to old ones for nothing. They are immutable by type, not frozen at run
 * time, because freezing costs more than applying a write; whatever users see is frozen.
 *
 * Every record is built here, with its fields in one order and none left out: the engine then gives all of them
 * one shape, and a write on a hot path costs one allocation. (A spread of an object of this size costs ten times
 * as much.)
 */
import type { CreateKind } from '../codec/op.ts';
import type { StatFields } from '../codec/stat.ts';
import { dataLengthOf } from '../codec/value-source.ts';
import type { ValueSource } from '../codec/value.ts';

/** One znode: its place, its encoded value and everything that is counted of it. */
export interface ZnodeRecord extends StatFields, ValueSource {
  readonly path: string;
  readonly createKind: CreateKind;
  /** Milliseconds; 0 unless `createKind` is `ttl`. */
  readonly ttlMs: number;
  /** How many children were ever created: numbers sequential names, never goes back. */
  readonly createCount: number;
  /** Elapsed ensemble time of the last change of value or children; TTL and container graces count from it. */
  readonly elapsedMs: number;
  /**
   * What a reader made of this record, for the next reader; no part of the state. It lives as long as the record,
   * which never changes, so it is never wrong.
   */
  memo: object | undefined;
}

/** When a change happens, in all three clocks of the ensemble. */
export interface Stamp {
  readonly zxid: number;
  /** By the leader's clock, for ctime and mtime only. */
  readonly wallMs: number;
  /** Elapsed ensemble time. */
  readonly elapsedMs: number;
}

/** What its creator decides about a znode. */
export interface NewZnode {
  readonly path: string;
  readonly value: ValueSource;
  readonly createKind: CreateKind;
  readonly ttlMs: number;
  /** Session id of an ephemeral znode, otherwise 0. */
  readonly owner: number;
}

/** The first record of a znode: as in ZooKeeper, all three zxids are that of its creation. */
export function newRecord(znode: NewZnode, stamp: Stamp): ZnodeRecord {
  const { value } = znode;
  return {
    path: znode.path,
    source: value.source,
    start: value.start,
    end: value.end,
    createKind: znode.createKind,
    ttlMs: znode.ttlMs,
    czxid: stamp.zxid,
    mzxid: stamp.zxid,
    pzxid: stamp.zxid,
    ctime: stamp.wallMs,
    mtime: stamp.wallMs,
    version: 0,
    cversion: 0,
    aversion: 0,
    owner: znode.owner,
    dataLength: dataLengthOf(value),
    childrenCount: 0,
    createCount: 0,
    elapsedMs: stamp.elapsedMs,
    memo: undefined,
  };
}

/** With another value. An equal one counts as a change too, as in ZooKeeper. */
export function withValue(before: ZnodeRecord, value: ValueSource, stamp: Stamp): ZnodeRecord {
  return {
    path: before.path,
    source: value.source,
    start: value.start,
    end: value.end,
    createKind: before.createKind,
    ttlMs: before.ttlMs,
    czxid: before.czxid,
    mzxid: stamp.zxid,
    pzxid: before.pzxid,
    ctime: before.ctime,
    mtime: stamp.wallMs,
    version: before.version + 1,
    cversion: before.cversion,
    aversion: before.aversion,
    owner: before.owner,
    dataLength: dataLengthOf(value),
    childrenCount: before.childrenCount,
    createCount: before.createCount,
    elapsedMs: stamp.elapsedMs,
    memo: undefined,
  };
}

/** With one child more (`delta` 1) or one less (-1). mzxid and mtime stay: they are about the value. */
export function withChild(
  before: ZnodeRecord,
  delta: 1 | -1,
  stamp: Pick<Stamp, 'zxid' | 'elapsedMs'>,
): ZnodeRecord {
  return {
    path: before.path,
    source: before.source,
    start: before.start,
    end: before.end,
    createKind: before.createKind,
    ttlMs: before.ttlMs,
    czxid: before.czxid,
    mzxid: before.mzxid,
    pzxid: stamp.zxid,
    ctime: before.ctime,
    mtime: before.mtime,
    version: before.version,
    cversion: before.cversion + 1,
    aversion: before.aversion,
    owner: before.owner,
    dataLength: before.dataLength,
    childrenCount: before.childrenCount + delta,
    createCount: delta === 1 ? before.createCount + 1 : before.createCount,
    elapsedMs: stamp.elapsedMs,
    memo: undefined,
  };
}

/** The same znode with the same value, kept in other bytes. */
export function withSource(before: ZnodeRecord, value: ValueSource): ZnodeRecord {
  return {
    path: before.path,
    source: value.source,
    start: value.start,
    end: value.end,
    createKind: before.createKind,
    ttlMs: before.ttlMs,
    czxid: before.czxid,
    mzxid: before.mzxid,
    pzxid: before.pzxid,
    ctime: before.ctime,
    mtime: before.mtime,
    version: before.version,
    cversion: before.cversion,
    aversion: before.aversion,
    owner: before.owner,
    dataLength: before.dataLength,
    childrenCount: before.childrenCount,
    createCount: before.createCount,
    elapsedMs: before.elapsedMs,
    memo: undefined,
  };
}
