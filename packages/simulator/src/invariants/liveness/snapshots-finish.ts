/**
 * SnapshotsFinish: after the faults, a follower that needs a snapshot gets it, whole.
 *
 * Source: reliability.md 3.3; Raft thesis 5.1; catalogue B33 (a transfer that begins anew for ever).
 * How: a follower of the core must not stay in the state `snapshot` of its leader, without its match index rising,
 * for longer than the patience.
 * Boundaries: a newer snapshot may take the place of the one under way, but not again and again.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { Patience } from './patience.ts';

export const snapshotsFinish: Invariant = {
  name: 'SnapshotsFinish',
  statement: 'After the faults every snapshot that is sent arrives.',
  source: 'reliability.md 3.3',
  watch(): InvariantWatch {
    const patience = new Patience();
    return {
      swept(view) {
        if (view.healedAtMs === undefined) return;
        for (const { member, life, replica } of view.peers) {
          if (replica.raft.role !== 'leader' || !view.core.includes(member)) continue;
          for (const follower of replica.raft.progress()) {
            if (!view.core.includes(follower.member)) continue;
            const state = follower.state === 'snapshot' ? `${life} ${follower.matchIndex}` : undefined;
            const waitedMs = patience.waited(follower.member, state, view);
            if (waitedMs <= patience.limitMs(view)) continue;
            throw new InvariantBroken('SnapshotsFinish', 'a snapshot does not arrive', {
              leader: member,
              follower: follower.member,
              matchIndex: follower.matchIndex,
              snapshotIndex: replica.raft.snapshotIndex,
              waitedMs,
            });
          }
        }
      },
    };
  },
};
