/**
 * What was applied for the first time in the whole ensemble. All replicas apply the same, which DigestAgreement
 * sees to; so invariants of the tree look at each transaction once, at the replica that came to it first.
 */
import type { Transaction } from '@quorate/core/inspect';
import type { ObservedStep } from '../invariant.ts';

const nothing: readonly never[] = Object.freeze([]);

export class Fresh {
  #zxid = 0;
  #index = 0;
  #step: ObservedStep | undefined;
  #transactions: readonly Transaction[] = nothing;
  #hasGap = false;

  /** Everything up to this zxid has been looked at. */
  get zxid(): number {
    return this.#zxid;
  }

  /** Every entry up to this index has been looked at. */
  get index(): number {
    return this.#index;
  }

  /** Transactions of this step that no replica had applied before. */
  transactionsOf(step: ObservedStep): readonly Transaction[] {
    this.#look(step);
    return this.#transactions;
  }

  /** Some of what was applied since the last look is forgotten already: counts cannot be carried on. */
  hasGap(step: ObservedStep): boolean {
    this.#look(step);
    return this.#hasGap;
  }

  stepped({ after }: ObservedStep): void {
    this.#zxid = Math.max(this.#zxid, after.zxid);
    this.#index = Math.max(this.#index, after.appliedIndex);
    this.#step = undefined;
    this.#transactions = nothing;
    this.#hasGap = false;
  }

  #look(step: ObservedStep): void {
    if (this.#step === step) return;
    this.#step = step;
    this.#transactions = nothing;
    this.#hasGap = false;
    if (step.after.zxid <= this.#zxid) return;
    const found = step.peer.replica.machine.transactionsAfter(this.#zxid);
    if (found === 'compacted') this.#hasGap = true;
    else this.#transactions = found;
  }
}
