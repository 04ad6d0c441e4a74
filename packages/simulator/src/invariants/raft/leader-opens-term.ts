/**
 * LeaderOpensTerm: a leader begins with an entry of its own term, whoever it leads.
 *
 * Source: Raft thesis 6.4 (the no-op at the start of a term); catalogue B09 (a single voter that never commits again).
 * How: an entry of an older term is never committed by counting, so without this entry all that came before it waits
 * for the next write, which may never come.
 * Boundaries: a leader that stepped down within the step of its election has opened nothing.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const leaderOpensTerm: Invariant = {
  name: 'LeaderOpensTerm',
  statement: 'A leader begins with an entry of its own term.',
  source: 'Raft thesis 6.4',
  watch(): InvariantWatch {
    return {
      stepped({ peer, before, after }) {
        if (after.role !== 'leader' || (before.role === 'leader' && before.term === after.term)) return;
        const lastTerm = peer.replica.raft.termAt(after.lastIndex);
        if (lastTerm === after.term) return;
        throw new InvariantBroken('LeaderOpensTerm', 'a leader begins without an entry of its own', {
          member: peer.member,
          term: after.term,
          lastIndex: after.lastIndex,
          lastTerm,
        });
      },
    };
  },
};
