/**
 * LearnerNeverLeads: only a voter campaigns or leads.
 *
 * Source: Raft thesis 4.2.1 (non-voting members) and 4.2.2.
 * Boundaries: the voters of both sets while a membership is joint. A leader that a membership has removed may lead
 * until that is committed.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const learnerNeverLeads: Invariant = {
  name: 'LearnerNeverLeads',
  statement: 'Only a voter campaigns or leads.',
  source: 'Raft thesis 4.2.1, 4.2.2',
  watch(): InvariantWatch {
    return {
      stepped({ peer, before, after }) {
        const { role } = after;
        if (role === before.role || (role !== 'candidate' && role !== 'leader')) return;
        const { voters, outgoing } = peer.replica.raft.membership;
        if (voters.includes(peer.member) || outgoing.includes(peer.member)) return;
        throw new InvariantBroken('LearnerNeverLeads', 'a peer without a vote campaigns or leads', {
          member: peer.member,
          role,
          term: after.term,
          voters,
        });
      },
    };
  },
};
