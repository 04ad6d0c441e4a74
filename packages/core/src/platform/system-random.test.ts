import { afterEach, describe, expect, it, vi } from 'vitest';
import { InvariantViolation } from '../invariant.ts';
import { systemRandom } from './system-random.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the randomness of the platform', () => {
  it('draws unsigned 32-bit integers that fill their range', () => {
    const random = systemRandom();
    const numbers = Array.from({ length: 10_000 }, () => random.u32());
    expect(numbers.every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 32)).toBe(true);
    expect(new Set(numbers).size).toBeGreaterThan(9_990);
    for (let bit = 0; bit < 32; bit += 1) {
      const share = numbers.filter((number) => (number >>> bit) & 1).length / numbers.length;
      expect(share).toBeGreaterThan(0.4);
      expect(share).toBeLessThan(0.6);
    }
  });

  it('never gives a buffered number twice', () => {
    let next = 0;
    const getRandomValues = (target: Uint32Array): Uint32Array =>
      target.map((_, at, all) => (all[at] = ++next));
    vi.stubGlobal('crypto', { getRandomValues });
    const random = systemRandom();
    const numbers = Array.from({ length: 200 }, () => random.u32());
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, at) => at + 1));
  });

  it('makes any count of bytes, also more than the platform fills at once', () => {
    const random = systemRandom();
    for (const count of [0, 1, 16, 65_535, 65_536, 65_537, 200_000]) {
      const bytes = random.bytes(count);
      expect(bytes).toHaveLength(count);
    }
    expect(random.bytes(200_000).subarray(-1_000)).not.toEqual(new Uint8Array(1_000));
    expect(random.bytes(16)).not.toEqual(random.bytes(16));
  });

  it('a count that is none is a bug of the caller', () => {
    for (const count of [-1, 0.5, Number.NaN]) {
      expect(() => systemRandom().bytes(count)).toThrow(InvariantViolation);
    }
  });
});
