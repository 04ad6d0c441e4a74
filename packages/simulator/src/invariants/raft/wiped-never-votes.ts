/**
 * WipedNeverVotes: a member that lost its data neither votes, nor campaigns, nor vouches for itself, before a
 * committed membership has admitted its new incarnation.
 *
 * Source: semantics.md, Ensemble (amnesia); catalogue B04. core/src/raft/admission.ts has the reasons.
 * Boundaries: before any membership is committed everybody is new, and SingleFounding says what must hold instead.
 * It may take entries and answer that it has them; that it is not counted is CommittedOnQuorum's business.
 */
import type { ReplicaMessage } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const wipedNeverVotes: Invariant = {
  name: 'WipedNeverVotes',
  statement: 'A new incarnation does not vote before a committed entry has admitted it.',
  source: 'semantics.md, Ensemble',
  watch({ commits }): InvariantWatch {
    return {
      sent({ peer, message }) {
        if (!claimsToVote(message) || commits.membership === undefined) return;
        const { member, incarnation } = peer;
        const isAdmitted = commits.memberships.some(
          ({ membership }) => membership.members[member]?.incarnation === incarnation,
        );
        if (isAdmitted) return;
        throw new InvariantBroken('WipedNeverVotes', 'an incarnation acts that was never admitted', {
          member,
          incarnation,
          listed: commits.membership.members[member]?.incarnation,
          kind: message.kind,
          to: message.to,
          term: message.term,
        });
      },
    };
  },
};

function claimsToVote(message: ReplicaMessage): boolean {
  switch (message.kind) {
    case 'vote':
    case 'pre-vote':
      return true;
    case 'vote-reply':
    case 'pre-vote-reply':
      return message.granted;
    case 'append-reply':
      return message.admitted;
    default:
      return false;
  }
}
