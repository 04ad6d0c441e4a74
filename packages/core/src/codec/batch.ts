/**
 * A batch: what one session asked in one turn of its event loop, or one command of the ensemble itself.
 * Batches are encoded once, where they are born, and the same bytes go everywhere.
 */
import type { Op, SystemOp } from './op.ts';

/** Commands of one session with consecutive request numbers, starting at `firstRequest`. */
export interface SessionBatch {
  readonly kind: 'session';
  readonly sessionId: number;
  /** Who holds the session: counts its resumptions, so that an earlier holder cannot interfere. */
  readonly holder: number;
  readonly firstRequest: number;
  /** The session has every reply up to this request: replicas may forget them. */
  readonly acknowledgedThrough: number;
  readonly ops: readonly Op[];
}

/** One command of the ensemble; `origin`, `incarnation` and `ticket` let its proposer recognise the answer. */
export interface SystemBatch {
  readonly kind: 'system';
  readonly origin: string;
  readonly incarnation: number;
  readonly ticket: number;
  readonly op: SystemOp;
}

export type Batch = SessionBatch | SystemBatch;
