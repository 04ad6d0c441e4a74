/**
 * PreVoteFirst: whoever raises its term to campaign in it was promised the votes of a majority before, unless its
 * leader told it to campaign.
 *
 * Source: Raft thesis 9.6 (pre-vote), 3.10 (transfer); catalogue B06 (a member that was cut off comes back with a
 * term that deposes the leader).
 * Boundaries: a promise holds as long as the term is the one before the promised one, also from an earlier attempt.
 * The own one needs no message. Promises of incarnations that are not listed are none.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import { hasMajority } from './quorum.ts';

interface Promised {
  /** The term in which the peer would campaign. */
  term: number;
  readonly by: Set<string>;
}

export const preVoteFirst: Invariant = {
  name: 'PreVoteFirst',
  statement: 'Nobody campaigns before a majority has promised its votes.',
  source: 'Raft thesis 9.6',
  watch(): InvariantWatch {
    const promises = new WeakMap<ObservedPeer, Promised>();
    return {
      stepped({ peer, input, before, after }) {
        const message = input?.kind === 'message' ? input.message : undefined;
        const isPromise = message?.kind === 'pre-vote-reply' && message.granted;
        const isCampaign = after.term === before.term + 1 && after.role !== 'follower';
        if (!isPromise && !isCampaign) return;
        const term = before.term + 1;
        let promised = promises.get(peer);
        if (promised === undefined || promised.term !== term) {
          promised = { term, by: new Set([peer.member]) };
          promises.set(peer, promised);
        }
        const { membership } = peer.replica.raft;
        if (
          isPromise &&
          message.term === term &&
          membership.members[message.from]?.incarnation === message.incarnation
        )
          promised.by.add(message.from);
        if (!isCampaign || message?.kind === 'timeout-now') return;
        const { by } = promised;
        if (hasMajority(membership, (voter) => by.has(voter))) return;
        throw new InvariantBroken('PreVoteFirst', 'a peer campaigns without having asked', {
          member: peer.member,
          term: after.term,
          promisedBy: [...by],
        });
      },
    };
  },
};
