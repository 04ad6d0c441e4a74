/**
 * Keeping the session alive, and knowing when it may be dead. The session's deadline counts from the sending
 * of its last confirmed sign of life, so it lies before the leader's, which counts from the arrival; a tenth of
 * the time-out is taken off for clocks that run at different rates (semantics.md: the session's own judgement).
 *
 * A lasting session has no deadline and needs no touches.
 */
import type { SessionLink } from './link.ts';

/** Two may get lost before the third comes too late. */
const touchesPerTimeout = 3;

/** Clocks of healthy machines differ by parts in ten thousand; a tenth covers paused virtual machines too. */
const driftShare = 0.1;

export interface KeepAliveOptions {
  readonly link: SessionLink;
  /** Infinity: lasting. */
  readonly timeoutMs: number;
  /** When the opening was sent, on the link's clock. */
  readonly openedAtMs: number;
}

export class KeepAlive {
  readonly #link: SessionLink;
  readonly #timeoutMs: number;
  #confirmedAtMs: number;
  #touchedAtMs: number;

  constructor(options: KeepAliveOptions) {
    this.#link = options.link;
    this.#timeoutMs = options.timeoutMs;
    this.#confirmedAtMs = options.openedAtMs;
    this.#touchedAtMs = options.openedAtMs;
  }

  /** The ensemble confirmed a sign of life that was sent then. */
  confirm(sentAtMs: number): void {
    if (sentAtMs > this.#confirmedAtMs) this.#confirmedAtMs = sentAtMs;
  }

  /** From here on another peer may act on the session's expiry. */
  isOverdue(nowMs: number): boolean {
    return nowMs >= this.#confirmedAtMs + this.#timeoutMs * (1 - driftShare);
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#touchedAtMs + this.#timeoutMs / touchesPerTimeout) this.touch(nowMs);
  }

  touch(nowMs: number): void {
    if (this.#timeoutMs === Infinity) return;
    this.#touchedAtMs = nowMs;
    this.#link.touch();
  }
}
