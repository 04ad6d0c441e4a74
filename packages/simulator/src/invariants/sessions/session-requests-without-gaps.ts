/**
 * SessionRequestsWithoutGaps: the requests of a session are applied in the order of their numbers, none left out.
 *
 * Source: semantics.md, Writes (order of a session: apply accepts only the next request number).
 * Boundaries: a resumption takes a number without a command. A repetition begins lower and may go on with new ones.
 * A session that was opened before anybody watched is taken as it comes.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { forEachFreshItem } from './applied-once.ts';

export const sessionRequestsWithoutGaps: Invariant = {
  name: 'SessionRequestsWithoutGaps',
  statement: 'The requests of a session are applied without a gap.',
  source: 'semantics.md, Writes',
  watch(ledger): InvariantWatch {
    /** The next number that each session may use. */
    const next = new Map<number, number>();
    return {
      stepped(step) {
        if (step.output.applied.length === 0) return;
        forEachFreshItem(ledger, step, (item, index) => {
          if (item.kind === 'system' && item.reply.result.kind === 'session') {
            const { sessionId, nextRequest } = item.reply.result;
            next.set(sessionId, Math.max(nextRequest, next.get(sessionId) ?? 0));
          }
          if (item.kind !== 'replies') return;
          const { sessionId, firstRequest, replies } = item;
          const expected = next.get(sessionId) ?? firstRequest;
          next.set(sessionId, Math.max(expected, firstRequest + replies.length));
          if (firstRequest <= expected) return;
          throw new InvariantBroken(
            'SessionRequestsWithoutGaps',
            'a request was applied before the one before it',
            {
              member: step.peer.member,
              index,
              sessionId,
              expected,
              firstRequest,
            },
          );
        });
      },
    };
  },
};
