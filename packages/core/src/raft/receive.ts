/** Which message means what in which term (Raft thesis 3.3); the meaning itself is in the files of the roles. */
import { unreachable } from '../invariant.ts';
import { handleProbe, handleProbeReply } from './admission.ts';
import { campaign, handlePreVoteReply, handleVoteReply } from './candidate.ts';
import { becomeFollower, handleAppend, isToldToCampaign } from './follower.ts';
import type { RaftMessage } from './messages.ts';
import { handleReadIndex, handleReadIndexReply } from './read-index.ts';
import { handleAppendReply } from './replication.ts';
import { handleInstallSnapshot } from './snapshot-receiving.ts';
import { handleInstallReply } from './snapshot-sending.ts';
import type { RaftState } from './state.ts';
import { handlePreVote, handleVote } from './voter.ts';

export function receive(state: RaftState, message: RaftMessage): void {
  if (message.to !== state.id || message.from === state.id) return;
  // These are about terms, or come before there are any; each has its own rule for them.
  switch (message.kind) {
    case 'probe':
      return handleProbe(state, message);
    case 'probe-reply':
      return handleProbeReply(state, message);
    case 'pre-vote':
      return handlePreVote(state, message);
    case 'pre-vote-reply':
      return handlePreVoteReply(state, message);
    case 'vote':
      return handleVote(state, message);
    default:
      return receiveOrdinary(state, message);
  }
}

type Ordinary = Exclude<
  RaftMessage,
  { readonly kind: 'probe' | 'probe-reply' | 'pre-vote' | 'pre-vote-reply' | 'vote' }
>;

function receiveOrdinary(state: RaftState, message: Ordinary): void {
  if (message.term > state.term) becomeFollower(state, message.term, undefined);
  if (message.term < state.term) {
    answerStale(state, message);
    return;
  }
  switch (message.kind) {
    case 'append':
      return handleAppend(state, message);
    case 'install-snapshot':
      return handleInstallSnapshot(state, message);
    case 'append-reply':
      return handleAppendReply(state, message);
    case 'install-snapshot-reply':
      return handleInstallReply(state, message);
    case 'vote-reply':
      return handleVoteReply(state, message);
    case 'read-index':
      return handleReadIndex(state, message);
    case 'read-index-reply':
      return handleReadIndexReply(state, message);
    case 'timeout-now':
      if (isToldToCampaign(state, message)) campaign(state, true);
      return;
    default:
      return unreachable(message);
  }
}

/** Who is behind learns the term from the answer; a leader among them steps down (Raft thesis 3.3). */
function answerStale(state: RaftState, message: Ordinary): void {
  const header = state.header(message.from);
  if (message.kind === 'append') {
    state.outbox.send({
      kind: 'append-reply',
      ...header,
      accepted: false,
      matchIndex: 0,
      hintIndex: 0,
      hintTerm: 0,
      previousIndex: message.previousIndex,
      round: 0,
      admitted: false,
    });
  } else if (message.kind === 'install-snapshot') {
    const { index } = message.meta;
    const answer = { index, nextOffset: 0, installed: false, round: 0 };
    state.outbox.send({ kind: 'install-snapshot-reply', ...header, ...answer });
  } else if (message.kind === 'read-index') {
    handleReadIndex(state, message);
  }
}
