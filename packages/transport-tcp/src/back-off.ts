/**
 * How long to wait before the next attempt: none at first, then twice as long each time, up to a second. Half
 * of each wait is random, so that members that lost each other at one moment do not meet in step for ever.
 */
import { backOffMsMax, backOffMsMin } from './limits.ts';

export class BackOff {
  #attemptsCount = 0;

  /** Milliseconds until the next attempt. */
  next(random: () => number = Math.random): number {
    const longest = Math.min(backOffMsMax, backOffMsMin * 2 ** Math.min(this.#attemptsCount, 16));
    this.#attemptsCount += 1;
    return longest / 2 + (longest / 2) * random();
  }

  /** The last connection was a good one. */
  reset(): void {
    this.#attemptsCount = 0;
  }
}
