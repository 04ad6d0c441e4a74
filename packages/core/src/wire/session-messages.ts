/**
 * What a session without a replica and the peer that serves it say to each other. Requests go to the peer, answers
 * come from it. Values travel as the bytes that replicas hold; the session decodes them, once.
 */
import type { Answer, SessionQuery } from '../codec/query.ts';
import type { Reply } from '../codec/reply.ts';
import type { StatFields } from '../codec/stat.ts';
import type { ValueSource } from '../codec/value.ts';
import type { ErrorCode, ErrorDetails } from '../errors.ts';

/** A znode with its value still encoded. */
export interface EncodedZnode {
  readonly stat: StatFields;
  readonly value: ValueSource;
}

/** An answer to a read, before its values are decoded. */
export type EncodedAnswer = Answer<EncodedZnode>;

export interface PlacedZnode {
  readonly path: string;
  readonly znode: EncodedZnode;
}

/** One znode's change; at least one side is there. */
export interface EncodedChange {
  readonly path: string;
  readonly before: EncodedZnode | undefined;
  readonly after: EncodedZnode | undefined;
}

/** What every greeting says. */
interface GreetingFields {
  readonly ensemble: string;
  /** Longer frames must not be sent to this session. */
  readonly frameBytesMax: number;
}

/** The first request of a connection; the answer is `welcome` or `refused`. */
export type Greeting = GreetingFields &
  /** A new session. Asked again, at another peer too, it finds the session that it has opened. */
  (
    | {
        readonly kind: 'open';
        /** SHA-256 of the secret, which itself stays with the session. */
        readonly secretHash: Uint8Array;
        readonly timeoutMs: number;
      }
    /** Takes a session over from whoever holds it, through the log. */
    | {
        readonly kind: 'resume';
        readonly sessionId: number;
        readonly secret: Uint8Array;
      }
    /** Goes on at this peer as the same holder: nothing is written to the log. */
    | {
        readonly kind: 'attach';
        readonly sessionId: number;
        readonly secret: Uint8Array;
        readonly holder: number;
        /** What the session has seen: it is served from a state that is not older. */
        readonly zxid: number;
        /** It wants to hear of `durable`. */
        readonly wantsDurable: boolean;
      }
  );

export type SessionRequest =
  | Greeting
  /** One encoded batch (codec/batch.ts). */
  | { readonly kind: 'submit'; readonly announceDurable: boolean; readonly bytes: Uint8Array }
  | {
      readonly kind: 'read';
      readonly id: number;
      readonly afterRequest: number;
      readonly consistency: 'session' | 'linearizable';
      readonly query: SessionQuery;
    }
  | {
      readonly kind: 'watch';
      readonly id: number;
      readonly afterRequest: number;
      readonly path: string;
      readonly scope: 'node' | 'children' | 'subtree';
      readonly from: number | undefined;
    }
  | { readonly kind: 'cancel-read'; readonly id: number }
  | { readonly kind: 'unwatch'; readonly id: number }
  /** A sign of life, answered by `confirmed` when the ensemble has taken note of it. */
  | { readonly kind: 'touch'; readonly id: number }
  /** Answered by `pong` at once: the connection works. */
  | { readonly kind: 'ping'; readonly id: number };

export type SessionAnswer =
  | Welcome
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly details: ErrorDetails }
  | {
      readonly kind: 'replies';
      readonly firstRequest: number;
      /** Log index at which the last of them was applied. */
      readonly index: number;
      readonly seenZxid: number;
      readonly replies: readonly Reply[];
    }
  | { readonly kind: 'durable'; readonly index: number }
  | { readonly kind: 'reachable'; readonly isReachable: boolean }
  | { readonly kind: 'confirmed'; readonly id: number }
  | { readonly kind: 'ended'; readonly code: 'SESSION_EXPIRED' | 'SESSION_CLOSED' }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly zxid: number;
      readonly seenZxid: number;
      readonly answer: EncodedAnswer;
    }
  /** A part of a watch's first snapshot; with `isLast` it is whole. */
  | {
      readonly kind: 'page';
      readonly id: number;
      readonly zxid: number;
      readonly isLast: boolean;
      readonly znodes: readonly PlacedZnode[];
    }
  | { readonly kind: 'resumed'; readonly id: number; readonly zxid: number }
  /** A part of one transaction; with `isLast` it is whole. */
  | {
      readonly kind: 'changes';
      readonly id: number;
      readonly zxid: number;
      readonly isLast: boolean;
      readonly changes: readonly EncodedChange[];
    }
  | {
      readonly kind: 'watch-failed';
      readonly id: number;
      readonly code: ErrorCode;
      readonly details: ErrorDetails;
    }
  | { readonly kind: 'pong'; readonly id: number; readonly seenZxid: number };

/**
 * What a session is told when a peer begins to serve it. `seenZxid` here and in other answers: all events up to
 * that zxid are in the streams of the watches that this connection had answered before.
 */
export interface Welcome {
  readonly kind: 'welcome';
  readonly sessionId: number;
  readonly timeoutMs: number;
  readonly holder: number;
  readonly nextRequest: number;
  readonly zxid: number;
  readonly limits: ServedLimits;
}

/** Bounds of the serving peer that a session keeps to. */
export interface ServedLimits {
  readonly valueBytesMax: number;
  readonly frameBytesMax: number;
  readonly sessionRequestsInFlightMax: number;
  readonly sessionBytesInFlightMax: number;
  readonly watchesPerSessionMax: number;
}

export type SessionMessage = SessionRequest | SessionAnswer;
