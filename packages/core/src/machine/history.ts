/**
 * The history that lets watches resume: the latest changes, oldest first. It is replicated state: every replica
 * holds the same ones, because only applied commands and the ensemble's limits decide what is evicted.
 *
 * Invariants: zxids never fall; whole transactions are evicted, so none is ever seen in part; `evictedThrough` is
 * the zxid of the last evicted one, and a watcher that has seen everything up to it misses nothing.
 *
 * Hashes are taken when the digest is asked for, or shortly before: under load most changes are evicted before.
 */
import { invariant } from '../invariant.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import { bytesOf, ChangeColumns } from './change-columns.ts';
import type { Transaction } from './contract.ts';
import { hashChange, highLane, lowLane, type Lanes } from './hashes.ts';

export interface HistoryLimits {
  readonly historyChangesMax: number;
  readonly historyBytesMax: number;
}

/** Changes that `prepare` hashes in one call: well within a millisecond, however far away they are. */
const preparedAtOnce = 512;

export class History {
  readonly #columns = ChangeColumns.empty();
  /** The position of the oldest change that is not evicted. */
  #first = 0;
  /** Changes from here on are in neither lane yet; before it, all that were there when they were asked for. */
  #hashedEnd = 0;
  #low = 0;
  #high = 0;
  #evictedThrough = 0;
  /** Means nothing: see fetch.ts. */
  touched = 0;

  /** Every change after this zxid is still here: the smallest `from` that a watch can resume with. */
  get evictedThrough(): number {
    return this.#evictedThrough;
  }

  /** Adds one change of a transaction; after the last one of an entry, `trim`. */
  append(zxid: number, before: ZnodeRecord | undefined, after: ZnodeRecord | undefined): void {
    this.#columns.append(zxid, before, after);
  }

  /** Evicts what exceeds the limits; a transaction that exceeds them alone goes too. Once an entry is soon enough. */
  trim(limits: HistoryLimits): void {
    const columns = this.#columns;
    let first = Math.max(this.#first, columns.end - limits.historyChangesMax);
    while (columns.bytesFrom(first) > limits.historyBytesMax) first += 1;
    if (first === this.#first) return;
    this.#evictedThrough = columns.zxidAt(first - 1);
    while (first < columns.end && columns.zxidAt(first) === this.#evictedThrough) first += 1;
    columns.letGo(this.#first, first);
    this.#first = first;
  }

  /** Everything after `zxid`, oldest first; `'compacted'` if some of it is gone. */
  after(zxid: number): readonly Transaction[] | 'compacted' {
    if (zxid < this.#evictedThrough) return 'compacted';
    let low = this.#first;
    let high = this.#columns.end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#columns.zxidAt(middle) <= zxid) low = middle + 1;
      else high = middle;
    }
    return [...this.#columns.transactions(low)];
  }

  /** All of it as it is now, made as it is asked for: later commands do not disturb it. */
  capture(): Iterable<Transaction> {
    return this.#columns.copy().transactions(this.#first);
  }

  /** A snapshot's beginning: what was evicted before it was taken. */
  restore(evictedThrough: number): void {
    invariant(this.#columns.end === this.#first, 'only an empty history is restored');
    this.#evictedThrough = evictedThrough;
  }

  /** Does a part of what `lanes` would do. False: it is worth another call. */
  prepare(): boolean {
    const { end } = this.#columns;
    const preparedEnd = Math.max(this.#first, this.#hashedEnd) + preparedAtOnce;
    this.#hashThrough(Math.min(preparedEnd, end));
    return preparedEnd >= end;
  }

  /** Sum of the hashes of all changes; costs what is new since the last call. */
  lanes(): Lanes {
    const { end } = this.#columns;
    this.#hashThrough(end);
    if (this.#first === end) return { low: 0, high: 0 };
    const [low, high] = this.#columns.sumsAt(this.#first);
    return { low: (this.#low - low) | 0, high: (this.#high - high) | 0 };
  }

  validate(limits: HistoryLimits): void {
    const lanes = this.lanes();
    let changesCount = 0;
    let byteCount = 0;
    let low = 0;
    let high = 0;
    let previous = this.#evictedThrough;
    for (const { zxid, changes } of this.capture()) {
      invariant(zxid > previous, 'zxids of the history grow', { zxid, previous });
      previous = zxid;
      for (const change of changes) {
        changesCount += 1;
        byteCount += bytesOf(change.before) + bytesOf(change.after);
        low = (low + hashChange(zxid, change, lowLane)) | 0;
        high = (high + hashChange(zxid, change, highLane)) | 0;
      }
    }
    const { end } = this.#columns;
    invariant(changesCount === end - this.#first, 'the history counts its changes', { changesCount });
    invariant(byteCount === this.#columns.bytesFrom(this.#first), 'the history counts its bytes', {
      byteCount,
    });
    invariant(changesCount <= limits.historyChangesMax, 'the history keeps to its changes limit');
    invariant(byteCount <= limits.historyBytesMax, 'the history keeps to its bytes limit');
    invariant(low === lanes.low && high === lanes.high, 'the hash of the history is the sum of its parts');
  }

  /** Of the changes that are not evicted, all before `end`. */
  #hashThrough(end: number): void {
    const columns = this.#columns;
    const start = Math.max(this.#first, this.#hashedEnd);
    this.touched ^= columns.touch(start, end);
    for (let position = start; position < end; position += 1) {
      columns.setSums(position, this.#low, this.#high);
      const zxid = columns.zxidAt(position);
      const change = columns.changeAt(position);
      this.#low = (this.#low + hashChange(zxid, change, lowLane)) | 0;
      this.#high = (this.#high + hashChange(zxid, change, highLane)) | 0;
    }
    this.#hashedEnd = end;
  }
}
