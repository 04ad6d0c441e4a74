/**
 * Raft's messages. Every one names its sender's term and incarnation. `term` of a pre-vote is the term that
 * the sender would campaign in; its own is one less.
 */
import type { Entry, SnapshotMeta } from '../ports/entry.ts';

export interface MessageHeader {
  readonly from: string;
  readonly to: string;
  readonly term: number;
  /** The sender's incarnation: a voter that lost its data comes back with another one. */
  readonly incarnation: number;
}

/** "Who are you?" — asked before an ensemble is founded, and by a member that lost its data. */
export interface Probe extends MessageHeader {
  readonly kind: 'probe';
  readonly empty: boolean;
}

export interface ProbeReply extends MessageHeader {
  readonly kind: 'probe-reply';
  /** No entry and no snapshot: nothing was ever acknowledged (see raft/admission.ts). */
  readonly empty: boolean;
  /** `founding` lists the asker's incarnation: it has lost nothing, and may adopt it. */
  readonly listed: boolean;
  /** The founding membership known here, if `listed`. */
  readonly founding: Uint8Array | undefined;
}

/** (Raft thesis 9.6) */
export interface PreVote extends MessageHeader {
  readonly kind: 'pre-vote';
  readonly lastIndex: number;
  readonly lastTerm: number;
}

export interface PreVoteReply extends MessageHeader {
  readonly kind: 'pre-vote-reply';
  readonly granted: boolean;
}

/** RequestVote (Raft thesis 3.4). `transfer`: the leader asked for it, so stickiness does not apply (3.10). */
export interface Vote extends MessageHeader {
  readonly kind: 'vote';
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly transfer: boolean;
}

export interface VoteReply extends MessageHeader {
  readonly kind: 'vote-reply';
  readonly granted: boolean;
}

/** AppendEntries (Raft thesis 3.5); without entries it is the heartbeat and the commit announcement. */
export interface Append extends MessageHeader {
  readonly kind: 'append';
  readonly previousIndex: number;
  readonly previousTerm: number;
  readonly entries: readonly Entry[];
  readonly commitIndex: number;
  /** Highest index that every voter is known to hold durably, for `acknowledge: 'all'`. */
  readonly durableIndex: number;
  /** Number of the leader's round; the follower echoes it. A quorum of echoes proves leadership (6.4). */
  readonly round: number;
}

export interface AppendReply extends MessageHeader {
  readonly kind: 'append-reply';
  readonly accepted: boolean;
  /** Accepted: the follower's log equals the leader's up to here, durably. */
  readonly matchIndex: number;
  /** Rejected: the follower's last entry at or before previousIndex whose term is at most previousTerm. */
  readonly hintIndex: number;
  readonly hintTerm: number;
  /** Echo of the request's previousIndex: a reply that was overtaken is known by it. */
  readonly previousIndex: number;
  readonly round: number;
  /** The follower's log lists its incarnation, and it knows that this is committed: it may be counted. */
  readonly admitted: boolean;
}

/** InstallSnapshot (Raft thesis 5.1), one chunk of it. */
export interface InstallSnapshot extends MessageHeader {
  readonly kind: 'install-snapshot';
  readonly meta: SnapshotMeta;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly last: boolean;
  readonly round: number;
}

export interface InstallSnapshotReply extends MessageHeader {
  readonly kind: 'install-snapshot-reply';
  /** The snapshot that is spoken of. */
  readonly index: number;
  /** Where to go on; 0: start over. */
  readonly nextOffset: number;
  /** Installed (or not needed): the follower's log matches up to `index`. */
  readonly installed: boolean;
  readonly round: number;
}

/** Asks the leader for a read index (Raft thesis 6.4). The id is fresh per attempt. */
export interface ReadIndex extends MessageHeader {
  readonly kind: 'read-index';
  readonly id: number;
}

export interface ReadIndexReply extends MessageHeader {
  readonly kind: 'read-index-reply';
  readonly id: number;
  /** The index to wait for; -1: not the leader (any more), ask again. */
  readonly index: number;
}

/** Leadership transfer (Raft thesis 3.10): campaign at once. */
export interface TimeoutNow extends MessageHeader {
  readonly kind: 'timeout-now';
}

export type RaftMessage =
  | Probe
  | ProbeReply
  | PreVote
  | PreVoteReply
  | Vote
  | VoteReply
  | Append
  | AppendReply
  | InstallSnapshot
  | InstallSnapshotReply
  | ReadIndex
  | ReadIndexReply
  | TimeoutNow;
