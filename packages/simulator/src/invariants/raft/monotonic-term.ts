/**
 * MonotonicTerm: the term of a peer never falls; a restart begins at least where its disk was.
 *
 * Source: Raft thesis 3.3 and 3.8 (persisted state).
 * Boundaries: a term that was never durable may be forgotten by a crash, because nobody was told of it
 * (DurableBeforeAck). A wiped disk is another incarnation, which begins at 0.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const monotonicTerm: Invariant = {
  name: 'MonotonicTerm',
  statement: 'The term of a peer never falls.',
  source: 'Raft thesis 3.3, 3.8',
  watch({ disks }): InvariantWatch {
    return {
      opened(peer) {
        const durable = disks.ofPeer(peer).term;
        const { term } = peer.replica.raft;
        if (term >= durable) return;
        throw new InvariantBroken('MonotonicTerm', 'a restart went back to an earlier term', {
          member: peer.member,
          durable,
          term,
        });
      },
      stepped({ peer, before, after }) {
        if (after.term >= before.term) return;
        throw new InvariantBroken('MonotonicTerm', 'the term went back', {
          member: peer.member,
          before: before.term,
          after: after.term,
        });
      },
    };
  },
};
