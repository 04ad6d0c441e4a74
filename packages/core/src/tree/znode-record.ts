/**
 * One znode as replicas keep it. Records never change: a changed znode is a new record, so replies, history,
 * snapshots and watch events can refer to old ones for nothing. They are immutable by type, not frozen at run
 * time, because freezing costs more than applying a write; whatever users see is frozen.
 */
import type { StatFields } from '../codec/stat.ts';
import type { ValueSource } from '../codec/value.ts';
import type { CreateKind } from '../codec/op.ts';

export interface ZnodeRecord extends StatFields, ValueSource {
  readonly path: string;
  readonly createKind: CreateKind;
  /** Milliseconds; 0 unless `createKind` is `ttl`. */
  readonly ttlMs: number;
  /** How many children were ever created: numbers sequential names, never goes back. */
  readonly createCount: number;
  /** Elapsed ensemble time of the last change of value or children; TTL and container graces count from it. */
  readonly elapsedMs: number;
  /** Two 32-bit lanes of the hash of the encoded value, kept so that a changed stat needs no second pass. */
  readonly valueHashLow: number;
  readonly valueHashHigh: number;
}
