/**
 * ExpiryAfterFullTimeout: a leader proposes to expire a session only after it has heard nothing of it for its whole
 * time-out; a new leader grants everybody a full one.
 *
 * Source: semantics.md, Sessions.
 * How: in the leader's own count of the ensemble's time, from its election, the arrival of the last touch that it
 * confirmed, the last request that it applied, and the session's opening or resumption.
 * Boundaries: exactly the time-out is enough; lasting sessions never expire.
 */
import {
  InvariantBroken,
  type Invariant,
  type InvariantWatch,
  type ObservedPeer,
  type ObservedStep,
} from '../invariant.ts';
import { systemOpsOf } from './system-ops.ts';
import { confirmedBy, touchOf } from './touches.ts';

interface Leading {
  readonly term: number;
  readonly sinceMs: number;
  /** By session, in the leader's elapsed time. */
  readonly heardAtMs: Map<number, number>;
  /** By touch. */
  readonly arrivedAtMs: Map<string, number>;
}

export const expiryAfterFullTimeout: Invariant = {
  name: 'ExpiryAfterFullTimeout',
  statement: 'A session is expired only after a whole time-out of silence.',
  source: 'semantics.md, Sessions',
  watch(): InvariantWatch {
    const leaders = new WeakMap<ObservedPeer, Leading>();
    return {
      stepped(step) {
        const { peer, input, output, after } = step;
        if (after.role !== 'leader') return;
        let leading = leaders.get(peer);
        if (leading?.term !== after.term) {
          const sinceMs = peer.replica.raft.elapsedMs();
          leading = { term: after.term, sinceMs, heardAtMs: new Map(), arrivedAtMs: new Map() };
          leaders.set(peer, leading);
        }
        if (input?.kind === 'tick') judgeExpiries(step, leading);
        const touch = touchOf(step);
        if (touch !== undefined) leading.arrivedAtMs.set(touch.key, peer.replica.raft.elapsedMs());
        for (const { key, sessions } of confirmedBy(step)) {
          for (const sessionId of sessions) hear(leading, sessionId, leading.arrivedAtMs.get(key) ?? 0);
        }
        for (const { items } of output.applied) {
          for (const item of items) {
            if (item.kind === 'replies') hear(leading, item.sessionId, peer.replica.raft.elapsedMs());
            else if (item.kind === 'system' && item.reply.result.kind === 'session') {
              hear(leading, item.reply.result.sessionId, peer.replica.raft.elapsedMs());
            }
          }
        }
      },
    };
  },
};

function hear({ heardAtMs }: Leading, sessionId: number, atMs: number): void {
  heardAtMs.set(sessionId, Math.max(atMs, heardAtMs.get(sessionId) ?? 0));
}

function judgeExpiries({ peer, output }: ObservedStep, leading: Leading): void {
  const { raft, machine } = peer.replica;
  for (const { batch } of output.persists) {
    for (const entry of batch.entries ?? []) {
      for (const op of systemOpsOf(entry)) {
        if (op.kind !== 'expire-session') continue;
        const timeoutMs = machine.session(op.sessionId)?.timeoutMs ?? 0;
        const heardAtMs = Math.max(leading.sinceMs, leading.heardAtMs.get(op.sessionId) ?? 0);
        const silentMs = raft.elapsedMs() - heardAtMs;
        if (silentMs >= timeoutMs) continue;
        throw new InvariantBroken('ExpiryAfterFullTimeout', 'a session is expired too early', {
          leader: peer.member,
          sessionId: op.sessionId,
          timeoutMs,
          silentMs,
          leadsSinceMs: leading.sinceMs,
          heardAtMs,
        });
      }
    }
  }
}
