/** One session of the ensemble as replicas keep it; sessions.ts has them all. */
import type { ReplyRecord } from './replies.ts';

export interface Session {
  readonly id: number;
  /** SHA-256 of its secret; a copy of its own. */
  readonly secretHash: Uint8Array;
  /** As granted; Infinity is lasting. */
  readonly timeoutMs: number;
  /** Wall time of its opening by the leader's clock. */
  readonly openedAtMs: number;
  /** Ticket of its last resumption; at first `firstHolder`. Batches of other holders are refused. */
  holder: number;
  /** Also holds the number of its last request. */
  replies: ReplyRecord;
  /** What the digest has of this session now, and whether that is out of date. */
  digestLow: number;
  digestHigh: number;
  digestStale: boolean;
}
