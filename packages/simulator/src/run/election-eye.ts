/**
 * Tells when a member's term rises: it votes, campaigns, or follows somebody new. What goes wrong in Raft goes wrong
 * around elections, and faults that come at any time hit the few milliseconds of one too seldom.
 */
import type { Invariant } from '../invariants/invariant.ts';

export class ElectionEye {
  #waiting: ((member: string) => void)[] = [];

  /** The member whose term rises next. */
  next(): Promise<string> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** To be given to the world among its invariants: it watches and states nothing. */
  asInvariant(): Invariant {
    return {
      name: 'ElectionEye',
      statement: 'nothing; it watches',
      source: 'none',
      watch: () => ({
        stepped: ({ peer, before, after }) => {
          if (after.term === before.term || this.#waiting.length === 0) return;
          const waiting = this.#waiting;
          this.#waiting = [];
          for (const resolve of waiting) resolve(peer.member);
        },
      }),
    };
  }
}
