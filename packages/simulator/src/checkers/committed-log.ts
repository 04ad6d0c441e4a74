/**
 * Collects the log of a whole run: every entry when the first peer knows that it is committed. That peer leads,
 * and a leader holds what it commits, so nothing is missed, whatever is compacted later.
 */
import type { Entry } from '@quorate/core/ports';
import {
  InvariantBroken,
  type Invariant,
  type InvariantWatch,
  type ObservedStep,
} from '../invariants/invariant.ts';

/**
 * Give it to the run beside the invariants and read `entries` when the run is over. For one run only.
 *
 * @example
 * const log = new CommittedLog();
 * await simulate({ seed: 1, invariants: [log] }, main);
 * checkIndexGuided({ operations: history.operations(), log: log.entries });
 */
export class CommittedLog implements Invariant, InvariantWatch {
  readonly name = 'CommittedLog';
  readonly statement = 'Every committed entry is held by the peer that learns of its commit first.';
  readonly source = 'Raft thesis 3.5';
  readonly #entries: Entry[] = [];

  /** From index 1 on, without a gap. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  watch(): InvariantWatch {
    return this;
  }

  stepped({ peer, after }: ObservedStep): void {
    for (let index = this.#entries.length + 1; index <= after.commitIndex; index += 1) {
      if (index < after.firstIndex) {
        const { member } = peer;
        throw new InvariantBroken(this.name, 'a commit became known by a snapshot first', { index, member });
      }
      this.#entries.push(peer.replica.raft.entryAt(index));
    }
  }
}
