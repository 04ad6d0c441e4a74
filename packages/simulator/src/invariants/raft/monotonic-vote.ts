/**
 * MonotonicVote: within one term a vote is given once and never changed.
 *
 * Source: Raft thesis 3.4.
 * How: whatever changes a vote writes the hard state in the same step, so the writes tell. After a restart the vote
 * is the one on the disk, as long as the term is.
 * Boundaries: a later term begins without a vote. The same vote may be written again, with another founding record.
 */
import type { HardState } from '@quorate/core/ports';
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';

export const monotonicVote: Invariant = {
  name: 'MonotonicVote',
  statement: 'Within a term a vote is never changed.',
  source: 'Raft thesis 3.4',
  watch(): InvariantWatch {
    const last = new WeakMap<ObservedPeer, HardState>();
    return {
      opened(peer) {
        const { hardState } = peer.stored;
        if (hardState === undefined) return;
        last.set(peer, hardState);
        const { term, vote } = peer.replica.raft;
        if (term !== hardState.term || vote === hardState.vote) return;
        throw new InvariantBroken('MonotonicVote', 'a restart forgot a vote', {
          member: peer.member,
          term,
          before: hardState.vote,
          after: vote,
        });
      },
      stepped({ peer, output }) {
        for (const { batch } of output.persists) {
          const { hardState } = batch;
          if (hardState === undefined) continue;
          const before = last.get(peer);
          last.set(peer, hardState);
          if (before === undefined || before.term !== hardState.term) continue;
          if (before.vote === undefined || before.vote === hardState.vote) continue;
          throw new InvariantBroken('MonotonicVote', 'a vote was changed', {
            member: peer.member,
            term: hardState.term,
            before: before.vote,
            after: hardState.vote,
          });
        }
      },
    };
  },
};
