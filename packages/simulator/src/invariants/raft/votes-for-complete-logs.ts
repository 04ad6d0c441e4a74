/**
 * VotesForCompleteLogs: a vote is given, or promised, only to a candidate whose log is at least as complete as the
 * voter's own: its last term is higher, or the same and its log at least as long.
 *
 * Source: Raft thesis 3.6.1 (election restriction); catalogue B12 (the target of a transfer wins although it is
 * behind).
 * Boundaries: an own log that is not durable yet counts as it is in memory. A request changes no log, so the voter's
 * is the same before and after.
 */
import type { ReplicaMessage } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const votesForCompleteLogs: Invariant = {
  name: 'VotesForCompleteLogs',
  statement: 'Nobody votes for a candidate whose log is behind.',
  source: 'Raft thesis 3.6.1',
  watch(): InvariantWatch {
    return {
      stepped({ peer, input, output, after }) {
        if (input?.kind !== 'message') return;
        const { message } = input;
        if (message.kind !== 'vote' && message.kind !== 'pre-vote') return;
        if (![...output.sendNow, ...output.sendAfterPersist].some(isGranted)) return;
        const ownTerm = peer.replica.raft.termAt(after.lastIndex);
        const { lastIndex, lastTerm } = message;
        if (lastTerm > ownTerm || (lastTerm === ownTerm && lastIndex >= after.lastIndex)) return;
        throw new InvariantBroken('VotesForCompleteLogs', 'a candidate that is behind is voted for', {
          member: peer.member,
          own: { index: after.lastIndex, term: ownTerm },
          candidate: message.from,
          its: { index: lastIndex, term: lastTerm },
          kind: message.kind,
        });
      },
    };
  },
};

function isGranted(message: ReplicaMessage): boolean {
  return (message.kind === 'vote-reply' || message.kind === 'pre-vote-reply') && message.granted;
}
