/** What a peer keeps only while it is in a role, or while something is under way. Each is owned by one file. */
import type { SnapshotMeta } from '../ports/entry.ts';
import type { Membership } from './membership.ts';
import type { InstallSnapshot } from './messages.ts';
import type { Progress } from './progress.ts';

/** A membership written down as the reason why this incarnation may vote (ports/entry.ts: HardState.founding). */
export interface AdmissionRecord {
  readonly membership: Membership;
  readonly bytes: Uint8Array;
}

/** Owned by candidate.ts. */
export interface Candidacy {
  readonly phase: 'pre-vote' | 'vote';
  /** By voter; only answers of listed incarnations. */
  readonly votes: Map<string, boolean>;
}

/** A read that the leader has to confirm. `from` undefined: asked here. */
export interface LeaderRead {
  readonly id: number;
  readonly from: string | undefined;
}

/** Owned by leader.ts and the files that it calls. */
export interface Leadership {
  readonly followers: Map<string, Progress>;
  /** Index of this leader's first entry: once it is committed, so is everything of earlier terms. */
  readonly firstIndex: number;
  /** Ensemble time and ticks at the beginning. */
  readonly elapsedMsAtStart: number;
  readonly ticksAtStart: number;
  /** The same moment as timers count it. */
  readonly startedAt: number;
  heartbeatAt: number;
  /** Number of the last round; every append shows it. */
  round: number;
  /** Not in a round yet. */
  readsWaiting: LeaderRead[];
  /** In a round each, in the order of the rounds. */
  readRounds: { readonly round: number; readonly index: number; readonly reads: readonly LeaderRead[] }[];
  uncommittedBytes: number;
  /** Entries from `first` to `last` were proposed with announceDurable, at least these two; `last` 0: none. */
  announce: { readonly first: number; readonly last: number };
  /** Followers are told at once that everything up to here is durable everywhere. */
  durableNews: number;
}

/** Owned by transfer.ts. Outlives the leadership, until it is known who leads then. */
export interface LeadershipTransfer {
  readonly to: string;
  readonly failAt: number;
  isTold: boolean;
}

/** Owned by snapshot-receiving.ts: a snapshot that is arriving. Given up when the log goes on without it. */
export interface Receiving {
  readonly from: string;
  readonly meta: SnapshotMeta;
  nextOffset: number;
  judging: InstallSnapshot | undefined;
}
