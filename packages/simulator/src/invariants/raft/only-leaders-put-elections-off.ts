/**
 * OnlyLeadersPutElectionsOff: what a follower is told makes it wait longer only if it comes from the leader of its
 * own term, or is a request for its vote that it grants.
 *
 * Source: Raft thesis 3.4 ("valid RPCs from a leader or candidate"); catalogue B11 (the words of a deposed leader put
 * elections off, and nobody leads).
 * How: the wait that is left, before and after each message.
 * Boundaries: a peer that just ceased to lead or to campaign begins a new wait. A new wait may also be shorter than
 * what was left of the old one: that puts nothing off.
 */
import type { ReplicaMessage } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedStep } from '../invariant.ts';

export const onlyLeadersPutElectionsOff: Invariant = {
  name: 'OnlyLeadersPutElectionsOff',
  statement: 'Nothing but a leader of its term, or a vote that it gives, makes a follower wait longer.',
  source: 'Raft thesis 3.4',
  watch(): InvariantWatch {
    return {
      stepped(step) {
        const { peer, input, before, after } = step;
        if (input?.kind !== 'message' || after.ticksUntilCampaign <= before.ticksUntilCampaign) return;
        if (before.role !== 'follower' || after.role !== 'follower' || mayPutOff(step, input.message)) return;
        throw new InvariantBroken('OnlyLeadersPutElectionsOff', 'an election is put off without a reason', {
          member: peer.member,
          term: after.term,
          from: input.message.from,
          kind: input.message.kind,
          messageTerm: input.message.term,
          ticksBefore: before.ticksUntilCampaign,
          ticks: after.ticksUntilCampaign,
        });
      },
    };
  },
};

function mayPutOff({ output, after }: ObservedStep, message: ReplicaMessage): boolean {
  if (message.kind === 'append' || message.kind === 'install-snapshot') return message.term === after.term;
  const isGranted = (reply: ReplicaMessage): boolean => reply.kind === 'vote-reply' && reply.granted;
  return message.kind === 'vote' && [...output.sendNow, ...output.sendAfterPersist].some(isGranted);
}
