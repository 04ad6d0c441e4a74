/** What an author of a storage hands to the suite: how to make a place for one, and how to disturb it. */
import type { Storage } from '@quorate/core/ports';

/**
 * What not every storage, or not every harness, can do:
 *
 * - `restart`: what was written outlives the storage object, so a new one finds it at the same place;
 * - `crash`: the machine can lose its power at a chosen step of what the storage does;
 * - `failing-sync`: what makes writes durable can be made to fail;
 * - `full`: the place can run out of room;
 * - `damage`: a bit of what is stored can be flipped.
 */
export type StorageCapability = 'restart' | 'crash' | 'failing-sync' | 'full' | 'damage';

/** What is left of what was not durable when the power went: nothing, all, or some of it, as the place likes. */
export type Leftovers = 'none' | 'all' | 'torn';

/** Where storages of one case keep what they keep. */
export interface TestPlace {
  /**
   * A storage for one life of a member. A member that starts again takes a new one, after the last one was closed
   * or its power was lost. Without `restart`, the same one each time.
   */
  storage(): Storage;
  /**
   * With `crash`: the power goes after so many steps of what storages do from now on. A step is whatever the place
   * can stop between: a call of the file system, a request to a service. From then on no call of the storage
   * settles. Resolves when it has happened; the next `storage()` finds what is left.
   */
  crashAfter?(steps: number, leftovers: Leftovers): Promise<void>;
  /** With `failing-sync`: the next call that makes something durable fails, and it alone. */
  failNextSync?(): void;
  /** With `full`: no room is left, or all of it is there again. */
  setFull?(isFull: boolean): void;
  /** With `damage`: flips a bit of what is stored; the same number, the same bit. Nobody uses the place now. */
  damage?(bit: number): Promise<void>;
  /** Gives back what the place holds beside the storages, which are closed before. */
  close(): Promise<void>;
}

/** A storage under test. */
export interface StorageHarness {
  /** A new, empty place for one case. */
  open(): Promise<TestPlace>;
  /** What this storage or harness cannot do, each with the reason; cases that need it are skipped. */
  readonly cannot?: Readonly<Partial<Record<StorageCapability, string>>>;
  /** How long the suite waits for what must happen, default 10,000 ms. Not a measure of speed. */
  readonly patienceMs?: number;
  /** Most crashes of one case, spread over the steps of a storage's life, default 200. */
  readonly crashesMax?: number;
}
