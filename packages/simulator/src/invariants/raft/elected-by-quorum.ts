/**
 * ElectedByQuorum: whoever leads has the durable votes of a majority for that very term; for a founding, of all.
 *
 * Source: Raft thesis 3.4; semantics.md, Ensemble (a founding needs every member); catalogue B01, B18.
 * How: by the votes that have become durable on the disks, not by what the leader counted. Two leaders of a term are
 * seldom seen even where votes are counted wrongly; a leader that was not elected shows at its first election.
 * Boundaries: a voter counts in the incarnation that is listed; before the founding none is.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { hasMajority } from './quorum.ts';

export const electedByQuorum: Invariant = {
  name: 'ElectedByQuorum',
  statement: 'Who leads has the durable votes of a majority in its term; for a founding, of all.',
  source: 'Raft thesis 3.4; semantics.md, Ensemble',
  watch(): InvariantWatch {
    /** Incarnations that gave a candidate their vote, by voter, term and candidate. */
    const votes = new Map<string, Set<number>>();
    const keyOf = (voter: string, term: number, candidate: string): string => `${voter} ${term} ${candidate}`;
    return {
      stored({ peer: { member, incarnation }, batch }) {
        const vote = batch.hardState?.vote;
        if (batch.hardState === undefined || vote === undefined) return;
        const key = keyOf(member, batch.hardState.term, vote);
        const given = votes.get(key);
        if (given === undefined) votes.set(key, new Set([incarnation]));
        else given.add(incarnation);
      },
      stepped({ peer, before, after }) {
        if (after.role !== 'leader' || (before.role === 'leader' && before.term === after.term)) return;
        const { membership } = peer.replica.raft;
        const isFounding = before.lastIndex === 0;
        const voted = (voter: string): boolean => {
          const given = votes.get(keyOf(voter, after.term, peer.member));
          const listed = membership.members[voter]?.incarnation;
          return given !== undefined && (isFounding || (listed !== undefined && given.has(listed)));
        };
        const isElected = isFounding ? membership.voters.every(voted) : hasMajority(membership, voted);
        if (isElected) return;
        throw new InvariantBroken('ElectedByQuorum', 'a peer leads without the votes for it', {
          member: peer.member,
          term: after.term,
          isFounding,
          voters: membership.voters,
          votes: membership.voters.filter(voted),
        });
      },
    };
  },
};
