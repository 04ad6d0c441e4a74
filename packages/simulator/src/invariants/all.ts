/**
 * Every invariant that a world checks by itself, in the order in which a reader meets them.
 */
import type { Invariant } from './invariant.ts';
import { atMostOnePendingConfig } from './raft/at-most-one-pending-config.ts';
import { committedImmutable } from './raft/committed-immutable.ts';
import { committedIsDurable } from './raft/committed-is-durable.ts';
import { committedOnQuorum } from './raft/committed-on-quorum.ts';
import { configFollowsLog } from './raft/config-follows-log.ts';
import { durableBeforeAck } from './raft/durable-before-ack.ts';
import { electionSafety } from './raft/election-safety.ts';
import { leaderAppendOnly } from './raft/leader-append-only.ts';
import { leaderCompleteness } from './raft/leader-completeness.ts';
import { learnerNeverLeads } from './raft/learner-never-leads.ts';
import { logMatching } from './raft/log-matching.ts';
import { monotonicApplied } from './raft/monotonic-applied.ts';
import { monotonicCommit } from './raft/monotonic-commit.ts';
import { monotonicMatch } from './raft/monotonic-match.ts';
import { monotonicTerm } from './raft/monotonic-term.ts';
import { monotonicVote } from './raft/monotonic-vote.ts';
import { nextGtMatch } from './raft/next-gt-match.ts';
import { noEntryFromTheFuture } from './raft/no-entry-from-the-future.ts';
import { singleFounding } from './raft/single-founding.ts';
import { stateMachineSafety } from './raft/state-machine-safety.ts';
import { stateOrdering } from './raft/state-ordering.ts';
import { voteOncePerTerm } from './raft/vote-once-per-term.ts';
import { wipedNeverVotes } from './raft/wiped-never-votes.ts';

/** All invariants. */
export const allInvariants: readonly Invariant[] = Object.freeze([
  electionSafety,
  leaderAppendOnly,
  logMatching,
  leaderCompleteness,
  stateMachineSafety,
  committedOnQuorum,
  committedImmutable,
  monotonicTerm,
  monotonicVote,
  monotonicCommit,
  monotonicApplied,
  monotonicMatch,
  nextGtMatch,
  stateOrdering,
  durableBeforeAck,
  committedIsDurable,
  voteOncePerTerm,
  configFollowsLog,
  atMostOnePendingConfig,
  learnerNeverLeads,
  noEntryFromTheFuture,
  wipedNeverVotes,
  singleFounding,
]);
