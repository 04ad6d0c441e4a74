/**
 * Takes the running peers one after the other: what costs as much as a state is large looks at one of them at a
 * sweep. DigestAgreement says that the others are the same, and the end of a run looks at all.
 */
import type { ObservedPeer } from './invariant.ts';

export class InTurn {
  #count = 0;

  /** The next one; none if nobody runs. */
  next(peers: readonly ObservedPeer[]): readonly ObservedPeer[] {
    if (peers.length === 0) return peers;
    const peer = peers[this.#count % peers.length];
    this.#count += 1;
    return peer === undefined ? [] : [peer];
  }
}
