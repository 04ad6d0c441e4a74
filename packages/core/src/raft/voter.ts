/**
 * How votes and pre-votes are answered, in every role.
 *
 * A voter that hears from a live leader ignores candidates (Raft thesis 4.2.3), so that a member that was cut off
 * or removed cannot depose it; a candidate that the leader itself sent (3.10) is excepted. A pre-vote (9.6)
 * changes nothing here, except that a pre-candidate may give way; a refusal shows this peer's term, from which a
 * candidate that is behind learns it (openraft #1796).
 */
import { becomeFollower } from './follower.ts';
import type { PreVote, Vote } from './messages.ts';
import type { RaftState } from './state.ts';

export function handlePreVote(state: RaftState, message: PreVote): void {
  const granted =
    message.term > state.term && state.isAdmitted && !hearsLeader(state) && state.log.isUpToDate(message);
  if (granted) giveWay(state, message.from);
  const term = granted ? message.term : state.term;
  state.outbox.send({ kind: 'pre-vote-reply', ...state.header(message.from, term), granted });
}

export function handleVote(state: RaftState, message: Vote): void {
  if (message.term >= state.term && !message.transfer && hearsLeader(state)) return;
  if (message.term > state.term) becomeFollower(state, message.term, undefined);
  const granted =
    message.term === state.term &&
    state.isAdmitted &&
    state.leader === undefined &&
    (state.vote === undefined || state.vote === message.from) &&
    state.log.isUpToDate(message);
  if (granted) {
    state.setVote(message.from);
    state.resetElectionTimer();
  }
  state.outbox.promise({ kind: 'vote-reply', ...state.header(message.from), granted });
}

/**
 * Two that campaign at once split the vote, and then nobody leads for a whole time-out. So of two that ask each other
 * at once the one with the smaller id goes on: its question arrives before its yes, so the other has given way before
 * it could win. It asks again after a heartbeat, should nobody lead by then.
 */
function giveWay(state: RaftState, candidate: string): void {
  if (state.candidacy?.phase !== 'pre-vote' || candidate > state.id) return;
  becomeFollower(state, state.term, undefined);
  state.electionAt = state.now + state.config.heartbeatTicks;
}

function hearsLeader(state: RaftState): boolean {
  if (state.role === 'leader') return true;
  if (state.leader === undefined) return false;
  return state.now - state.leaderHeardAt < state.config.electionTicks;
}
