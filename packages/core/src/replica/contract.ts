/**
 * What crosses the brain's edge. `step(input)` is the whole of it: same state and same input give the same
 * output, so any run replays from its recorded inputs.
 */
import type { AppliedItem, Query, QueryAnswer, Transaction, WatchScope } from '../machine/contract.ts';
import type { SystemOp } from '../codec/op.ts';
import type { SnapshotMeta } from '../ports/entry.ts';
import type { Persist, RaftNotice, RaftOutput } from '../raft/output.ts';
import type { MessageHeader, RaftMessage } from '../raft/messages.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';

/** Batches of sessions for the leader, in order. */
export interface Propose extends MessageHeader {
  readonly kind: 'propose';
  readonly batches: readonly ProposedBatch[];
}

/** One encoded batch on its way to the leader. */
export interface ProposedBatch {
  readonly bytes: Uint8Array;
  /** A write of the batch waits for every voter (`acknowledge: 'all'`). */
  readonly announceDurable: boolean;
}

/** "These sessions were alive when I sent this": counts once a round that began later is confirmed. */
export interface Touch extends MessageHeader {
  readonly kind: 'touch';
  readonly id: number;
  readonly sessions: readonly number[];
}

export interface TouchReply extends MessageHeader {
  readonly kind: 'touch-reply';
  readonly id: number;
  /** Those that may live on; the others are unknown here or their expiry is in the log. */
  readonly sessions: readonly number[];
}

/** The leader refuses batches for now. `overloaded`: try again soon; `not-leader`: look who leads. */
export interface ProposeRefused extends MessageHeader {
  readonly kind: 'propose-refused';
  readonly reason: 'not-leader' | 'overloaded';
}

/** The leader's state digest at an index: a follower whose own differs has diverged. */
export interface DigestReport extends MessageHeader {
  readonly kind: 'digest';
  readonly index: number;
  /** 16 hexadecimal digits. */
  readonly digest: string;
}

/** Everything that one replica says to another. */
export type ReplicaMessage = RaftMessage | Propose | ProposeRefused | Touch | TouchReply | DigestReport;

export type ReadConsistency = 'session' | 'linearizable';

/** A read of a session, which keeps its place among the session's writes. */
export interface ReadRequest {
  readonly id: number;
  /** 0: of no session. */
  readonly sessionId: number;
  /** The session's last request before this read; it is answered from the state just after that request. */
  readonly afterRequest: number;
  /** Never older than this. */
  readonly minZxid: number;
  readonly consistency: ReadConsistency;
  readonly query: Query;
}

export interface WatchRequest {
  readonly id: number;
  readonly sessionId: number;
  readonly afterRequest: number;
  readonly minZxid: number;
  readonly path: string;
  readonly scope: WatchScope;
  /** Resume just after this zxid, without a snapshot; undefined: begin with a snapshot. */
  readonly from: number | undefined;
}

/** Everything that a replica can learn; `wallMs` is the wall clock when it did. */
export type ReplicaInput = { readonly wallMs: number } & (
  | { readonly kind: 'tick'; readonly count: number }
  | { readonly kind: 'message'; readonly message: ReplicaMessage }
  | { readonly kind: 'connected'; readonly member: string }
  | { readonly kind: 'disconnected'; readonly member: string }
  | { readonly kind: 'persisted'; readonly ticket: number }
  /** The storage has no room for the next write, or has it again. */
  | { readonly kind: 'storage'; readonly full: boolean }
  /** Batches of this peer's own sessions. */
  | { readonly kind: 'submit'; readonly batches: readonly ProposedBatch[] }
  /** A command of the ensemble; answered by an applied item with this ticket, if it was not lost on its way. */
  | { readonly kind: 'system'; readonly ticket: number; readonly op: SystemOp }
  | { readonly kind: 'read'; readonly request: ReadRequest }
  /** The caller no longer waits. */
  | { readonly kind: 'cancel-read'; readonly id: number }
  | { readonly kind: 'watch'; readonly request: WatchRequest }
  | { readonly kind: 'unwatch'; readonly id: number }
  | { readonly kind: 'touch'; readonly id: number; readonly sessions: readonly number[] }
  | { readonly kind: 'transfer'; readonly to: string | undefined }
  | {
      readonly kind: 'snapshot-read';
      readonly to: string;
      readonly meta: SnapshotMeta;
      readonly offset: number;
      readonly bytes: Uint8Array | undefined;
      readonly last: boolean;
    }
  /** Goes on with work that was cut into slices: applying, or writing a snapshot. */
  | { readonly kind: 'continue' }
);

/** What a watch gets. Its first delivery (snapshot, resumed history or failure) answers its registration. */
export type WatchDelivery =
  | {
      readonly kind: 'snapshot';
      readonly id: number;
      readonly zxid: number;
      readonly znodes: readonly ZnodeRecord[];
    }
  | { readonly kind: 'changes'; readonly id: number; readonly transaction: Transaction }
  | { readonly kind: 'resumed'; readonly id: number; readonly zxid: number }
  | { readonly kind: 'compacted'; readonly id: number; readonly oldestZxid: number }
  | {
      readonly kind: 'too-large';
      readonly id: number;
      readonly limitValue: number;
      readonly measured: number;
    };

export type ReadResult = {
  readonly kind: 'answer';
  readonly id: number;
  readonly zxid: number;
  readonly answer: QueryAnswer;
};

export type ReplicaNotice =
  | RaftNotice
  | { readonly kind: 'touched'; readonly id: number; readonly sessions: readonly number[] }
  /** A leader refused this peer's batches: the links send them again. */
  | { readonly kind: 'propose-refused'; readonly reason: 'not-leader' | 'overloaded' | 'no-leader' }
  /** A received snapshot replaced the whole state: links look after their sessions and send again. */
  | { readonly kind: 'installed'; readonly zxid: number }
  /** Two replicas had different states at the same index. This peer must stop. */
  | {
      readonly kind: 'divergence';
      readonly index: number;
      readonly expected: string;
      readonly actual: string;
    };

export interface AppliedOutput {
  readonly items: readonly AppliedItem[];
  /** Index of the entry. */
  readonly index: number;
}

/**
 * The runtime performs it in this order: send `sendNow`; start `persists`, perhaps together with those of the steps
 * that follow at once; send `sendAfterPersist` once this and every earlier persist is durable; start `snapshotReads`;
 * deliver `watches`, then `applied`, then `reads`, then `notices`. What is delivered is committed already, so it need
 * not wait for any of the others.
 */
export interface ReplicaOutput {
  /** In order; tickets count up by one. */
  readonly persists: readonly Persist[];
  readonly sendAfterPersist: readonly ReplicaMessage[];
  readonly sendNow: readonly ReplicaMessage[];
  readonly snapshotReads: RaftOutput['snapshotReads'];
  readonly watches: readonly WatchDelivery[];
  readonly applied: readonly AppliedOutput[];
  readonly reads: readonly ReadResult[];
  readonly notices: readonly ReplicaNotice[];
  /**
   * There is more to do at once: step `continue` after other work has had its turn. Said again by every step until it
   * is done, so only the last output counts.
   */
  readonly more: boolean;
}
