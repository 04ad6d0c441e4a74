/**
 * ExpiryOnEvidence: apply expires a session exactly when no request of it stands in the log after the number that
 * the expiry names.
 *
 * Source: semantics.md, Sessions (rejected only on replicated evidence).
 * How: the numbers are followed from the answers, not asked of the machine.
 * Boundaries: a request in the same entry, before the expiry, is evidence. A resumption takes a number and so
 * rejects an expiry that was proposed before it. A session that is gone already is not judged.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { systemOpsOf } from './system-ops.ts';

export const expiryOnEvidence: Invariant = {
  name: 'ExpiryOnEvidence',
  statement: 'A session expires exactly when it made no request after the one that the expiry names.',
  source: 'semantics.md, Sessions',
  watch({ fresh }): InvariantWatch {
    const lastRequests = new Map<number, number>();
    const note = (sessionId: number, request: number): void => {
      lastRequests.set(sessionId, Math.max(request, lastRequests.get(sessionId) ?? 0));
    };
    return {
      stepped({ peer, output }) {
        for (const { items, index } of output.applied) {
          if (index <= fresh.index) continue;
          const hasSystem = items.some((item) => item.kind === 'system');
          const ops = hasSystem ? systemOpsOf(peer.replica.raft.entryAt(index)) : [];
          let at = 0;
          for (const item of items) {
            if (item.kind === 'replies') note(item.sessionId, item.firstRequest + item.replies.length - 1);
            if (item.kind !== 'system') continue;
            const op = ops[at];
            at += 1;
            const { result } = item.reply;
            if (result.kind === 'session') note(result.sessionId, result.nextRequest - 1);
            if (op?.kind !== 'expire-session') continue;
            const lastRequest = lastRequests.get(op.sessionId);
            const isRejected = result.kind === 'error' && result.code === 'COMPARE_FAILED';
            if (lastRequest === undefined || (result.kind === 'error' && !isRejected)) continue;
            if (isRejected === lastRequest > op.lastRequest) continue;
            throw new InvariantBroken('ExpiryOnEvidence', 'an expiry was judged against the evidence', {
              member: peer.member,
              index,
              sessionId: op.sessionId,
              named: op.lastRequest,
              lastRequest,
              isRejected,
            });
          }
        }
      },
    };
  },
};
