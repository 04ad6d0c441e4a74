/**
 * How long something may go on before it counts as stuck. Liveness is judged by the world's clock, and only after
 * its faults have ended: before, nothing needs to get on.
 */
import type { WorldView } from '../invariant.ts';

/** Election time-outs until the ensemble must have settled (reliability.md 3.3). */
const electionTimeoutsMax = 10;
/** Least milliseconds: with short time-outs a snapshot or a long log still needs its time. */
const leastMs = 5_000;

export class Patience {
  readonly #since = new Map<string, { readonly state: string; readonly sinceMs: number }>();

  /** Milliseconds that anything may take: ten election time-outs, and five seconds at least. */
  limitMs({ electionTimeoutMs }: WorldView): number {
    return Math.max(leastMs, electionTimeoutsMax * electionTimeoutMs);
  }

  /** How long `who` has been in this state, as far as anybody looked; undefined ends it. */
  waited(who: string, state: string | undefined, { nowMs }: WorldView): number {
    if (state === undefined) {
      this.#since.delete(who);
      return 0;
    }
    const known = this.#since.get(who);
    if (known?.state === state) return nowMs - known.sinceMs;
    this.#since.set(who, { state, sinceMs: nowMs });
    return 0;
  }
}
