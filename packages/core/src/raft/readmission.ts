/**
 * The leader's part in the return of a member that lost its data (admission.ts has the whole story): which new
 * incarnation has caught up and may be listed by an entry of the log.
 *
 * Catching up goes in rounds (Raft thesis 4.2.1): it is done when everything that was committed at the beginning
 * of a round is there within an election time-out, so that the rest is short.
 */
import { listedIncarnation } from './membership.ts';
import type { Progress } from './progress.ts';
import type { RaftState } from './state.ts';

/**
 * One member to list with its new incarnation, if any: one change of the membership at a time, and only after
 * an entry of the leader's own term is committed (Ongaro's correction of 2015 to thesis 4.1).
 */
export function returningMember(
  state: RaftState,
): { readonly id: string; readonly incarnation: number } | undefined {
  const { leadership, memberships } = state;
  if (leadership === undefined || !state.hasCommittedOwnTerm) return undefined;
  if (memberships.currentIndex > state.commitIndex) return undefined;
  for (const progress of leadership.followers.values()) {
    const { incarnation, member } = progress;
    if (incarnation === undefined || incarnation === listedIncarnation(state.membership, member)) continue;
    if (hasCaughtUp(state, progress)) return { id: member, incarnation };
  }
  return undefined;
}

function hasCaughtUp(state: RaftState, progress: Progress): boolean {
  const { now, commitIndex } = state;
  const { catchUp } = progress;
  if (catchUp !== undefined && progress.matchIndex >= catchUp.target) {
    if (now - catchUp.since <= state.config.electionTicks) return true;
    progress.catchUp = undefined;
  }
  progress.catchUp ??= { target: commitIndex, since: now };
  return false;
}
