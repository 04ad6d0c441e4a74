/**
 * TransferTargetIsComplete: a leader tells only somebody to campaign whose disk holds the leader's whole log.
 *
 * Source: Raft thesis 3.10 (step 2: the target's log must match); catalogue B12.
 * How: looked at when the leader decides, on the disks themselves.
 * Boundaries: the target may have been wiped since it answered: its answer was true. The message may leave later,
 * behind a slow write, as it may be late in the network: by then the leader may have given up and gone on (seed 0x417).
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const transferTargetIsComplete: Invariant = {
  name: 'TransferTargetIsComplete',
  statement: 'Only who holds the whole log is told to campaign.',
  source: 'Raft thesis 3.10',
  watch({ disks }): InvariantWatch {
    return {
      stepped({ peer, output }) {
        for (const message of [...output.sendNow, ...output.sendAfterPersist]) {
          if (message.kind !== 'timeout-now') continue;
          const { raft } = peer.replica;
          const { lastIndex } = raft;
          const term = raft.termAt(lastIndex);
          if (disks.allOf(message.to).some((disk) => disk.holds(lastIndex, term))) continue;
          throw new InvariantBroken(
            'TransferTargetIsComplete',
            'somebody who is behind is told to campaign',
            {
              leader: peer.member,
              target: message.to,
              lastIndex,
              term,
            },
          );
        }
      },
    };
  },
};
