/**
 * Who may knock: connections that have not proven yet who they are, bounded in total and by address. One too
 * many ends the oldest instead of the new one: a flood then costs its own, and a member, whose handshake takes
 * milliseconds, gets through between them.
 */
import type { Acceptance } from './acceptance.ts';

export interface AdmissionBounds {
  readonly handshakesMax: number;
  readonly handshakesPerAddressMax: number;
}

export class Admission {
  readonly #bounds: AdmissionBounds;
  /** Oldest first, as a Set keeps its order. */
  readonly #all = new Set<Acceptance>();
  readonly #byHost = new Map<string, Set<Acceptance>>();

  constructor(bounds: AdmissionBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#all.size;
  }

  add(host: string, acceptance: Acceptance): void {
    const ofHost = this.#byHost.get(host) ?? new Set();
    this.#byHost.set(host, ofHost.add(acceptance));
    this.#all.add(acceptance);
    if (ofHost.size > this.#bounds.handshakesPerAddressMax) endOldest(ofHost);
    if (this.#all.size > this.#bounds.handshakesMax) endOldest(this.#all);
  }

  /** Called for each when it is over, also for those that were ended here. */
  remove(host: string, acceptance: Acceptance): void {
    this.#all.delete(acceptance);
    const ofHost = this.#byHost.get(host);
    ofHost?.delete(acceptance);
    if (ofHost?.size === 0) this.#byHost.delete(host);
  }

  endAll(): void {
    for (const acceptance of this.#all) acceptance.cancel();
  }
}

function endOldest(acceptances: ReadonlySet<Acceptance>): void {
  for (const oldest of acceptances) {
    oldest.cancel();
    return;
  }
}
