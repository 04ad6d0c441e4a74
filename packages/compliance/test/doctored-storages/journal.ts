/**
 * A small sound storage on a disk that can crash, fail, fill and rot: what it writes is a batch in two steps, write
 * and sync. Doctors make it wrong, one way each.
 */
import { CoordinationError, memoryStorage } from '@quorate/core';
import type { Storage, StorageOwner, StoredState, WriteBatch } from '@quorate/core/ports';
import type { Leftovers, TestPlace } from '../../src/index.ts';

interface Kept {
  readonly batch: WriteBatch;
  isDamaged: boolean;
}

/** What a doctor may do wrong. */
export interface Defects {
  /** Acknowledges before the sync. */
  readonly isHasty?: boolean;
  /** Keeps nothing of the batches it was given before a crash but the last. */
  readonly isForgetful?: boolean;
  /** What survives of a torn batch is its end. */
  readonly keepsEnds?: boolean;
  /** After a crash it writes the batch under way twice. */
  readonly writesTwice?: boolean;
  readonly ignoresFailedSyncs?: boolean;
  /** A failed sync is forgotten at the next write. */
  readonly triesAgain?: boolean;
  /** Half of a batch that finds no room is kept. */
  readonly keepsHalf?: boolean;
  /** A full disk is a failed one. */
  readonly failsWhenFull?: boolean;
  readonly servesDamage?: boolean;
}

const capacity = 40;

export class JournalPlace implements TestPlace {
  readonly #defects: Defects;
  readonly #durable: Kept[] = [];
  #owner: StorageOwner | undefined;
  #pending: WriteBatch | undefined;
  #user: object | undefined;
  #stepsLeft = Infinity;
  #crashed: (() => void) | undefined;
  #leftovers: Leftovers = 'none';
  #isSyncFailing = false;
  #isFull = false;

  constructor(defects: Defects = {}) {
    this.#defects = defects;
  }

  crashAfter(steps: number, leftovers: Leftovers): Promise<void> {
    this.#stepsLeft = steps;
    this.#leftovers = leftovers;
    return new Promise((resolve) => {
      this.#crashed = resolve;
    });
  }

  failNextSync(): void {
    this.#isSyncFailing = true;
  }

  setFull(isFull: boolean): void {
    this.#isFull = isFull;
  }

  async damage(bit: number): Promise<void> {
    const kept = this.#durable[bit % this.#durable.length];
    if (kept !== undefined) kept.isDamaged = true;
  }

  async close(): Promise<void> {
    this.#user = undefined;
  }

  storage(): Storage {
    const inner = memoryStorage();
    const user = {};
    let poison: CoordinationError | undefined;
    const fail = (): CoordinationError => (poison = new CoordinationError('STORAGE_FAILED'));
    return {
      open: (owner) => this.#open(user, inner, owner),
      write: async (batch) => {
        if (poison !== undefined && this.#defects.triesAgain !== true) throw poison;
        if (this.#user !== user) throw fail();
        this.#checkRoom(batch, fail);
        await this.#step();
        this.#pending = batch;
        if (this.#defects.isHasty !== true) await this.#sync(batch, fail);
        await inner.write(batch);
        if (this.#defects.isHasty === true) void this.#sync(batch, fail).catch(() => undefined);
      },
      readSnapshot: (meta, range) => inner.readSnapshot(meta, range),
      close: async () => {
        if (this.#user === user) this.#user = undefined;
        await inner.close();
      },
    };
  }

  async #open(user: object, inner: Storage, owner: StorageOwner): Promise<StoredState> {
    if (this.#user !== undefined) throw new CoordinationError('STORAGE_FAILED');
    const first = (this.#owner ??= owner);
    if (first.member !== owner.member || first.ensemble !== owner.ensemble) {
      throw new CoordinationError('STORAGE_FAILED');
    }
    await this.#step();
    this.#user = user;
    await inner.open(first);
    const at = this.#durable.findIndex(({ isDamaged }) => isDamaged);
    const isServed = at < 0 || this.#defects.servesDamage === true;
    const whole = isServed ? this.#durable : this.#durable.slice(0, at);
    for (const { batch, isDamaged } of whole) await inner.write(isDamaged ? spoilt(batch) : batch);
    await inner.close();
    const stored = await inner.open(first);
    return isServed ? stored : { ...stored, incarnation: owner.incarnation, damage: 'a batch is damaged' };
  }

  async #sync(batch: WriteBatch, fail: () => CoordinationError): Promise<void> {
    await this.#step();
    if (this.#isSyncFailing) {
      this.#isSyncFailing = false;
      if (this.#defects.ignoresFailedSyncs !== true) throw fail();
    }
    this.#durable.push({ batch, isDamaged: false });
    this.#pending = undefined;
  }

  #checkRoom(batch: WriteBatch, fail: () => CoordinationError): void {
    if (!this.#isFull || this.#durable.length < capacity) return;
    if (this.#defects.failsWhenFull === true) throw fail();
    if (this.#defects.keepsHalf === true) this.#durable.push({ batch, isDamaged: false });
    throw new CoordinationError('STORAGE_FULL');
  }

  /** Where the power can go. */
  async #step(): Promise<void> {
    if (this.#stepsLeft > 0) {
      this.#stepsLeft -= 1;
      await Promise.resolve();
      return;
    }
    this.#losePower();
    await new Promise(() => undefined);
  }

  #losePower(): void {
    const [pending, crashed] = [this.#pending, this.#crashed];
    this.#pending = undefined;
    this.#user = undefined;
    this.#stepsLeft = Infinity;
    const left = pending === undefined ? undefined : this.#leftOf(pending);
    if (left !== undefined) this.#durable.push({ batch: left, isDamaged: false });
    if (left !== undefined && this.#defects.writesTwice === true) {
      this.#durable.push({ batch: again(left), isDamaged: false });
    }
    if (this.#defects.isForgetful === true) this.#durable.splice(-1);
    crashed?.();
  }

  #leftOf(pending: WriteBatch): WriteBatch | undefined {
    if (this.#leftovers === 'none') return undefined;
    if (this.#leftovers === 'all') return pending;
    if (this.#defects.keepsEnds === true) return { entries: pending.entries?.slice(-1) ?? [] };
    return pending.hardState === undefined ? undefined : { hardState: pending.hardState };
  }
}

function spoilt(batch: WriteBatch): WriteBatch {
  const entries = batch.entries?.map((entry) => ({ ...entry, body: entry.body.map((byte) => byte ^ 1) }));
  return entries === undefined ? batch : { ...batch, entries };
}

/** The same batch, as if the first one had not been. */
function again(batch: WriteBatch): WriteBatch {
  const first = batch.entries?.[0];
  const entries = batch.entries?.map((entry) => ({ ...entry, term: entry.term + 1 }));
  return first === undefined || entries === undefined ? batch : { truncateFrom: first.index, entries };
}
