/**
 * NoUnboundedLog: where all is well, snapshots keep the log short.
 *
 * Source: Raft thesis 5.1; reliability.md 3.3 (log <= 2 x snapshot threshold with a live quorum).
 * How: in the healed part of a run: a member of the core whose log is longer than twice the threshold must take
 * another snapshot soon.
 * Boundaries: a snapshot takes time, while writes go on, so a log may be longer for a while; what may not be is that
 * it stays long and no snapshot comes.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { Patience } from '../liveness/patience.ts';

export const noUnboundedLog: Invariant = {
  name: 'NoUnboundedLog',
  statement: 'A long log gets a snapshot soon.',
  source: 'Raft thesis 5.1',
  watch(): InvariantWatch {
    const patience = new Patience();
    return {
      swept(view) {
        if (view.healedAtMs === undefined) return;
        for (const { member, life, replica } of view.peers) {
          if (!view.core.includes(member)) continue;
          const { raft, config } = replica;
          const isLong = raft.logCount > 2 * config.snapshotAfterEntries;
          const waitedMs = patience.waited(`${life}`, isLong ? `${raft.snapshotIndex}` : undefined, view);
          if (waitedMs <= patience.limitMs(view)) continue;
          throw new InvariantBroken('NoUnboundedLog', 'a log grows and no snapshot comes', {
            member,
            logCount: raft.logCount,
            snapshotAfterEntries: config.snapshotAfterEntries,
            snapshotIndex: raft.snapshotIndex,
            appliedIndex: replica.machine.appliedIndex,
            waitedMs,
          });
        }
      },
    };
  },
};
