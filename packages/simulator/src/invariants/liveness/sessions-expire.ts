/**
 * SessionsExpire: after the faults, a session that has given no sign of life for its time-out is ended.
 *
 * Source: reliability.md 3.3; semantics.md, Sessions.
 * How: a sign is a touch that arrives at a peer, or a request that is applied.
 * Boundaries: each new leader grants a full time-out, so the count begins again with it; the leader's clock may be
 * slow, hence half of the time-out more. Lasting sessions never expire.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { touchOf } from '../sessions/touches.ts';
import { Patience } from './patience.ts';

/** A leader's clock may run at two thirds of the world's. */
const slowClock = 1.5;

export const sessionsExpire: Invariant = {
  name: 'SessionsExpire',
  statement: 'After the faults silent sessions end.',
  source: 'reliability.md 3.3',
  watch(): InvariantWatch {
    const patience = new Patience();
    const signAtMs = new Map<number, number>();
    let leaderAtMs = 0;
    return {
      stepped(step, view) {
        const { output, before, after } = step;
        if (after.role === 'leader' && before.role !== 'leader') leaderAtMs = view.nowMs;
        for (const sessionId of touchOf(step)?.sessions ?? []) signAtMs.set(sessionId, view.nowMs);
        for (const { items } of output.applied) {
          for (const item of items) {
            if (item.kind === 'replies') signAtMs.set(item.sessionId, view.nowMs);
            else if (item.kind === 'session-ended') signAtMs.delete(item.sessionId);
            else if (item.kind === 'system' && item.reply.result.kind === 'session') {
              signAtMs.set(item.reply.result.sessionId, view.nowMs);
            }
          }
        }
      },
      swept(view) {
        if (view.healedAtMs === undefined) return;
        for (const { member, replica } of view.peers) {
          if (replica.raft.role !== 'leader' || !view.core.includes(member)) continue;
          for (const { sessionId, timeoutMs } of replica.machine.sessions()) {
            const sinceMs = Math.max(view.healedAtMs, leaderAtMs, signAtMs.get(sessionId) ?? 0);
            const silentMs = view.nowMs - sinceMs;
            if (silentMs <= timeoutMs * slowClock + patience.limitMs(view)) continue;
            throw new InvariantBroken('SessionsExpire', 'a silent session lives on', {
              leader: member,
              sessionId,
              timeoutMs,
              silentMs,
            });
          }
        }
      },
    };
  },
};
