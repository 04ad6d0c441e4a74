/** Log entries and snapshots as storages and transports see them: opaque bodies with a place in the log. */

/**
 * One record of the replicated log: a batch of commands with its term, index and the leader's times.
 * `body` is written once by the leader and then travels unchanged to every disk and every follower.
 */
export interface Entry {
  readonly index: number;
  readonly term: number;
  /** `noop`: a new leader's first entry, empty body. `membership`: who the members are. `commands`: batches. */
  readonly kind: 'noop' | 'membership' | 'commands';
  /** The leader's wall clock in milliseconds since 1970; for ctime and mtime only. */
  readonly wallMs: number;
  /** Elapsed time of the ensemble in milliseconds; for TTLs, so that a wrong clock deletes nothing. */
  readonly elapsedMs: number;
  readonly body: Uint8Array;
}

/** Names one snapshot: the state after the entry at `index`, which had `term`. */
export interface SnapshotMeta {
  readonly index: number;
  readonly term: number;
  /** Elapsed time of the ensemble at that entry. */
  readonly elapsedMs: number;
  /** Encoded membership in force at that entry (raft/membership.ts). */
  readonly membership: Uint8Array;
}

/** What Raft must find again after a restart besides the log. */
export interface HardState {
  readonly term: number;
  /** Member id voted for in `term`. */
  readonly vote: string | undefined;
  /**
   * Encoded membership by which this incarnation was admitted: the founding one, from the moment in which every
   * listed member had answered "empty", and later the newest one that is known to be committed and lists it.
   * Present: this incarnation may vote although its log may still be empty.
   */
  readonly founding: Uint8Array | undefined;
}
