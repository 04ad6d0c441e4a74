/**
 * CommittedIsDurable: what is committed is on the disks of a majority of voters, after every crash as well.
 *
 * Source: Raft thesis 3.8; etcd-io/raft TLA+ CommittedIsDurableInv; semantics.md, Ensemble ("durable means").
 * How: the newest committed entry is looked for when somebody learns of it first and whenever a disk comes back
 * from a crash; LogMatching covers all before it.
 * Boundaries: a disk that was wiped counts as far as it held the entry: the ensemble goes on because what replaces
 * it must not vote until it has been admitted (WipedNeverVotes). The incarnations are those of the newest
 * membership that is committed.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { hasMajority } from './quorum.ts';

export const committedIsDurable: Invariant = {
  name: 'CommittedIsDurable',
  statement: 'What is committed is on the disks of a majority, after every crash.',
  source: 'Raft thesis 3.8; etcd-io/raft TLA+',
  watch({ commits, disks }): InvariantWatch {
    const judge = (why: string, member: string): void => {
      const { index, membership } = commits;
      const term = commits.termAt(index);
      if (membership === undefined || term === undefined) return;
      const holds = (voter: string): boolean => {
        const incarnation = membership.members[voter]?.incarnation;
        return incarnation !== undefined && disks.of(voter, incarnation)?.holds(index, term) === true;
      };
      if (hasMajority(membership, holds)) return;
      throw new InvariantBroken('CommittedIsDurable', why, {
        member,
        index,
        term,
        holders: membership.voters.filter(holds),
        voters: membership.voters,
      });
    };
    /** Disks that came back: looked at once the ledger shows them. */
    let reopened: string | undefined;
    let judgedIndex = 0;
    return {
      opened(peer) {
        reopened = peer.member;
      },
      stepped({ peer }) {
        if (reopened !== undefined) {
          judge('a crash took back what is committed', reopened);
          reopened = undefined;
        }
        if (commits.index === judgedIndex) return;
        judgedIndex = commits.index;
        judge('something is committed that a majority does not hold', peer.member);
      },
      ended() {
        judge('at the end, a majority does not hold what is committed', '');
      },
    };
  },
};
