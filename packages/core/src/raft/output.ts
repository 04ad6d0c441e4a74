/**
 * What crosses Raft's edge outwards. The order is in the shape: what is in `sendAfterPersist` promises that
 * `persist` (and every persist before it) is durable; what is in `sendNow` promises nothing.
 */
import type { WriteBatch } from '../ports/storage.ts';
import type { SnapshotMeta } from '../ports/entry.ts';
import type { InstallSnapshot, RaftMessage } from './messages.ts';

/** What a peer is in its term. */
export type Role = 'follower' | 'candidate' | 'leader' | 'learner';

/** Something to make durable. Tickets count up from 1; answer with a `persisted` input, in order. */
export interface Persist {
  readonly ticket: number;
  readonly batch: WriteBatch;
}

/** What became of a `read`, a `transfer` or of leadership itself. */
export type RaftNotice =
  | { readonly kind: 'role'; readonly role: Role; readonly term: number }
  | { readonly kind: 'leader'; readonly leader: string | undefined; readonly term: number }
  /** Reads under these ids may be served once `index` is applied. */
  | { readonly kind: 'read-index'; readonly ids: readonly number[]; readonly index: number }
  /** These reads were lost with their leader: ask again under a fresh id. */
  | { readonly kind: 'read-failed'; readonly ids: readonly number[] }
  | { readonly kind: 'transfer-done' | 'transfer-failed'; readonly to: string | undefined }
  /** The membership in force changed (also at the founding). */
  | { readonly kind: 'members' }
  /** A member has been silent for an election time-out, or answers again. Only the leader knows. */
  | { readonly kind: 'member-health'; readonly member: string; readonly healthy: boolean }
  /** This peer is founding or rejoining: it may vote from now on. */
  | { readonly kind: 'admitted' }
  /** This peer's storage has no room; it neither leads nor campaigns until it has. */
  | { readonly kind: 'storage-full' | 'storage-writable' };

export interface RaftOutput {
  readonly persist: Persist | undefined;
  readonly sendAfterPersist: readonly RaftMessage[];
  readonly sendNow: readonly RaftMessage[];
  /** Chunks of the local snapshot that followers need: answer each with a `snapshot-read` input. */
  readonly snapshotReads: readonly {
    readonly to: string;
    readonly meta: SnapshotMeta;
    readonly offset: number;
    readonly length: number;
  }[];
  /** A chunk that arrived, in order: feed it to the machine and answer with `chunk-judged`. */
  readonly receivedChunk: InstallSnapshot | undefined;
  readonly notices: readonly RaftNotice[];
  /**
   * A follower does not know yet what is committed, or durable everywhere. The next append carries it, and often
   * comes in the same turn: answer with a `continue` input at its end.
   */
  readonly hasNews: boolean;
}
