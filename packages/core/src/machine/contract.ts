/**
 * What the machine answers: plain values, in the order of the log. The runtime hands out events before replies.
 */
import type { Answer, TreeQuery } from '../codec/query.ts';
import type { Reply } from '../codec/reply.ts';
import type { Change } from '../tree/change.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';

export type { Change } from '../tree/change.ts';

/** Everything that one command changed, in the order of its operations. A parent's changed stat is no change. */
export interface Transaction {
  readonly zxid: number;
  readonly changes: readonly Change[];
}

/** Replies to consecutive requests of one session, newly applied or repeated from the record. */
export interface AppliedReplies {
  readonly kind: 'replies';
  readonly sessionId: number;
  readonly holder: number;
  readonly firstRequest: number;
  readonly replies: readonly Reply[];
}

/** Commands were lost before these: the session must send everything from `expected` again. */
export interface AppliedGap {
  readonly kind: 'gap';
  readonly sessionId: number;
  readonly holder: number;
  readonly expected: number;
}

/** The session is unknown, expired, closed, or held by somebody else now: its requests were not applied. */
export interface AppliedRefusal {
  readonly kind: 'refused';
  readonly sessionId: number;
  readonly holder: number;
  readonly code: 'SESSION_EXPIRED' | 'SESSION_CLOSED';
}

export interface AppliedSystem {
  readonly kind: 'system';
  readonly origin: string;
  readonly incarnation: number;
  readonly ticket: number;
  readonly reply: Reply;
}

/** A session is gone from the tree, with its ephemerals. */
export interface SessionEnded {
  readonly kind: 'session-ended';
  readonly sessionId: number;
  readonly code: 'SESSION_EXPIRED' | 'SESSION_CLOSED';
}

/** One of the things that applying an entry can give. */
export type AppliedItem = AppliedReplies | AppliedGap | AppliedRefusal | AppliedSystem | SessionEnded;

/** What applying one entry gave. */
export interface Applied {
  readonly items: readonly AppliedItem[];
  /** Of commands that changed a znode while somebody watched. */
  readonly transactions: readonly Transaction[];
  readonly commandCount: number;
}

/** Called while an entry is applied, so that reads keep their place between the writes of their session. */
export interface ApplyHooks {
  /** Sessions that have a read waiting for one of their own requests. */
  readonly waitingSessions: ReadonlySet<number>;
  /** Whether transactions are wanted; asked for each command, as a watch may begin between two of an entry. */
  isWatched(this: void): boolean;
  /** `request` of such a session has just been applied; the tree shows exactly the writes up to it. */
  requestApplied(sessionId: number, request: number): void;
}

/** A question to one replica. Bounds are checked by the asker's peer; apply never sees it. */
export type Query =
  | TreeQuery
  | { readonly kind: 'ephemerals'; readonly sessionId: number; readonly under: string };

export type QueryAnswer = Answer<ZnodeRecord>;

/** Bounds of the asking peer: a query that exceeds one fails, it is never cut silently. */
export interface QueryBounds {
  /** Names that a listing without a limit may answer; also paths in one `get-many`. */
  readonly pageNamesMax: number;
}

/** `node`: that path. `children`: the direct children, not the znode itself. `subtree`: it and all below. */
export type WatchScope = 'node' | 'children' | 'subtree';

/** Somebody says that it holds a session. */
export interface HolderClaim {
  readonly sessionId: number;
  readonly secretHash: Uint8Array;
  readonly holder: number;
}

/** A session as the ensemble knows it. */
export interface SessionView {
  readonly sessionId: number;
  readonly timeoutMs: number;
  readonly holder: number;
  readonly lastRequest: number;
  readonly ephemeralsCount: number;
  /** Wall time of its opening by the leader's clock. */
  readonly openedAtMs: number;
}
