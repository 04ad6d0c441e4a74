/**
 * CommitOnlyCompared: a follower moves its commit index only over entries that the leader of its term has shown to be
 * the same as its own.
 *
 * Source: Raft thesis 3.5 (min of the leader's commit and the last new entry); catalogue B15 (a follower commits what
 * was never compared).
 * How: an append that was accepted compares everything up to its last entry, for as long as the term lasts. What
 * lies behind that may be the rest of a deposed leader's log; that it seldom is makes the harm hard to see.
 * Boundaries: a snapshot compares everything up to its index. What is committed at a start was in a snapshot.
 */
import type { ReplicaMessage } from '@quorate/core/inspect';
import {
  InvariantBroken,
  type Invariant,
  type InvariantWatch,
  type ObservedPeer,
  type ObservedStep,
} from '../invariant.ts';

interface Compared {
  readonly term: number;
  readonly through: number;
}

export const commitOnlyCompared: Invariant = {
  name: 'CommitOnlyCompared',
  statement: 'A follower commits only what it has compared with its leader.',
  source: 'Raft thesis 3.5',
  watch(): InvariantWatch {
    const compared = new WeakMap<ObservedPeer, Compared>();
    return {
      stepped(step) {
        const { peer, input, before, after } = step;
        if (input?.kind !== 'message' || after.role === 'leader') return;
        const { message } = input;
        if (message.kind !== 'append' && message.kind !== 'install-snapshot') return;
        if (message.term !== after.term) return;
        const known = compared.get(peer);
        const now = message.kind === 'append' ? comparedBy(step, message) : message.meta.index;
        const through = Math.max(now, known?.term === after.term ? known.through : 0);
        if (through !== known?.through || known.term !== after.term)
          compared.set(peer, { term: after.term, through });
        if (after.commitIndex === before.commitIndex || after.commitIndex <= through) return;
        throw new InvariantBroken('CommitOnlyCompared', 'a follower commits what it has not compared', {
          member: peer.member,
          leader: message.from,
          term: after.term,
          commitIndex: after.commitIndex,
          comparedThrough: through,
        });
      },
    };
  },
};

/** The last index up to which this append has shown both logs to be the same; 0: it was refused. */
function comparedBy(
  { output }: ObservedStep,
  { entries, previousIndex }: Extract<ReplicaMessage, { readonly kind: 'append' }>,
): number {
  const accepts = (reply: ReplicaMessage): boolean => reply.kind === 'append-reply' && reply.accepted;
  const isAccepted = output.sendNow.some(accepts) || output.sendAfterPersist.some(accepts);
  return isAccepted ? previousIndex + entries.length : 0;
}
