/**
 * Elections (Raft thesis 3.4), each after a pre-vote (9.6) that changes nothing: a peer that cannot win does not
 * raise its term and so cannot disturb a leader.
 *
 * A candidate whose log is empty needs the vote of every voter, not of a quorum: this is what makes two
 * foundings of one ensemble impossible (admission.ts has the argument).
 */
import { invariant } from '../invariant.ts';
import { becomeFollower, setLeader } from './follower.ts';
import { becomeLeader } from './leader.ts';
import { listedIncarnation } from './membership.ts';
import type { PreVoteReply, VoteReply } from './messages.ts';
import { electionResult } from './quorum.ts';
import type { Candidacy } from './role-state.ts';
import type { RaftState } from './state.ts';

export function startPreVote(state: RaftState): void {
  invariant(state.mayCampaign, 'only an admitted voter campaigns');
  const candidacy = run(state, 'pre-vote');
  if (decide(state, candidacy) === 'won') {
    campaign(state, false);
    return;
  }
  const { lastIndex, lastTerm } = state.log;
  for (const voter of otherVoters(state)) {
    const header = state.header(voter, state.term + 1);
    state.outbox.send({ kind: 'pre-vote', ...header, lastIndex, lastTerm });
  }
}

/**
 * `transfer`: the leader asked for it, so voters do not protect it (3.10).
 *
 * The own vote is one like any other: it counts once it is durable. With other voters it always is before they are
 * even asked; a single one would else lead a term that it has forgotten after a crash, and lead it a second time.
 */
export function campaign(state: RaftState, transfer: boolean): void {
  invariant(state.mayCampaign, 'only an admitted voter campaigns');
  setLeader(state, undefined);
  state.setTerm(state.term + 1, state.id);
  run(state, 'vote');
  const { lastIndex, lastTerm } = state.log;
  for (const voter of otherVoters(state)) {
    state.outbox.promise({ kind: 'vote', ...state.header(voter), lastIndex, lastTerm, transfer });
  }
}

/** Something has become durable: perhaps the own vote, and no other one is needed. */
export function ownVoteDurable(state: RaftState): void {
  const { candidacy } = state;
  if (candidacy?.phase !== 'vote' || !state.outbox.isHardStateDurable) return;
  if (decide(state, candidacy) === 'won') becomeLeader(state);
}

export function handlePreVoteReply(state: RaftState, message: PreVoteReply): void {
  if (!message.granted && message.term > state.term) {
    becomeFollower(state, message.term, undefined);
    return;
  }
  const { candidacy } = state;
  if (candidacy?.phase !== 'pre-vote') return;
  if (message.granted && message.term !== state.term + 1) return;
  count(state, candidacy, message);
  const result = decide(state, candidacy);
  if (result === 'won') campaign(state, false);
  if (result === 'lost') becomeFollower(state, state.term, undefined);
}

export function handleVoteReply(state: RaftState, message: VoteReply): void {
  const { candidacy } = state;
  if (candidacy?.phase !== 'vote' || message.term !== state.term) return;
  count(state, candidacy, message);
  const result = decide(state, candidacy);
  if (result === 'won') becomeLeader(state);
  if (result === 'lost') becomeFollower(state, state.term, undefined);
}

function run(state: RaftState, phase: Candidacy['phase']): Candidacy {
  setLeader(state, undefined);
  const candidacy: Candidacy = { phase, votes: new Map([[state.id, true]]) };
  state.role = 'candidate';
  state.candidacy = candidacy;
  state.resetElectionTimer();
  return candidacy;
}

/** Another incarnation than the listed one has forgotten what it voted: it does not count. */
function count(state: RaftState, candidacy: Candidacy, message: PreVoteReply | VoteReply): void {
  if (listedIncarnation(state.membership, message.from) !== message.incarnation) return;
  candidacy.votes.set(message.from, message.granted);
}

function decide(state: RaftState, candidacy: Candidacy): ReturnType<typeof electionResult> {
  return electionResult(state.membership, candidacy.votes, state.isEmpty ? 'unanimous' : 'quorum');
}

function otherVoters(state: RaftState): readonly string[] {
  const { voters, outgoing } = state.membership;
  return [...new Set([...voters, ...outgoing])].filter((id) => id !== state.id);
}
