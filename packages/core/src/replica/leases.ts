/**
 * When the leader last heard of each session. Not replicated: a new leader grants every session a full
 * time-out, and only the expiry itself is a command in the log (semantics.md, Sessions).
 *
 * Each limited session sits in exactly one bucket, that of the tick in which it would be due if nothing more
 * were heard. Hearing of it only moves a number; the bucket is corrected when its tick comes. So a write costs
 * one map lookup, and nothing ever scans all sessions.
 */
import type { SessionView } from '../machine/contract.ts';

/**
 * What a tick adds to the time by which leases are counted. After a stall of the leader's own, what has waited is
 * stepped before the tick that tells how long it took (peer/driver.ts): a touch that arrived would count as heard before
 * the stall, and its session could be expired before it says so itself. So a stall counts as one tick: it gives sessions
 * more time, never less.
 */
export function ticksForLeases(count: number, heartbeatTicks: number): number {
  return count >= heartbeatTicks ? 1 : count;
}

interface Lease {
  readonly timeoutTicks: number;
  heardTick: number;
  /** Index of the entry that would expire it; 0: none is in the log. While there is one, no touch counts. */
  expiryIndex: number;
}

export class Leases {
  readonly #tickMs: number;
  readonly #leases = new Map<number, Lease>();
  readonly #buckets = new Map<number, number[]>();
  /** Every bucket up to this tick has been looked at. */
  #sweptTick = 0;

  constructor(tickMs: number) {
    this.#tickMs = tickMs;
  }

  /** Leadership begins: everybody gets a full time-out from now on. */
  reset(sessions: readonly SessionView[], nowTick: number): void {
    this.#leases.clear();
    this.#buckets.clear();
    this.#sweptTick = nowTick;
    for (const session of sessions) this.grant(session.sessionId, session.timeoutMs, nowTick);
  }

  /** A session that was opened or resumed. Lasting ones have no lease: they are ended, never due. */
  grant(sessionId: number, timeoutMs: number, nowTick: number): void {
    if (!Number.isFinite(timeoutMs)) return;
    const known = this.#leases.get(sessionId);
    if (known !== undefined) {
      known.heardTick = Math.max(known.heardTick, nowTick);
      return;
    }
    // One tick more than the time-out: the opening may have happened anywhere within the current tick.
    const timeoutTicks = Math.ceil(timeoutMs / this.#tickMs) + 1;
    this.#leases.set(sessionId, { timeoutTicks, heardTick: nowTick, expiryIndex: 0 });
    this.#file(sessionId, nowTick + timeoutTicks);
  }

  /** A majority confirmed that the session lived at `tick`. */
  heard(sessionId: number, tick: number): void {
    const lease = this.#leases.get(sessionId);
    if (lease !== undefined && lease.heardTick < tick) lease.heardTick = tick;
  }

  /** Whether an expiry of this session is in the log: a touch must not be confirmed any more. */
  isExpiring(sessionId: number): boolean {
    return (this.#leases.get(sessionId)?.expiryIndex ?? 0) > 0;
  }

  markExpiring(sessionId: number, expiryIndex: number): void {
    const lease = this.#leases.get(sessionId);
    if (lease !== undefined) lease.expiryIndex = expiryIndex;
  }

  forget(sessionId: number): void {
    this.#leases.delete(sessionId);
  }

  /**
   * Sessions that were silent for their whole time-out. Each is named again one time-out later at the
   * earliest; `appliedIndex` shows which expiries apply has rejected meanwhile.
   */
  due(nowTick: number, appliedIndex: number): readonly number[] {
    const due: number[] = [];
    for (let tick = this.#sweptTick + 1; tick <= nowTick; tick += 1) {
      const filed = this.#buckets.get(tick);
      if (filed === undefined) continue;
      this.#buckets.delete(tick);
      for (const sessionId of filed) {
        const lease = this.#leases.get(sessionId);
        if (lease === undefined) continue;
        if (lease.expiryIndex > 0 && lease.expiryIndex <= appliedIndex) {
          // Apply rejected that expiry: the session had made a request meanwhile, so it was heard.
          lease.expiryIndex = 0;
          lease.heardTick = nowTick;
        }
        const dueTick = lease.heardTick + lease.timeoutTicks;
        if (dueTick > nowTick) this.#file(sessionId, dueTick);
        else {
          if (lease.expiryIndex === 0) due.push(sessionId);
          // Looked at again soon: the proposal may be refused, lost with the leadership, or rejected.
          this.#file(sessionId, nowTick + 1);
        }
      }
    }
    this.#sweptTick = Math.max(this.#sweptTick, nowTick);
    return due;
  }

  #file(sessionId: number, tick: number): void {
    const filed = this.#buckets.get(tick);
    if (filed === undefined) this.#buckets.set(tick, [sessionId]);
    else filed.push(sessionId);
  }
}
