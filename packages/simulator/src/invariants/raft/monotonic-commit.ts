/**
 * MonotonicCommit: within a life, the commit index never falls, nor does the index that all voters hold.
 *
 * Source: Raft thesis 3.5, figure 3.1 (commitIndex increases monotonically).
 * Boundaries: neither is stored, so a restart may begin lower: at its snapshot. What was committed stays so
 * (CommittedImmutable).
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const monotonicCommit: Invariant = {
  name: 'MonotonicCommit',
  statement: 'Within a life the commit index never falls.',
  source: 'Raft thesis 3.5, figure 3.1',
  watch(): InvariantWatch {
    return {
      stepped({ peer, before, after }) {
        if (after.commitIndex >= before.commitIndex && after.durableIndex >= before.durableIndex) return;
        throw new InvariantBroken('MonotonicCommit', 'the commit index went back', {
          member: peer.member,
          before: before.commitIndex,
          after: after.commitIndex,
          durableBefore: before.durableIndex,
          durableAfter: after.durableIndex,
        });
      },
    };
  },
};
