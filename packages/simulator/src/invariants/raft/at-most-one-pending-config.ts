/**
 * AtMostOnePendingConfig: a leader appends a membership only when the one before it is committed, and after an entry
 * of its own term is.
 *
 * Source: Raft thesis 4.1 with Ongaro's correction of 2015.
 * Today memberships change only by the founding and by the admission of new incarnations; the rule is the same.
 * Boundaries: the very first entry of the log is the founding, before which nothing can be committed.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';

export const atMostOnePendingConfig: Invariant = {
  name: 'AtMostOnePendingConfig',
  statement: 'A membership is appended only when the one before it is committed.',
  source: 'Raft thesis 4.1, correction of 2015',
  watch(): InvariantWatch {
    const newest = new WeakMap<ObservedPeer, number>();
    return {
      stepped({ peer, output, after }) {
        for (const { batch } of output.persists) {
          for (const { kind, index, term } of batch.entries ?? []) {
            if (kind !== 'membership') continue;
            const before = newest.get(peer) ?? 0;
            newest.set(peer, index);
            const isOwn = after.role === 'leader' && term === after.term;
            if (!isOwn || index === 1) continue;
            // Truncated since: then the place before it was taken back.
            const pending = before < index && before > after.commitIndex ? before : 0;
            const ownTerm = peer.replica.raft.termAt(after.commitIndex) === after.term;
            if (pending === 0 && ownTerm) continue;
            throw new InvariantBroken('AtMostOnePendingConfig', 'a membership is changed too early', {
              leader: peer.member,
              term,
              index,
              pendingIndex: pending,
              commitIndex: after.commitIndex,
            });
          }
        }
      },
    };
  },
};
