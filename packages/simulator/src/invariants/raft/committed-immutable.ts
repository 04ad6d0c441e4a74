/**
 * CommittedImmutable: what anybody has once known as committed stays at its index for ever, across all restarts.
 *
 * Source: Raft thesis 3.6 (commitment is final); etcd-io/raft TLA+ CommittedIsDurableInv.
 * How: every later knowledge of a commit is compared with the first one; a truncation of a disk, and a snapshot,
 * are compared with the history.
 * Boundaries: a disk may truncate at a committed index what is not the committed entry. A snapshot holds committed
 * entries only, and is named by the committed term.
 */
import type { SnapshotMeta } from '@quorate/core/ports';
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const committedImmutable: Invariant = {
  name: 'CommittedImmutable',
  statement: 'A committed entry is never replaced or taken back.',
  source: 'Raft thesis 3.6; etcd-io/raft TLA+',
  watch({ commits, disks }): InvariantWatch {
    const judgeSnapshot = (member: string, meta: SnapshotMeta): void => {
      const term = commits.termAt(meta.index);
      const facts = { member, index: meta.index, term: meta.term };
      if (meta.index > commits.index) {
        throw new InvariantBroken('CommittedImmutable', 'a snapshot holds what is not committed', {
          ...facts,
          committedIndex: commits.index,
        });
      }
      if (term === undefined || term === meta.term) return;
      throw new InvariantBroken('CommittedImmutable', 'a snapshot ends with another entry', {
        ...facts,
        committedTerm: term,
      });
    };
    return {
      stepped({ peer, before, after }) {
        if (after.commitIndex === before.commitIndex) return;
        const end = Math.min(after.commitIndex, commits.index);
        for (let index = Math.max(before.commitIndex + 1, after.firstIndex - 1); index <= end; index += 1) {
          const known = commits.termAt(index);
          const term = peer.replica.raft.termAt(index);
          if (known === undefined || known === term) continue;
          throw new InvariantBroken('CommittedImmutable', 'another entry is committed at an index', {
            member: peer.member,
            index,
            committedTerm: known,
            term,
          });
        }
      },
      stored({ peer, batch }) {
        if (batch.snapshotChunk?.offset === 0) judgeSnapshot(peer.member, batch.snapshotChunk.meta);
        if (batch.install !== undefined) judgeSnapshot(peer.member, batch.install);
        const { truncateFrom } = batch;
        if (truncateFrom === undefined || truncateFrom > commits.index) return;
        const stored = disks.ofPeer(peer).termAt(truncateFrom);
        if (stored === undefined || stored !== commits.termAt(truncateFrom)) return;
        throw new InvariantBroken('CommittedImmutable', 'a committed entry is truncated', {
          member: peer.member,
          index: truncateFrom,
          term: stored,
        });
      },
    };
  },
};
