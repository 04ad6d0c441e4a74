/**
 * What a session needs of the peer that serves it. The in-process link is in peer/; a remote one will speak
 * frames. A session never sees a replica: this type is the wall between the two.
 *
 * Order: the calls of one session reach `submit`, `read` and `watch` in the order in which they were made.
 */
import type { Answer, SessionQuery } from '../codec/query.ts';
import type { Reply } from '../codec/reply.ts';
import type { Stat } from '../codec/stat.ts';
import type { Value } from '../codec/value.ts';
import type { ErrorCode, ErrorDetails } from '../errors.ts';
import type { PeerLimits } from '../limits.ts';
import type { Timer } from '../ports/clock.ts';

/** An encoded batch (codec/batch.ts) with the numbers that the link needs to keep it until it is answered. */
export interface SubmittedBatch {
  readonly bytes: Uint8Array;
  readonly firstRequest: number;
  readonly requestCount: number;
  /** A write of the batch waits for every voter (`acknowledge: 'all'`). */
  readonly announceDurable: boolean;
}

/** A znode as users see it: deeply frozen, byte arrays fresh copies. */
export interface ZnodeView {
  readonly value: Value;
  readonly stat: Stat;
}

export type LinkAnswer = Answer<ZnodeView>;

export interface LinkRead {
  readonly query: SessionQuery;
  /** The session's last request number before this read. */
  readonly afterRequest: number;
  readonly consistency: 'session' | 'linearizable';
  /** Called exactly once (possibly before `read` returns), unless the read is cancelled first. */
  readonly settle: (answer: LinkAnswer, zxid: number) => void;
}

export interface LinkWatch {
  readonly path: string;
  readonly scope: 'node' | 'children' | 'subtree';
  readonly from: number | undefined;
  readonly afterRequest: number;
  readonly deliver: (delivery: LinkDelivery) => void;
}

/** One znode's change as users see it; values are decoded when first asked for. */
export interface LinkChange {
  readonly path: string;
  readonly before: ZnodeView | undefined;
  readonly after: ZnodeView | undefined;
}

export type LinkDelivery =
  /** The consistent first view of the scope; `path` in byte order. */
  | {
      readonly kind: 'snapshot';
      readonly zxid: number;
      readonly count: number;
      /** Views of positions start (inclusive) to end (exclusive): decoded page by page. */
      page(start: number, end: number): readonly ({ readonly path: string } & ZnodeView)[];
    }
  /** Resumed: changes from here on follow without a gap. */
  | { readonly kind: 'resumed'; readonly zxid: number }
  | {
      readonly kind: 'changes';
      readonly zxid: number;
      readonly count: number;
      change(position: number): LinkChange;
    }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly details: ErrorDetails };

/** How a link calls its session. None of these may throw. */
export interface LinkEvents {
  /** Replies to consecutive requests. May repeat replies already seen: ignore those. */
  replies(firstRequest: number, replies: readonly Reply[], applied: { readonly index: number }): void;
  /** Every voter now holds everything up to this log index durably. */
  durable(index: number): void;
  /** Whether a leader is within reach. */
  reachable(isReachable: boolean): void;
  /** The ensemble confirmed that the session lives; `sentAtMs` is when the confirmed touch was sent (clock.now). */
  confirmed(sentAtMs: number): void;
  /** The ensemble ended the session. */
  ended(code: 'SESSION_EXPIRED' | 'SESSION_CLOSED'): void;
  /** The peer behind the link is gone: nothing will be answered any more. */
  failed(code: 'PEER_CLOSED' | 'FATAL' | 'STORAGE_FAILED', cause: unknown): void;
}

export interface SessionLink {
  /** Binds the session; call once, first. */
  open(events: LinkEvents): void;
  /** In request order. The link sends it until every request of it is answered. */
  submit(batch: SubmittedBatch): void;
  /** True while no leader was ever handed this request: it can still be given up for certain. */
  isUnsent(request: number): boolean;
  read(read: LinkRead): { cancel(): void };
  watch(watch: LinkWatch): { cancel(): void };
  /** Asks the ensemble to let the session live; answered by `confirmed`. */
  touch(): void;
  /** Monotonic milliseconds (the peer's clock port). */
  now(): number;
  /** Calls back every tick of the peer, coarsely; the way in which deadlines are noticed without a timer each. */
  onTick(callback: (nowMs: number) => void): Timer;
  /** Something of this session waits: keep the process alive until `false`. */
  pending(isPending: boolean): void;
  /** The session needs nothing any more. */
  close(): void;
  readonly limits: PeerLimits;
  readonly valueBytesMax: number;
}
