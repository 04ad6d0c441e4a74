/**
 * MonotonicApplied: within a life, what is applied is never taken back, also not by a snapshot that is installed.
 *
 * Source: Raft thesis figure 3.1 (lastApplied increases monotonically), 5.1.
 * Boundaries: a restart begins at its snapshot. Entries that change nothing move the index and no zxid.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const monotonicApplied: Invariant = {
  name: 'MonotonicApplied',
  statement: 'Within a life the applied index and the zxid never fall.',
  source: 'Raft thesis figure 3.1, 5.1',
  watch(): InvariantWatch {
    return {
      stepped({ peer, before, after }) {
        if (after.appliedIndex >= before.appliedIndex && after.zxid >= before.zxid) return;
        throw new InvariantBroken('MonotonicApplied', 'a replica went back to an earlier state', {
          member: peer.member,
          appliedBefore: before.appliedIndex,
          appliedAfter: after.appliedIndex,
          zxidBefore: before.zxid,
          zxidAfter: after.zxid,
        });
      },
    };
  },
};
