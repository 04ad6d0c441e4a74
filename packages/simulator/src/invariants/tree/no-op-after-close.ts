/**
 * NoOpAfterClose: nothing of a session is applied after its end.
 *
 * Source: semantics.md, Sessions; ZooKeeper's session contract; catalogue B45 (a create after the close).
 * Boundaries: commands behind the close in the same batch are refused, and so is every later batch. A restarted
 * replica applies the same entries again, in the same order.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const noOpAfterClose: Invariant = {
  name: 'NoOpAfterClose',
  statement: 'Nothing of a session is applied after its end.',
  source: 'semantics.md, Sessions',
  watch(): InvariantWatch {
    /** Index of the entry that ended each session. */
    const ends = new Map<number, number>();
    return {
      stepped({ peer, output }) {
        for (const { items, index } of output.applied) {
          const endedHere = new Set<number>();
          for (const item of items) {
            if (item.kind === 'session-ended') {
              endedHere.add(item.sessionId);
              ends.set(item.sessionId, Math.min(index, ends.get(item.sessionId) ?? index));
            }
            if (item.kind !== 'replies') continue;
            const end = ends.get(item.sessionId) ?? index;
            if (index <= end && !endedHere.has(item.sessionId)) continue;
            throw new InvariantBroken('NoOpAfterClose', 'a session that has ended was answered', {
              member: peer.member,
              index,
              endIndex: end,
              sessionId: item.sessionId,
              firstRequest: item.firstRequest,
            });
          }
        }
      },
    };
  },
};
