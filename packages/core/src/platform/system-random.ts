/** The platform's cryptographic randomness as the random port. */
import { invariant } from '../invariant.ts';
import type { Random } from '../ports/random.ts';

/** Numbers drawn at once: one call into the platform costs as much as some hundred numbers. */
const numbersBuffered = 64;
/** What getRandomValues fills at most in one call (Web Crypto API, 10.1.1). */
const bytesPerCallMax = 65_536;

/** The part of the Web Crypto API that is used here; every platform has it, ECMAScript's own types do not. */
interface CryptoPlatform {
  readonly crypto: { getRandomValues<T extends Uint8Array | Uint32Array>(target: T): T };
}

/** Unpredictable numbers and bytes. */
export function systemRandom(): Random {
  const { crypto } = globalThis as unknown as CryptoPlatform;
  const numbers = new Uint32Array(numbersBuffered);
  let used = numbersBuffered;
  return {
    u32() {
      if (used === numbersBuffered) {
        crypto.getRandomValues(numbers);
        used = 0;
      }
      const number = numbers[used] ?? 0;
      // Whoever reads the buffer later, in a dump for instance, learns nothing about what was drawn.
      numbers[used] = 0;
      used += 1;
      return number;
    },
    bytes(count) {
      invariant(Number.isSafeInteger(count) && count >= 0, 'a count of bytes is a count', { count });
      const bytes = new Uint8Array(count);
      for (let at = 0; at < count; at += bytesPerCallMax) {
        crypto.getRandomValues(bytes.subarray(at, at + bytesPerCallMax));
      }
      return bytes;
    },
  };
}
