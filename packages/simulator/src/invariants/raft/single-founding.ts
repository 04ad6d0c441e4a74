/**
 * SingleFounding: an ensemble is founded once: all memberships that are ever committed have one identity.
 *
 * Source: semantics.md, Ensemble (identity, first start); core/src/raft/admission.ts has the proof.
 * Boundaries: two peers may begin two foundings; only one may commit. When a majority of the founders has lost its
 * disks no consensus survives, and the statement ends.
 */
import { decodeMembership, type Membership } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { hasMajority } from './quorum.ts';

export const singleFounding: Invariant = {
  name: 'SingleFounding',
  statement: 'All committed memberships have one identity.',
  source: 'semantics.md, Ensemble',
  watch({ disks }): InvariantWatch {
    let founding: Membership | undefined;
    const judge = (member: string, membership: Membership): void => {
      if (founding === undefined) founding = membership;
      if (founding.identity === membership.identity) return;
      const first = founding;
      const isWiped = (voter: string): boolean =>
        disks.isWiped(voter, first.members[voter]?.incarnation ?? 0);
      if (hasMajority(first, isWiped)) return;
      throw new InvariantBroken('SingleFounding', 'an ensemble was founded twice', {
        member,
        first: first.identity,
        second: membership.identity,
      });
    };
    return {
      opened({ member, stored: { snapshot } }) {
        if (snapshot !== undefined) judge(member, decodeMembership(snapshot.membership));
      },
      stepped({ peer, before, after }) {
        if (after.commitIndex === before.commitIndex) return;
        const isNew = before.commitIndex === 0;
        const isJump = after.firstIndex - 1 > before.commitIndex;
        if (!isNew && !isJump) return;
        judge(peer.member, peer.replica.raft.membershipAt(after.commitIndex));
      },
    };
  },
};
