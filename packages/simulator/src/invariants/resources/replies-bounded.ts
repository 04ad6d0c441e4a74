/**
 * RepliesBounded: no session has more replies kept for it, or ephemerals, than the ensemble's limits say, and there
 * are no more sessions.
 *
 * Source: limits.ts (repliesPerSessionMax, ephemeralsPerSessionMax, sessionsMax); Raft thesis 6.3 (sessions).
 * Boundaries: exactly the limit is allowed.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const repliesBounded: Invariant = {
  name: 'RepliesBounded',
  statement: 'Sessions, their replies and their ephemerals keep to the limits.',
  source: 'limits.ts',
  watch(): InvariantWatch {
    return {
      swept({ peers }) {
        for (const { member, replica } of peers) {
          const { limits } = replica.machine;
          const sessions = replica.machine.sessions();
          const problem = { member, sessionsCount: sessions.length, limits };
          if (sessions.length > limits.sessionsMax) {
            throw new InvariantBroken('RepliesBounded', 'there are too many sessions', problem);
          }
          for (const { sessionId, ephemeralsCount } of sessions) {
            const repliesCount = replica.machine.repliesCountOf(sessionId);
            if (
              repliesCount > limits.repliesPerSessionMax ||
              ephemeralsCount > limits.ephemeralsPerSessionMax
            ) {
              throw new InvariantBroken('RepliesBounded', 'a session has too much', {
                ...problem,
                sessionId,
                repliesCount,
                ephemeralsCount,
              });
            }
          }
        }
      },
    };
  },
};
