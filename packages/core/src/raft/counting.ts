/**
 * Whose word counts at the leader, and what the answers of followers say about them.
 *
 * A voter counts when the incarnation that answers is the one that the membership lists, and when it is certain
 * that this listing is committed: no membership that may still be undone says otherwise, or the follower itself
 * vouches for it. Until then a returning member is replicated to but counted for nothing: not for commit, not
 * for rounds, not for check-quorum, not for durableIndex (admission.ts has the reasons).
 */
import { listedIncarnation } from './membership.ts';
import type { MessageHeader } from './messages.ts';
import type { Progress } from './progress.ts';
import type { RaftState } from './state.ts';

export function isCounted(state: RaftState, progress: Progress): boolean {
  const { incarnation, member } = progress;
  if (incarnation === undefined || listedIncarnation(state.membership, member) !== incarnation) return false;
  return progress.isVouched || state.isUndisputed(member, incarnation);
}

/** For quorum arithmetic: the leader's own value, a counted follower's, or `otherwise`. */
export function countedValue(
  state: RaftState,
  values: { readonly own: number; readonly of: (progress: Progress) => number; readonly otherwise: number },
): (voter: string) => number {
  return (voter) => {
    if (voter === state.id) return values.own;
    const progress = state.leadership?.followers.get(voter);
    return progress !== undefined && isCounted(state, progress) ? values.of(progress) : values.otherwise;
  };
}

/**
 * A follower answered in this term: it is alive, and it has not moved to a newer term since the round that it
 * echoes began. Undefined: nobody that this leader replicates to.
 */
export function hearFollower(
  state: RaftState,
  answer: MessageHeader & { readonly round: number },
  previousIndex: number,
): Progress | undefined {
  const progress = state.leadership?.followers.get(answer.from);
  if (progress === undefined) return undefined;
  if (progress.incarnation === undefined) progress.incarnation = answer.incarnation;
  if (progress.incarnation !== answer.incarnation) {
    progress.reborn(answer.incarnation, Math.min(previousIndex, state.log.lastIndex) + 1);
  }
  progress.heardAt = state.now;
  progress.roundEchoed = Math.max(progress.roundEchoed, Math.min(answer.round, progress.roundSent));
  if (!progress.isHealthy) {
    progress.isHealthy = true;
    state.outbox.notice({ kind: 'member-health', member: progress.member, healthy: true });
  }
  return progress;
}
