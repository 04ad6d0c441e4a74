/**
 * The history that lets watches resume: the latest transactions, oldest first. It is replicated state: every
 * replica holds the same ones, because only applied commands and the ensemble's limits decide what is evicted.
 *
 * Invariants: zxids grow; whole transactions are evicted, so none is ever seen in part; `evictedThrough` is
 * the zxid of the last evicted one, and a watcher that has seen everything up to it misses nothing.
 *
 * Transactions refer to records; only the list itself is ours. A transaction is hashed when it comes, while its
 * records are in the processor's cache: later it costs several times as much.
 */
import { invariant } from '../invariant.ts';
import type { Change, Transaction } from './contract.ts';
import { hashTransaction, type Lanes } from './hashes.ts';

export interface HistoryLimits {
  readonly historyChangesMax: number;
  readonly historyBytesMax: number;
}

/** The list is moved to the front of its array once this many places before it are free, and as many as are used. */
const freePlacesMin = 1_024;

export class History {
  /**
   * Columns of one list. What is needed to evict a transaction stands beside it, because by then the transaction
   * itself has long left the processor's cache. Places before `#first` are free; their transactions are cleared
   * when they become so, to let the records go.
   */
  #transactions: (Transaction | undefined)[] = [];
  #zxids: number[] = [];
  #changesCounts: number[] = [];
  #byteCounts: number[] = [];
  /** Hash lanes. */
  #lows: number[] = [];
  #highs: number[] = [];
  #first = 0;
  #changesCount = 0;
  #byteCount = 0;
  #evictedThrough = 0;
  #low = 0;
  #high = 0;

  /** Every change after this zxid is still here: the smallest `from` that a watch can resume with. */
  get evictedThrough(): number {
    return this.#evictedThrough;
  }

  append(transaction: Transaction, limits: HistoryLimits): void {
    const changesCount = transaction.changes.length;
    const byteCount = transactionBytes(transaction);
    this.#transactions.push(transaction);
    this.#zxids.push(transaction.zxid);
    this.#changesCounts.push(changesCount);
    this.#byteCounts.push(byteCount);
    const { low, high } = hashTransaction(transaction);
    this.#lows.push(low);
    this.#highs.push(high);
    this.#low = (this.#low + low) | 0;
    this.#high = (this.#high + high) | 0;
    this.#changesCount += changesCount;
    this.#byteCount += byteCount;
    if (this.#changesCount > limits.historyChangesMax || this.#byteCount > limits.historyBytesMax) {
      this.trim(limits);
    }
  }

  /** Evicts what exceeds the limits; a transaction that exceeds them alone goes too. */
  trim(limits: HistoryLimits): void {
    while (this.#changesCount > limits.historyChangesMax || this.#byteCount > limits.historyBytesMax) {
      this.#evictFirst();
    }
    if (this.#first >= freePlacesMin && this.#first * 2 >= this.#transactions.length) this.#moveToFront();
  }

  /** Everything after `zxid`, oldest first; `'compacted'` if some of it is gone. */
  after(zxid: number): readonly Transaction[] | 'compacted' {
    if (zxid < this.#evictedThrough) return 'compacted';
    let low = this.#first;
    let high = this.#transactions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#zxids[middle] ?? 0) <= zxid) low = middle + 1;
      else high = middle;
    }
    return this.#sliceFrom(low);
  }

  /** All of it. The answer is a copy of the list: later commands do not disturb it. */
  all(): readonly Transaction[] {
    return this.#sliceFrom(this.#first);
  }

  /** A snapshot's beginning: what was evicted before it was taken. */
  restore(evictedThrough: number): void {
    invariant(this.#transactions.length === 0, 'only an empty history is restored');
    this.#evictedThrough = evictedThrough;
  }

  /** Sum of the hashes of all transactions. */
  lanes(): Lanes {
    return { low: this.#low, high: this.#high };
  }

  validate(limits: HistoryLimits): void {
    let changesCount = 0;
    let byteCount = 0;
    let low = 0;
    let high = 0;
    let previous = this.#evictedThrough;
    for (const transaction of this.all()) {
      invariant(transaction.zxid > previous, 'zxids of the history grow', {
        zxid: transaction.zxid,
        previous,
      });
      invariant(transaction.changes.length > 0, 'the history holds changes only');
      previous = transaction.zxid;
      changesCount += transaction.changes.length;
      byteCount += transactionBytes(transaction);
      const lanes = hashTransaction(transaction);
      low = (low + lanes.low) | 0;
      high = (high + lanes.high) | 0;
    }
    invariant(changesCount === this.#changesCount, 'the history counts its changes', { changesCount });
    invariant(byteCount === this.#byteCount, 'the history counts its bytes', { byteCount });
    invariant(changesCount <= limits.historyChangesMax, 'the history keeps to its changes limit');
    invariant(byteCount <= limits.historyBytesMax, 'the history keeps to its bytes limit');
    invariant(low === this.#low && high === this.#high, 'the hash of the history is the sum of its parts');
  }

  #evictFirst(): void {
    const first = this.#first;
    invariant(first < this.#transactions.length, 'there is a transaction to evict');
    this.#low = (this.#low - (this.#lows[first] ?? 0)) | 0;
    this.#high = (this.#high - (this.#highs[first] ?? 0)) | 0;
    this.#transactions[first] = undefined;
    this.#changesCount -= this.#changesCounts[first] ?? 0;
    this.#byteCount -= this.#byteCounts[first] ?? 0;
    this.#evictedThrough = this.#zxids[first] ?? 0;
    this.#first = first + 1;
  }

  #moveToFront(): void {
    const first = this.#first;
    this.#transactions = this.#transactions.slice(first);
    this.#zxids = this.#zxids.slice(first);
    this.#changesCounts = this.#changesCounts.slice(first);
    this.#byteCounts = this.#byteCounts.slice(first);
    this.#lows = this.#lows.slice(first);
    this.#highs = this.#highs.slice(first);
    this.#first = 0;
  }

  #sliceFrom(place: number): readonly Transaction[] {
    // Only places before `#first` are free.
    return this.#transactions.slice(place) as Transaction[];
  }
}

/** Encoded values that a transaction keeps alive; the measure of `historyBytesMax`. */
export function transactionBytes(transaction: Transaction): number {
  let byteCount = 0;
  for (const change of transaction.changes) byteCount += changeBytes(change);
  return byteCount;
}

function changeBytes({ before, after }: Change): number {
  return (
    (before === undefined ? 0 : before.end - before.start) +
    (after === undefined ? 0 : after.end - after.start)
  );
}
