/**
 * LeaderElected: within ten election time-outs after the faults have ended, a leader is there, and from then on
 * never missing for so long again.
 *
 * Source: reliability.md 3.3; Raft thesis 3.9 (availability).
 * Boundaries: a leader whom the core follows counts wherever it runs. The core is a majority that may vote; without
 * one nothing is demanded.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type WorldView } from '../invariant.ts';
import { Patience } from './patience.ts';

export const leaderElected: Invariant = {
  name: 'LeaderElected',
  statement: 'After the faults a leader is elected soon.',
  source: 'reliability.md 3.3',
  watch(): InvariantWatch {
    const patience = new Patience();
    return {
      swept(view) {
        if (view.healedAtMs === undefined) return;
        const waitedMs = patience.waited('core', isLed(view) ? undefined : 'leaderless', view);
        if (waitedMs <= patience.limitMs(view)) return;
        throw new InvariantBroken('LeaderElected', 'nobody leads although nothing is in the way', {
          waitedMs,
          healedAtMs: view.healedAtMs,
          core: view.peers
            .filter(({ member }) => view.core.includes(member))
            .map(({ member, replica: { raft } }) => `${member}: ${raft.role} in ${raft.term}`),
        });
      },
    };
  },
};

/** Somebody leads in the latest term of the core, and more than half of all voters know it. */
function isLed({ peers, members }: WorldView): boolean {
  for (const { member, replica } of peers) {
    const { raft } = replica;
    if (raft.role !== 'leader') continue;
    const follows = peers.filter((peer) => {
      const { term, leader } = peer.replica.raft;
      return term === raft.term && leader === member;
    });
    if (follows.length * 2 > members.length) return true;
  }
  return false;
}
