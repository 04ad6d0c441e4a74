/**
 * StateMachineSafety: no two peers apply different entries at the same index.
 *
 * Source: Raft thesis 3.6.3 and figure 3.2.
 * Boundaries: a snapshot stands for the entry at its index; what it jumps over was applied by whoever wrote it. A
 * restarted peer applies again, and is compared again.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';

export const stateMachineSafety: Invariant = {
  name: 'StateMachineSafety',
  statement: 'All peers apply the same entry at an index.',
  source: 'Raft thesis 3.6.3, figure 3.2',
  watch(): InvariantWatch {
    /** Term of what was applied, by index. */
    const terms: (number | undefined)[] = [];
    const apply = (peer: ObservedPeer, index: number, term: number): void => {
      const known = terms[index];
      if (known === undefined) terms[index] = term;
      else if (known !== term) {
        throw new InvariantBroken('StateMachineSafety', 'two peers applied different entries', {
          member: peer.member,
          index,
          firstTerm: known,
          secondTerm: term,
        });
      }
    };
    return {
      opened(peer) {
        const { snapshot } = peer.stored;
        if (snapshot !== undefined) apply(peer, snapshot.index, snapshot.term);
      },
      stepped({ peer, before, after }) {
        if (after.appliedIndex === before.appliedIndex) return;
        const { raft } = peer.replica;
        const first = Math.max(before.appliedIndex + 1, after.firstIndex - 1);
        for (let index = first; index <= after.appliedIndex; index += 1) {
          apply(peer, index, raft.termAt(index));
        }
      },
    };
  },
};
