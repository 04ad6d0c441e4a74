/** How znodes begin: by being created, or as a snapshot has them. Each is a cell with its first record. */
import { Cell } from './cell.ts';
import type { CreateKind } from '../codec/op.ts';
import type { ValueSource } from '../codec/value.ts';
import type { Stamp, ZnodeRecord } from './znode-record.ts';

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
  const { path, value, createKind, ttlMs, owner } = znode;
  const origin = { path, createKind, ttlMs, owner, czxid: stamp.zxid, created: stamp.moment };
  return new Cell(origin, { offspring: undefined, value, stamp, version: 0 }).record;
}

/** A record's facts one by one, as a snapshot has them. */
export interface ZnodeFacts extends NewZnode {
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly childrenCount: number;
  readonly createCount: number;
  readonly elapsedMs: number;
}

/** The record that has these facts. */
export function recordOf(facts: ZnodeFacts): ZnodeRecord {
  const { path, value, createKind, ttlMs, owner, czxid, mzxid, pzxid, version } = facts;
  const { ctime, mtime, elapsedMs, cversion, childrenCount, createCount } = facts;
  const moment = { wallMs: mtime, elapsedMs };
  const created = ctime === mtime ? moment : { wallMs: ctime, elapsedMs };
  const isChildless = pzxid === czxid && cversion === 0 && childrenCount === 0 && createCount === 0;
  const offspring = isChildless ? undefined : { pzxid, cversion, childrenCount, createCount };
  const origin = { path, createKind, ttlMs, owner, czxid, created };
  return new Cell(origin, { offspring, value, stamp: { zxid: mzxid, moment }, version }).record;
}
