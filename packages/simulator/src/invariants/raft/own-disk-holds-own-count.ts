/**
 * OwnDiskHoldsOwnCount: what a peer counts as durable of its own log is on its disk, entry by entry.
 *
 * Source: Raft thesis 10.2.1 (a leader counts itself when its write is done); etcd-io/raft
 * async_storage_writes_append_aba_race; catalogue B17 (a confirmation counts for entries that replaced those it was for).
 * How: the last entry that is counted must be the one on the disk; LogMatching covers all before it. Looked at
 * when a write is confirmed, and when the log is cut or replaced.
 * Boundaries: what is compacted away, or only in the snapshot, is on the disk as that.
 */
import type { WriteBatch } from '@quorate/core/ports';
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const ownDiskHoldsOwnCount: Invariant = {
  name: 'OwnDiskHoldsOwnCount',
  statement: 'What a peer counts as durable of its log is on its disk.',
  source: 'Raft thesis 10.2.1',
  watch({ disks }): InvariantWatch {
    return {
      stepped({ peer, input, output, before, after }) {
        const { persistedIndex } = after;
        const isUnchanged = input?.kind !== 'persisted' && before.persistedIndex === persistedIndex;
        if (isUnchanged && !output.persists.some(({ batch }) => isReplacing(batch))) return;
        const facts = { member: peer.member, persistedIndex, lastIndex: after.lastIndex };
        if (persistedIndex > after.lastIndex) {
          throw new InvariantBroken('OwnDiskHoldsOwnCount', 'more is counted than there is', facts);
        }
        if (persistedIndex < after.firstIndex - 1) return;
        const term = peer.replica.raft.termAt(persistedIndex);
        if (disks.ofPeer(peer).holds(persistedIndex, term)) return;
        throw new InvariantBroken('OwnDiskHoldsOwnCount', 'what is not on the disk is counted', {
          ...facts,
          term,
        });
      },
    };
  },
};

function isReplacing({ truncateFrom, install }: WriteBatch): boolean {
  return truncateFrom !== undefined || install !== undefined;
}
