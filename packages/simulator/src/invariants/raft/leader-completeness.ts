/**
 * LeaderCompleteness: what a leader has committed is in the logs of the leaders of all later terms.
 *
 * Source: Raft thesis 3.6.3 and figure 3.2.
 * How: for each term the furthest commit of its leader is kept; because of LogMatching it is enough that a new
 * leader holds that one entry.
 * Boundaries: a late leader of an earlier term may lack what a later one has committed, so only earlier terms
 * count. What the new leader has compacted away is in its snapshot.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const leaderCompleteness: Invariant = {
  name: 'LeaderCompleteness',
  statement: 'A leader has everything that leaders of earlier terms have committed.',
  source: 'Raft thesis 3.6.3, figure 3.2',
  watch(): InvariantWatch {
    /** By the leader's term. */
    const frontiers = new Map<number, { readonly index: number; readonly term: number }>();
    return {
      stepped({ peer, before, after }) {
        if (after.role !== 'leader') return;
        const { raft } = peer.replica;
        if (before.role !== 'leader' || before.term !== after.term) {
          for (const [term, committed] of frontiers) {
            if (term >= after.term || committed.index < after.firstIndex - 1) continue;
            const own = committed.index > after.lastIndex ? undefined : raft.termAt(committed.index);
            if (own === committed.term) continue;
            throw new InvariantBroken('LeaderCompleteness', 'a new leader lacks a committed entry', {
              member: peer.member,
              term: after.term,
              index: committed.index,
              entryTerm: committed.term,
              ownTerm: own,
              committedInTerm: term,
            });
          }
        }
        if (after.commitIndex > before.commitIndex) {
          frontiers.set(after.term, { index: after.commitIndex, term: raft.termAt(after.commitIndex) });
        }
      },
    };
  },
};
