/**
 * Every invariant that a world checks by itself, in the order in which a reader meets them. What needs to know what
 * clients asked and were answered (linearizability, watches, locks, queues) is checked from histories instead.
 *
 * Not expressible here, with the reason:
 * - JointEventuallyLeft: no membership is ever joint yet, because members cannot be changed at run time.
 *   AtMostOnePendingConfig is checked: the admission of a new incarnation is a membership entry like any other.
 * - AclOnEveryPath: there are no access rules yet.
 * - QuotaBound: there are no quotas on parts of the tree yet; the limits of the whole ensemble are in RepliesBounded
 *   and HistoryBounded.
 * - NoLeakedTimer: a replica has no timers; those of a peer end with its life in the world.
 */
import type { Invariant } from './invariant.ts';
import { converged } from './liveness/converged.ts';
import { leaderElected } from './liveness/leader-elected.ts';
import { noElectionStorm } from './liveness/no-election-storm.ts';
import { sessionsExpire } from './liveness/sessions-expire.ts';
import { snapshotsFinish } from './liveness/snapshots-finish.ts';
import { atMostOnePendingConfig } from './raft/at-most-one-pending-config.ts';
import { committedImmutable } from './raft/committed-immutable.ts';
import { committedIsDurable } from './raft/committed-is-durable.ts';
import { committedOnQuorum } from './raft/committed-on-quorum.ts';
import { configFollowsLog } from './raft/config-follows-log.ts';
import { durableBeforeAck } from './raft/durable-before-ack.ts';
import { electedByQuorum } from './raft/elected-by-quorum.ts';
import { electionSafety } from './raft/election-safety.ts';
import { leaderAppendOnly } from './raft/leader-append-only.ts';
import { leaderCompleteness } from './raft/leader-completeness.ts';
import { leaderHasQuorum } from './raft/leader-has-quorum.ts';
import { leaderOpensTerm } from './raft/leader-opens-term.ts';
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
import { onlyLeadersPutElectionsOff } from './raft/only-leaders-put-elections-off.ts';
import { preVoteFirst } from './raft/pre-vote-first.ts';
import { votesForCompleteLogs } from './raft/votes-for-complete-logs.ts';
import { votersKeepTheirLeader } from './raft/voters-keep-their-leader.ts';
import { silentLeaderIsReplaced } from './raft/silent-leader-is-replaced.ts';
import { electionTimeoutsDiffer } from './raft/election-timeouts-differ.ts';
import { transferTargetIsComplete } from './raft/transfer-target-is-complete.ts';
import { ownDiskHoldsOwnCount } from './raft/own-disk-holds-own-count.ts';
import { commitOnlyCompared } from './raft/commit-only-compared.ts';
import { snapshotFollowsAnswers } from './raft/snapshot-follows-answers.ts';
import { answerMovesSnapshot } from './raft/answer-moves-snapshot.ts';
import { noReadForgotten } from './raft/no-read-forgotten.ts';
import { readIndexOfOwnTerm } from './raft/read-index-of-own-term.ts';
import { stateMachineSafety } from './raft/state-machine-safety.ts';
import { stateOrdering } from './raft/state-ordering.ts';
import { voteOncePerTerm } from './raft/vote-once-per-term.ts';
import { wipedNeverVotes } from './raft/wiped-never-votes.ts';
import { bytesInFlightBound } from './resources/bytes-in-flight-bound.ts';
import { historyBounded } from './resources/history-bounded.ts';
import { messageBounds } from './resources/message-bounds.ts';
import { noUnboundedLog } from './resources/no-unbounded-log.ts';
import { queueBounds } from './resources/queue-bounds.ts';
import { repliesBounded } from './resources/replies-bounded.ts';
import { expiryAfterFullTimeout } from './sessions/expiry-after-full-timeout.ts';
import { expiryOnEvidence } from './sessions/expiry-on-evidence.ts';
import { linearizableReadIsFresh } from './sessions/linearizable-read-is-fresh.ts';
import { noTouchWhileExpiring } from './sessions/no-touch-while-expiring.ts';
import { onlyTheHolderActs } from './sessions/only-the-holder-acts.ts';
import { sessionRequestsWithoutGaps } from './sessions/session-requests-without-gaps.ts';
import { touchConfirmedByMajority } from './sessions/touch-confirmed-by-majority.ts';
import { damageHasACause } from './storage/damage-has-a-cause.ts';
import { durableIsFound } from './storage/durable-is-found.ts';
import { failedSyncIsFinal } from './storage/failed-sync-is-final.ts';
import { cversionMonotone } from './tree/cversion-monotone.ts';
import { dedupOnce } from './tree/dedup-once.ts';
import { digestAgreement } from './tree/digest-agreement.ts';
import { historyContiguous } from './tree/history-contiguous.ts';
import { multiAtomic } from './tree/multi-atomic.ts';
import { noOpAfterClose } from './tree/no-op-after-close.ts';
import { replayEqualsLive } from './tree/replay-equals-live.ts';
import { sequenceNamesUnique } from './tree/sequence-names-unique.ts';
import { reapedOnEvidence } from './tree/reaped-on-evidence.ts';
import { sessionEphemeral } from './tree/session-ephemeral.ts';
import { statConsistent } from './tree/stat-consistent.ts';
import { stateValidates } from './tree/state-validates.ts';

/** All invariants. */
export const allInvariants: readonly Invariant[] = Object.freeze([
  // Raft: thesis figure 3.2, and what is built on it.
  electionSafety,
  electedByQuorum,
  votesForCompleteLogs,
  preVoteFirst,
  votersKeepTheirLeader,
  silentLeaderIsReplaced,
  onlyLeadersPutElectionsOff,
  electionTimeoutsDiffer,
  transferTargetIsComplete,
  leaderHasQuorum,
  leaderOpensTerm,
  leaderAppendOnly,
  logMatching,
  leaderCompleteness,
  stateMachineSafety,
  committedOnQuorum,
  commitOnlyCompared,
  committedImmutable,
  monotonicTerm,
  monotonicVote,
  monotonicCommit,
  monotonicApplied,
  monotonicMatch,
  nextGtMatch,
  stateOrdering,
  durableBeforeAck,
  ownDiskHoldsOwnCount,
  committedIsDurable,
  voteOncePerTerm,
  configFollowsLog,
  atMostOnePendingConfig,
  learnerNeverLeads,
  noEntryFromTheFuture,
  wipedNeverVotes,
  singleFounding,
  snapshotFollowsAnswers,
  answerMovesSnapshot,
  noReadForgotten,
  readIndexOfOwnTerm,
  // Storages.
  durableIsFound,
  damageHasACause,
  failedSyncIsFinal,
  // The replicated state.
  digestAgreement,
  replayEqualsLive,
  sessionEphemeral,
  noOpAfterClose,
  cversionMonotone,
  sequenceNamesUnique,
  multiAtomic,
  statConsistent,
  dedupOnce,
  historyContiguous,
  reapedOnEvidence,
  stateValidates,
  // Sessions and reads.
  touchConfirmedByMajority,
  noTouchWhileExpiring,
  expiryAfterFullTimeout,
  expiryOnEvidence,
  sessionRequestsWithoutGaps,
  onlyTheHolderActs,
  linearizableReadIsFresh,
  // Bounds.
  queueBounds,
  bytesInFlightBound,
  messageBounds,
  noUnboundedLog,
  historyBounded,
  repliesBounded,
  // After the faults.
  leaderElected,
  converged,
  sessionsExpire,
  noElectionStorm,
  snapshotsFinish,
]);
