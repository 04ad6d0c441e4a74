/**
 * One znode as replicas keep it. Records never change: a changed znode is a new record, so replies, history,
 * snapshots and watch events can refer to old ones for nothing. They are immutable by type, not frozen at run
 * time, because freezing costs more than applying a write; whatever users see is frozen.
 *
 * A write changes few of a znode's facts, and its record stays in memory for as long as the history does. So what
 * it leaves alone is shared: {@link Origin} by all records of a znode, {@link Offspring} by those between two
 * changes of its children, {@link Moment} by everything that one entry changed. That makes a record half as large.
 */
import type { CreateKind } from '../codec/op.ts';
import type { OpResult, Reply } from '../codec/reply.ts';
import type { StatFields } from '../codec/stat.ts';
import { dataLengthOf } from '../codec/value-source.ts';
import type { ValueSource } from '../codec/value.ts';

/** When an entry was applied, on the two clocks of the ensemble. */
export interface Moment {
  /** By the leader's clock, for ctime and mtime only. */
  readonly wallMs: number;
  /** Elapsed ensemble time. */
  readonly elapsedMs: number;
}

/** The command that changes something, and when it does. */
export interface Stamp {
  readonly zxid: number;
  readonly moment: Moment;
}

/** What a znode's creation decided for its whole life. It is the znode's cell (cell.ts), seen as records need it. */
export interface Origin {
  readonly path: string;
  readonly createKind: CreateKind;
  readonly ttlMs: number;
  readonly owner: number;
  readonly czxid: number;
  readonly created: Moment;
}

/** What happened to its children. */
export interface Offspring {
  readonly pzxid: number;
  readonly cversion: number;
  readonly childrenCount: number;
  readonly createCount: number;
}

type StatResult = Extract<OpResult, { kind: 'stat' }>;

/** What a record shares with the one before it. */
interface Shared {
  readonly origin: Origin;
  /** Undefined until the first child comes: most znodes are leaves. */
  readonly offspring: Offspring | undefined;
}

/**
 * A record is also what the write that made it is answered: a result of kind `stat`, and with its mzxid the reply. So
 * most writes make no other object that lives on.
 *
 * Fields are declared and assigned, not defined: what a class defines before its constructor runs costs as much
 * again as the rest of the object (Node 20: 60 ns).
 */
export class ZnodeRecord implements StatFields, ValueSource, Shared, StatResult, Reply {
  /** For the functions of this file; everybody else asks for the single facts. */
  declare readonly origin: Origin;
  declare readonly offspring: Offspring | undefined;
  declare readonly moment: Moment;
  declare readonly source: Uint8Array;
  declare readonly start: number;
  declare readonly end: number;
  declare readonly mzxid: number;
  declare readonly version: number;
  /**
   * What a reader made of this record, for the next reader; no part of the state. It lives as long as the record,
   * which never changes, so it is never wrong.
   */
  declare memo: object | undefined;

  /** `shared` may be another record, `stamp` the context of an op: no object is made but the record itself. */
  constructor(shared: Shared, value: ValueSource, stamp: Stamp, version: number) {
    this.origin = shared.origin;
    this.offspring = shared.offspring;
    this.moment = stamp.moment;
    this.source = value.source;
    this.start = value.start;
    this.end = value.end;
    this.mzxid = stamp.zxid;
    this.version = version;
    this.memo = undefined;
  }

  get kind(): 'stat' {
    return 'stat';
  }

  get stat(): this {
    return this;
  }

  get zxid(): number {
    return this.mzxid;
  }

  get result(): this {
    return this;
  }

  get path(): string {
    return this.origin.path;
  }

  get createKind(): CreateKind {
    return this.origin.createKind;
  }

  /** Milliseconds; 0 unless `createKind` is `ttl`. */
  get ttlMs(): number {
    return this.origin.ttlMs;
  }

  /** Session id of an ephemeral znode, otherwise 0. */
  get owner(): number {
    return this.origin.owner;
  }

  get czxid(): number {
    return this.origin.czxid;
  }

  get ctime(): number {
    return this.origin.created.wallMs;
  }

  /** As in ZooKeeper, that of its creation until the first child comes. */
  get pzxid(): number {
    return this.offspring?.pzxid ?? this.origin.czxid;
  }

  get mtime(): number {
    return this.moment.wallMs;
  }

  get cversion(): number {
    return this.offspring?.cversion ?? 0;
  }

  /** There are no access lists yet. */
  get aversion(): 0 {
    return 0;
  }

  get childrenCount(): number {
    return this.offspring?.childrenCount ?? 0;
  }

  /** How many children were ever created: numbers sequential names, never goes back. */
  get createCount(): number {
    return this.offspring?.createCount ?? 0;
  }

  get dataLength(): number {
    return dataLengthOf(this);
  }

  /** Elapsed ensemble time of the last change of value or children; TTL and container graces count from it. */
  get elapsedMs(): number {
    return this.moment.elapsedMs;
  }
}

/** Whether the other record is certainly one of the same znode with the same children. */
export function isHeir(record: ZnodeRecord, other: ZnodeRecord): boolean {
  return record.origin === other.origin && record.offspring === other.offspring;
}

/** With another value. An equal one counts as a change too, as in ZooKeeper. */
export function withValue(before: ZnodeRecord, value: ValueSource, stamp: Stamp): ZnodeRecord {
  return new ZnodeRecord(before, value, stamp, before.version + 1);
}

/** With one child more (`delta` 1) or one less (-1). mzxid and mtime stay: they are about the value. */
export function withChild(before: ZnodeRecord, delta: 1 | -1, { zxid, moment }: Stamp): ZnodeRecord {
  const offspring = {
    pzxid: zxid,
    cversion: before.cversion + 1,
    childrenCount: before.childrenCount + delta,
    createCount: delta === 1 ? before.createCount + 1 : before.createCount,
  };
  const { origin, mzxid, version } = before;
  const changed = { wallMs: before.mtime, elapsedMs: moment.elapsedMs };
  return new ZnodeRecord({ origin, offspring }, before, { zxid: mzxid, moment: changed }, version);
}

/**
 * Lets a record keep the same value in other bytes. The only thing that ever changes in a record, because nobody can
 * tell: a record of its own for each move would be garbage of a million records in each snapshot.
 */
export function moveValue(record: ZnodeRecord, { source, start, end }: ValueSource): void {
  const place: { -readonly [Part in keyof ValueSource]: ValueSource[Part] } = record;
  place.source = source;
  place.start = start;
  place.end = end;
}
