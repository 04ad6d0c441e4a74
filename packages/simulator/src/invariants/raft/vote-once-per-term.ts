/**
 * VoteOncePerTerm: what leaves a member never gives two candidates its vote in one term, whatever crashes between.
 *
 * Source: Raft thesis 3.4 and 3.8; catalogue B02 (a vote that was not durable).
 * How: by the messages, because only a vote that somebody may count can do harm. A request for votes is a vote for
 * oneself.
 * Boundaries: per incarnation: a wiped disk has forgotten, and WipedNeverVotes says when it may vote again. The same
 * vote may be told twice.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';

export const voteOncePerTerm: Invariant = {
  name: 'VoteOncePerTerm',
  statement: 'A member votes once in a term, across crashes.',
  source: 'Raft thesis 3.4, 3.8',
  watch(): InvariantWatch {
    const votes = new Map<string, string>();
    const give = ({ member, incarnation, life }: ObservedPeer, term: number, candidate: string): void => {
      const key = `${member} ${incarnation} ${term}`;
      const known = votes.get(key);
      if (known === undefined) votes.set(key, candidate);
      else if (known !== candidate) {
        throw new InvariantBroken('VoteOncePerTerm', 'a member voted twice in one term', {
          member,
          life,
          term,
          first: known,
          second: candidate,
        });
      }
    };
    return {
      sent({ peer, message }) {
        if (message.kind === 'vote') give(peer, message.term, peer.member);
        else if (message.kind === 'vote-reply' && message.granted) give(peer, message.term, message.to);
      },
    };
  },
};
