/** What crosses Raft's edge inwards. Raft is a function of its inputs: no clock, no promise, no I/O. */
import type { HardState, SnapshotMeta, Entry } from '../ports/entry.ts';
import type { RaftMessage } from './messages.ts';

export type RaftInput =
  /** `count` ticks have passed since the last one. */
  | { readonly kind: 'tick'; readonly count: number }
  | { readonly kind: 'message'; readonly message: RaftMessage }
  | { readonly kind: 'connected'; readonly member: string }
  /** The connection to this member broke; if it led, its followers need not wait for a time-out. */
  | { readonly kind: 'disconnected'; readonly member: string }
  /** Everything up to this ticket's `persist` is durable. Tickets complete in order. */
  | { readonly kind: 'persisted'; readonly ticket: number }
  /** The storage has no room for the next `persist`, or has it again. */
  | { readonly kind: 'storage'; readonly full: boolean }
  /**
   * Appends one entry of commands; call it only when Raft.canPropose says so. `announceDurable`: tell followers
   * at once when every voter has this entry durably, because a session waits for that.
   */
  | { readonly kind: 'propose'; readonly body: Uint8Array; readonly announceDurable: boolean }
  /**
   * Asks for a read index, whoever leads (Raft thesis 6.4): confirmed by a round that begins after this input.
   * At the leader it also proves leadership, which is what confirms a session's touch. Ids are never used twice.
   * Answered by a `read-index` or `read-failed` notice.
   */
  | { readonly kind: 'read'; readonly id: number }
  /** What came in the same turn has been stepped. Answers `hasNews`, and does nothing if there are none. */
  | { readonly kind: 'continue' }
  /** Leadership transfer (Raft thesis 3.10) to a voter; undefined: to the one that has caught up furthest. */
  | { readonly kind: 'transfer'; readonly to: string | undefined }
  /** An own snapshot is complete and durable: the log before it may go. */
  | { readonly kind: 'snapshot-taken'; readonly meta: SnapshotMeta }
  /** Answer to a `snapshotReads` request. `bytes` undefined: it could not be read, e.g. a newer one replaced it. */
  | {
      readonly kind: 'snapshot-read';
      readonly to: string;
      readonly meta: SnapshotMeta;
      readonly offset: number;
      readonly bytes: Uint8Array | undefined;
      readonly last: boolean;
    }
  /**
   * The machine has decoded a received chunk (and, at the last one, holds the new state), or refused it. The
   * snapshot is in force if and only if snapshotIndex is its index after the last chunk's judgement.
   */
  | { readonly kind: 'chunk-judged'; readonly meta: SnapshotMeta; readonly accepted: boolean };

/** What Raft finds when it starts. */
export interface RaftRestored {
  readonly hardState: HardState | undefined;
  readonly snapshot: SnapshotMeta | undefined;
  readonly entries: readonly Entry[];
}

export interface RaftConfig {
  readonly id: string;
  readonly incarnation: number;
  /** The first members of a new ensemble, id to address; contains `id`. */
  readonly members: Readonly<Record<string, string>>;
  readonly heartbeatTicks: number;
  /** Least ticks of silence before a campaign; each is drawn from this to twice this. */
  readonly electionTicks: number;
  /** Milliseconds of one tick: an entry's elapsed time counts them. */
  readonly tickMs: number;
  readonly appendEntriesMax: number;
  readonly appendBytesMax: number;
  readonly followerMessagesInFlightMax: number;
  readonly followerBytesInFlightMax: number;
  readonly uncommittedBytesMax: number;
  readonly snapshotChunkBytes: number;
  readonly logEntriesKept: number;
  /** A uniformly distributed unsigned 32-bit integer. */
  readonly randomU32: () => number;
}
