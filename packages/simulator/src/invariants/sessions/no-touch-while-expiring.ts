/**
 * NoTouchWhileExpiring: a leader does not confirm a session whose expiry it has put into its log.
 *
 * Source: semantics.md, Sessions (never while the session's expiry is in its log).
 * Boundaries: once the expiry is applied, and was rejected because the session had made a request, touches count
 * again.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import { systemOpsOf } from './system-ops.ts';
import { confirmedBy } from './touches.ts';

export const noTouchWhileExpiring: Invariant = {
  name: 'NoTouchWhileExpiring',
  statement: 'No session is confirmed while its expiry is in the log.',
  source: 'semantics.md, Sessions',
  watch(): InvariantWatch {
    /** By leader and session, the index of the expiry. */
    const expiring = new WeakMap<ObservedPeer, Map<number, number>>();
    return {
      stepped(step) {
        const { peer, input, output, before, after } = step;
        if (after.role !== 'leader') return;
        if (before.term !== after.term || before.role !== 'leader') expiring.delete(peer);
        const known = expiring.get(peer);
        for (const { sessions } of known === undefined ? [] : confirmedBy(step)) {
          for (const sessionId of sessions) {
            const index = known?.get(sessionId) ?? 0;
            if (index <= after.appliedIndex) continue;
            throw new InvariantBroken('NoTouchWhileExpiring', 'a session lives on and expires at once', {
              leader: peer.member,
              sessionId,
              expiryIndex: index,
              appliedIndex: after.appliedIndex,
            });
          }
        }
        // Only ticks make a leader look for silent sessions.
        if (input?.kind !== 'tick') return;
        for (const { batch } of output.persists) {
          for (const entry of batch.entries ?? []) {
            for (const op of systemOpsOf(entry)) {
              if (op.kind !== 'expire-session') continue;
              let sessions = expiring.get(peer);
              if (sessions === undefined) expiring.set(peer, (sessions = new Map()));
              sessions.set(op.sessionId, entry.index);
            }
          }
        }
      },
    };
  },
};
