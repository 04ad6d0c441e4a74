/**
 * TransferTargetIsComplete: a leader tells only somebody to campaign whose disk holds the leader's whole log.
 *
 * Source: Raft thesis 3.10 (step 2: the target's log must match); catalogue B12.
 * How: looked at when the message leaves, on the disks themselves.
 * Boundaries: the target may have been wiped since it answered: its answer was true.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const transferTargetIsComplete: Invariant = {
  name: 'TransferTargetIsComplete',
  statement: 'Only who holds the whole log is told to campaign.',
  source: 'Raft thesis 3.10',
  watch({ disks }): InvariantWatch {
    return {
      sent({ peer, message }) {
        const { raft } = peer.replica;
        if (message.kind !== 'timeout-now' || raft.role !== 'leader' || raft.term !== message.term) return;
        const { lastIndex } = raft;
        const term = raft.termAt(lastIndex);
        if (disks.allOf(message.to).some((disk) => disk.holds(lastIndex, term))) return;
        throw new InvariantBroken('TransferTargetIsComplete', 'somebody who is behind is told to campaign', {
          leader: peer.member,
          target: message.to,
          lastIndex,
          term,
        });
      },
    };
  },
};
