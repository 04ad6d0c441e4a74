/**
 * StateOrdering: compacted <= snapshot <= applied <= committed <= last, and durable everywhere <= committed.
 *
 * Source: openraft's invariant of the same kind; Raft thesis 5.1 (a snapshot replaces committed entries only).
 * Boundaries: all of them may be equal, and all are 0 in a new peer.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const stateOrdering: Invariant = {
  name: 'StateOrdering',
  statement: 'compacted <= snapshot <= applied <= committed <= last.',
  source: 'openraft; Raft thesis 5.1',
  watch(): InvariantWatch {
    return {
      stepped({ peer, after }) {
        const { firstIndex, snapshotIndex, appliedIndex, commitIndex, lastIndex, durableIndex } = after;
        const isOrdered =
          firstIndex - 1 <= snapshotIndex &&
          snapshotIndex <= appliedIndex &&
          appliedIndex <= commitIndex &&
          commitIndex <= lastIndex &&
          durableIndex <= commitIndex;
        if (isOrdered) return;
        throw new InvariantBroken('StateOrdering', 'the indexes of a peer are out of order', {
          member: peer.member,
          firstIndex,
          snapshotIndex,
          appliedIndex,
          commitIndex,
          lastIndex,
          durableIndex,
        });
      },
    };
  },
};
