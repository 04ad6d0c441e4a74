/**
 * The order of a session: what reaches the link reaches it in the order of the calls. A session read needs no
 * waiting, because the link answers it exactly after the request that precedes it. A linearizable read is a
 * barrier for what is called later: it is answered from the present, so a write that overtook it would be seen by
 * it, and a session read that did would show an older state than the read before it. Above all `sync` followed by
 * a read, nobody awaiting the first, must mean what it says. Only linearizable reads share the way, as they share
 * a round of the leader.
 *
 * Invariant: once one step is held, every later step is held too.
 */

/** A write, a read or a registration on its way to the link. */
export interface Step {
  /** A linearizable read. */
  readonly isBarrier: boolean;
  /** False once nobody waits for it: it is passed over. */
  readonly isWanted: boolean;
  /** Hands it to the link. */
  pass(): void;
}

export class CallOrder {
  /** Linearizable reads at the link. */
  #barrierCount = 0;
  #held: Step[] = [];
  #isDraining = false;

  enter(step: Step): void {
    if (this.#held.length > 0 || (!step.isBarrier && this.#barrierCount > 0)) this.#held.push(step);
    else step.pass();
  }

  /** A linearizable read goes to the link now. */
  raiseBarrier(): void {
    this.#barrierCount += 1;
  }

  /** A linearizable read is answered or given up. */
  lowerBarrier(): void {
    this.#barrierCount -= 1;
    if (this.#barrierCount === 0) this.#scheduleDrain();
  }

  /** Takes a held step out, so that given-up calls do not gather behind a barrier that stays. */
  remove(step: Step): boolean {
    const at = this.#held.indexOf(step);
    if (at < 0) return false;
    this.#held.splice(at, 1);
    // A read behind it may have waited for nothing else.
    this.#scheduleDrain();
    return true;
  }

  /** Later, not at once: this runs inside of the link's own call. */
  #scheduleDrain(): void {
    if (this.#held.length === 0 || this.#isDraining) return;
    this.#isDraining = true;
    queueMicrotask(() => {
      this.#isDraining = false;
      this.#drain();
    });
  }

  #drain(): void {
    let passed = 0;
    for (const step of this.#held) {
      if (step.isWanted) {
        if (!step.isBarrier && this.#barrierCount > 0) break;
        step.pass();
      }
      passed += 1;
    }
    this.#held = this.#held.slice(passed);
  }
}
