/** A watch as its consumer saw it: what it asked, every batch that it pulled, and how the stream ended. */
import type { ErrorCode, WatchBatch, WatchOptions } from '@quorate/core';
import type { Recorded } from './call.ts';

/** One stream of a watch; positions are those of operations. */
export interface WatchRecord {
  readonly id: number;
  readonly client: string;
  readonly session: string;
  readonly member: string | undefined;
  /** Absolute, as are the paths of its events. */
  readonly path: string;
  readonly options: Recorded<WatchOptions>;
  readonly calledAt: number;
  /** What the consumer pulled, in order. */
  readonly batches: readonly RecordedBatch[];
  /** What came into the stream's queue, pulled or not, in order. */
  readonly deliveries: readonly RecordedDelivery[];
  /** From here on nothing came into that queue; its consumer may learn of it much later. Infinity: still open. */
  readonly endedAt: number;
  readonly ending: WatchEnding;
}

/** A batch and when it was pulled. */
export interface RecordedBatch {
  readonly at: number;
  readonly batch: WatchBatch;
}

/** See {@link WatchRecord.deliveries}. */
export interface RecordedDelivery {
  readonly at: number;
  readonly kind: 'snapshot' | 'changes';
  readonly zxid: number;
}

/** How a stream ended for its consumer. */
export type WatchEnding =
  | { readonly kind: 'open' }
  /** The consumer left. */
  | { readonly kind: 'closed'; readonly at: number }
  | { readonly kind: 'failed'; readonly at: number; readonly code: ErrorCode | 'ABORTED' };
