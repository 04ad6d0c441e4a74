/**
 * What is committed, as anybody knew it first. A commit never ends, so this outlives every crash: the ground that
 * the invariants about history stand on. Memberships are kept apart, because quorums are counted by them.
 */
import { decodeMembership, type Membership } from '@quorate/core/inspect';
import type { ObservedPeer, ObservedStep } from '../invariant.ts';

/** A committed membership and the index of its entry. */
export interface CommittedMembership {
  readonly index: number;
  readonly membership: Membership;
}

export class Commits {
  /** By index; holes where nobody who watched had the entry itself. */
  readonly #terms: (number | undefined)[] = [];
  readonly #memberships: CommittedMembership[] = [];
  #index = 0;

  /** The highest index that anybody knows as committed. */
  get index(): number {
    return this.#index;
  }

  /** Term of the entry that is committed at an index; undefined: none is, or only a snapshot of it was seen. */
  termAt(index: number): number | undefined {
    return this.#terms[index];
  }

  /** In the order of the log. */
  get memberships(): readonly CommittedMembership[] {
    return this.#memberships;
  }

  /** The newest committed one; undefined before the first. */
  get membership(): Membership | undefined {
    return this.#memberships.at(-1)?.membership;
  }

  opened({ stored: { snapshot } }: ObservedPeer): void {
    if (snapshot === undefined || snapshot.index <= this.#index) return;
    this.#terms[snapshot.index] = snapshot.term;
    this.#index = snapshot.index;
    this.#memberships.push({ index: snapshot.index, membership: decodeMembership(snapshot.membership) });
  }

  stepped({ peer: { replica }, after }: ObservedStep): void {
    if (after.commitIndex <= this.#index) return;
    const { raft } = replica;
    for (let index = this.#index + 1; index <= after.commitIndex; index += 1) {
      if (index < after.firstIndex - 1) continue;
      this.#terms[index] = raft.termAt(index);
      if (index < after.firstIndex) continue;
      const entry = raft.entryAt(index);
      if (entry.kind === 'membership')
        this.#memberships.push({ index, membership: decodeMembership(entry.body) });
    }
    this.#index = after.commitIndex;
  }
}
