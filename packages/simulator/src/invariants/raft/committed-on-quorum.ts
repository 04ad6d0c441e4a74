/**
 * CommittedOnQuorum: what a leader commits is an entry of its own term, durable on a majority of the voters' disks,
 * and of both sets of voters while a membership is joint.
 *
 * Source: Raft thesis 3.6.2 (own term: Figure 3.7), 4.3 (joint); semantics.md, Ensemble (durable; amnesia).
 * How: counted from the disks themselves, not from what the leader believes of them.
 * Boundaries: a voter counts in the incarnation that is listed, and not while a membership that may still be undone
 * gave it that incarnation. A disk that was wiped since it answered counts: its answer was true. An ensemble of
 * one commits alone.
 */
import type { Membership } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { hasMajority } from './quorum.ts';

export const committedOnQuorum: Invariant = {
  name: 'CommittedOnQuorum',
  statement: 'A leader commits an entry of its own term that is durable on a majority.',
  source: 'Raft thesis 3.6.2, 4.3; semantics.md, Ensemble',
  watch(ledger): InvariantWatch {
    return {
      stepped({ peer, before, after }) {
        if (after.role !== 'leader' || after.commitIndex === before.commitIndex) return;
        const { raft } = peer.replica;
        const index = after.commitIndex;
        const term = raft.termAt(index);
        const facts = { member: peer.member, leaderTerm: after.term, index, term };
        if (term !== after.term) {
          throw new InvariantBroken('CommittedOnQuorum', 'a leader commits an entry of another term', facts);
        }
        const { membership } = raft;
        const settledIndex = Math.max(Math.min(ledger.commits.index, after.lastIndex), after.snapshotIndex);
        const settled = raft.membershipAt(settledIndex);
        const holds = (voter: string): boolean => {
          const incarnation = membership.members[voter]?.incarnation;
          if (incarnation === undefined || !agrees(settled, voter, incarnation)) return false;
          return ledger.disks.of(voter, incarnation)?.holds(index, term) === true;
        };
        if (hasMajority(membership, holds)) return;
        throw new InvariantBroken('CommittedOnQuorum', 'too few disks hold what is committed', {
          ...facts,
          holders: [...membership.voters, ...membership.outgoing].filter(holds),
          voters: membership.voters,
        });
      },
    };
  },
};

/** A settled membership that knows the member must list this incarnation. */
function agrees(settled: Membership, member: string, incarnation: number): boolean {
  const listed = settled.members[member]?.incarnation;
  return listed === undefined || listed === incarnation;
}
