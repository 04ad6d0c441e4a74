/** What a case of a storage has at hand: a place of its own, storages on it, and bounded waiting. */
import { CoordinationError } from '@quorate/core';
import type { SnapshotMeta, Storage, StorageOwner, StoredState, WriteBatch } from '@quorate/core/ports';
import { ComplianceFailure, expectSame, expectThat } from '../expectations.ts';
import { within } from '../waiting.ts';
import { heldAfter, isWithoutGap, textOf } from './content.ts';
import type { StorageHarness, TestPlace } from './harness.ts';

export const owner: StorageOwner = { member: 'a', ensemble: 'compliance', incarnation: 4_711 };

/** A storage that is open, and what it held. */
export interface Opened {
  readonly storage: Storage;
  readonly stored: StoredState;
}

const patienceMsDefault = 10_000;
const crashesMaxDefault = 200;

export class CasePlace {
  readonly crashesMax: number;
  readonly #harness: StorageHarness;
  readonly #patienceMs: number;
  #place: TestPlace;
  #open: Storage | undefined;

  private constructor(harness: StorageHarness, place: TestPlace) {
    this.#harness = harness;
    this.#place = place;
    this.#patienceMs = harness.patienceMs ?? patienceMsDefault;
    this.crashesMax = harness.crashesMax ?? crashesMaxDefault;
  }

  /** Opens a place, runs the case in it, and closes it in any case. */
  static async within(harness: StorageHarness, run: (place: CasePlace) => Promise<void>): Promise<void> {
    const place = new CasePlace(harness, await harness.open());
    try {
      await run(place);
    } finally {
      await place.#giveBack();
    }
  }

  get place(): TestPlace {
    return this.#place;
  }

  /** Goes on with a new, empty place. */
  async another(): Promise<void> {
    await this.#giveBack();
    this.#place = await this.#harness.open();
  }

  /** A storage for the next life, opened. */
  async open(who: StorageOwner = owner): Promise<Opened> {
    const storage = this.#place.storage();
    const stored = await this.within('the storage has opened', storage.open(who));
    this.#open = storage;
    expectThat(isWithoutGap(stored), 'entries follow each other and the snapshot without a gap', {
      snapshot: stored.snapshot?.index,
      indexes: stored.entries.map(({ index }) => index),
    });
    return { storage, stored };
  }

  /** Closes the storage and opens the next one at the same place. */
  async restart(storage: Storage, who: StorageOwner = { ...owner, incarnation: 815 }): Promise<Opened> {
    await this.close(storage);
    return await this.open(who);
  }

  async close(storage: Storage): Promise<void> {
    await this.within('the storage has closed', storage.close());
    if (this.#open === storage) this.#open = undefined;
  }

  /** The power is gone: nobody closes what was open. */
  forget(): void {
    this.#open = undefined;
  }

  async write(storage: Storage, ...batches: readonly WriteBatch[]): Promise<void> {
    for (const batch of batches) await this.within('the write is durable', storage.write(batch));
  }

  /** All bytes of a snapshot, asked for in ranges of this length. */
  async readWhole(storage: Storage, meta: SnapshotMeta, length = 1_000): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let offset = 0;
    for (let isLast = false; !isLast; ) {
      const range = { offset, length };
      const read = await this.within('a part of the snapshot is read', storage.readSnapshot(meta, range));
      expectThat(read !== undefined, 'the newest snapshot can be read', range);
      expectThat(read.bytes.length <= length, 'no more bytes come than were asked for', read.bytes.length);
      expectThat(read.last || read.bytes.length === length, 'fewer bytes come only at the end', range);
      parts.push(read.bytes);
      offset += read.bytes.length;
      isLast = read.last;
    }
    return joined(parts, offset);
  }

  /** Fails unless the promise is rejected with this code. */
  async rejected(code: string, what: string, promise: Promise<unknown>): Promise<void> {
    const settled = promise.then(
      () => 'no error',
      (error: unknown) => (error instanceof CoordinationError ? error.code : `not typed: ${String(error)}`),
    );
    expectSame(await this.within(what, settled), code, what);
  }

  within<T>(what: string, promise: Promise<T>): Promise<T> {
    return within({ what, patienceMs: this.#patienceMs }, promise);
  }

  async #giveBack(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) await this.within('the storage has closed', open.close()).catch(() => undefined);
    await this.#place.close();
  }
}

type Able<Name extends keyof TestPlace> = TestPlace & Required<Pick<TestPlace, Name>>;

function isAbleTo<Name extends keyof TestPlace>(place: TestPlace, name: Name): place is Able<Name> {
  return name in place;
}

/** What a harness says it can do must be there. */
export function ableTo<Name extends keyof TestPlace>(place: TestPlace, name: Name): Able<Name> {
  if (isAbleTo(place, name)) return place;
  throw new ComplianceFailure(`the place has no ${name}; give the reason under "cannot"`);
}

/** Fails unless a storage holds what these batches leave. */
export function expectHeld(stored: StoredState, batches: readonly WriteBatch[], statement: string): void {
  const [found, expected] = [textOf(stored), textOf(heldAfter(batches))];
  expectThat(found === expected, statement, { found, expected });
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
