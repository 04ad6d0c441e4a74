/**
 * The world's randomness: one seed, and from it an independent stream for each concern, so that switching one
 * kind of fault off shifts no draw of another. All draws are integer arithmetic: chances are parts per million,
 * times are microseconds, and a seed means the same on every engine.
 *
 * The generator is xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators",
 * ACM TOMS 47, 2021). Its state is filled by the finalizer of MurmurHash3 over a counter, as its authors advise
 * to fill it by a generator of another kind.
 */
import type { Random } from '@quorate/core/ports';

/** What a chance is a part of. */
export const chanceScale = 1_000_000;
const wordsCount = 0x1_0000_0000;
/** The integer part of an exponential draw: beyond this it has a probability below e^-32. */
const exponentialRoundsMax = 32;

/** One stream of draws. Two streams of a world never influence each other. */
export class RandomStream implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(state: readonly [number, number, number, number]) {
    [this.#a, this.#b, this.#c, this.#d] = state;
  }

  /** A uniformly distributed unsigned 32-bit integer. */
  u32(): number {
    const b = this.#b;
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const c = this.#c ^ this.#a;
    const d = this.#d ^ b;
    this.#b = b ^ c;
    this.#a ^= d;
    this.#c = c ^ (b << 9);
    this.#d = (d << 11) | (d >>> 21);
    return result;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += 1) bytes[at] = this.u32() >>> 24;
    return bytes;
  }

  /** Uniform from 0 to `bound` - 1; `bound` is 1 to 2^32. Draws again instead of favouring small numbers. */
  below(bound: number): number {
    const fair = wordsCount - (wordsCount % bound);
    for (;;) {
      const drawn = this.u32();
      if (drawn < fair) return drawn % bound;
    }
  }

  /** Uniform, both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True so many times in a million. */
  chance(partsPerMillion: number): boolean {
    return partsPerMillion > 0 && this.below(chanceScale) < partsPerMillion;
  }

  /**
   * Exponentially distributed around `mean` (0 to 2^31), by comparisons only (von Neumann, "Various techniques
   * used in connection with random digits", 1951): the first of a falling run of odd length is the fraction, and
   * each run of even length adds one to the integer part.
   */
  exponential(mean: number): number {
    if (mean === 0) return 0;
    for (let whole = 0; ; whole += 1) {
      const first = this.u32();
      let last = first;
      let isOdd = true;
      for (let next = this.u32(); next < last; next = this.u32()) {
        last = next;
        isOdd = !isOdd;
      }
      // 20 bits of the fraction: the product stays an exact integer.
      if (isOdd || whole === exponentialRoundsMax) {
        return whole * mean + Math.floor(((first >>> 12) * mean) / 0x10_0000);
      }
    }
  }

  /** One of `choices`, which are not empty. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

/** Splits a seed of up to 64 bits into streams by name: the same seed and name give the same stream. */
export function streamOf(seed: bigint, name: string): RandomStream {
  let counter = 0x811c_9dc5;
  for (let at = 0; at < name.length; at += 1) counter = Math.imul(counter ^ name.charCodeAt(at), 0x0100_0193);
  counter = scramble(counter ^ Number(seed & 0xffff_ffffn));
  counter = scramble(counter ^ Number((seed >> 32n) & 0xffff_ffffn));
  const word = (): number => {
    counter = (counter + 0x9e37_79b9) | 0;
    return scramble(counter);
  };
  const state: [number, number, number, number] = [word(), word(), word(), word()];
  // The one state from which the generator never leaves.
  if ((state[0] | state[1] | state[2] | state[3]) === 0) state[0] = 1;
  return new RandomStream(state);
}

/** MurmurHash3's 32-bit finalizer. */
function scramble(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) | 0;
}
