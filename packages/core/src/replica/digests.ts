/**
 * Replicas compare their state digests at known indexes: every `digestEveryEntries` entries the leader tells
 * its own. A difference means that two machines computed different states from the same log: a bug or damaged
 * memory, and never ignored. Whichever side of a pair arrives first waits for the other.
 */
import type { Machine } from '../machine/machine.ts';

/** Frequent enough to find a difference within moments, rare enough to cost nothing. */
export const digestEveryEntries = 128;

/**
 * In so many entries before each digest a part of its work is done after each, so that no step does it for thousands of
 * changes at once. Earlier would be in vain: under load they are changed again, or evicted, by then.
 */
const digestPreparedEntries = 8;

/** Digests that are remembered: a follower that lags by more is caught by a later one. */
const rememberedMax = 64;

export interface Divergence {
  readonly index: number;
  readonly expected: string;
  readonly actual: string;
}

/** The digest after the entry at `index`, if one is due; prepares those that are due soon. */
export function digestAfter(index: number, machine: Machine): string | undefined {
  const beyond = index % digestEveryEntries;
  if (beyond >= digestEveryEntries - digestPreparedEntries) machine.prepareDigest();
  return beyond === 0 ? machine.digest() : undefined;
}

export class Digests {
  readonly #own = new Map<number, string>();
  readonly #told = new Map<number, string>();

  /** This replica's digest after the entry at `index`. */
  record(index: number, digest: string): Divergence | undefined {
    remember(this.#own, index, digest);
    const expected = this.#told.get(index);
    return expected === undefined || expected === digest ? undefined : { index, expected, actual: digest };
  }

  /** The leader's digest after the entry at `index`. */
  told(index: number, digest: string): Divergence | undefined {
    const actual = this.#own.get(index);
    if (actual === undefined) remember(this.#told, index, digest);
    return actual === undefined || actual === digest ? undefined : { index, expected: digest, actual };
  }

  clear(): void {
    this.#own.clear();
    this.#told.clear();
  }
}

function remember(digests: Map<number, string>, index: number, digest: string): void {
  digests.set(index, digest);
  for (const oldest of digests.keys()) {
    if (digests.size <= rememberedMax) break;
    digests.delete(oldest);
  }
}
