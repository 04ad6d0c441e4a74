import { describe, expect, it } from 'vitest';
import { finish, hashBytes, hashAsciiTwice, hashBytesTwice, hashTextTwice, mix } from './hash.ts';

function hashText(text: string, seed: number): number {
  const lanes = Int32Array.of(seed, seed + 1);
  hashTextTwice(text, lanes);
  return lanes[0] ?? 0;
}

describe('hashes', () => {
  it('have fixed results, because replicas of different releases compare them', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
    expect([hashBytes(bytes, 0, 7, 1), hashText('/a/b', 2), finish(mix(3, 2 ** 40)), mix(3, 0.1)]).toEqual([
      -1820970695, -1306932881, 1737465372, -938026244,
    ]);
  });

  it('tell lengths, zero tails, orders and seeds apart', () => {
    const zeros = new Uint8Array(16);
    const hashes = Array.from({ length: 16 }, (_, length) => hashBytes(zeros, 0, length, 1));
    expect(new Set(hashes).size).toBe(16);
    expect(hashBytes(zeros, 0, 4, 1)).not.toBe(hashBytes(zeros, 0, 4, 2));
    expect(mix(mix(1, 2), 3)).not.toBe(mix(mix(1, 3), 2));
    expect(hashText('ab', 1)).not.toBe(hashText('ba', 1));
    expect(hashText('a', 1)).not.toBe(hashText('a\0', 1));
  });

  it('are the same when two are taken in one pass', () => {
    const bytes = Uint8Array.from({ length: 40 }, (_, index) => (index * 37) & 0xff);
    for (let end = 3; end <= bytes.length; end += 1) {
      const lanes = Int32Array.of(5, -6);
      hashBytesTwice(new DataView(bytes.buffer), 3, end, lanes);
      expect([...lanes]).toEqual([hashBytes(bytes, 3, end, 5), hashBytes(bytes, 3, end, -6)]);
    }
    for (const text of ['', 'a', 'ab', 'abc', '/é/x', '\u{1f600}']) {
      const lanes = Int32Array.of(5, -6);
      hashTextTwice(text, lanes);
      expect([...lanes]).toEqual([hashText(text, 5), hashText(text, -6)]);
    }
  });

  it('of an ASCII text are those of its bytes', () => {
    for (const text of ['', 'a', 'ab', 'abc', '/app/item-00017']) {
      const bytes = Uint8Array.from(`.${text}.`, (unit) => unit.charCodeAt(0));
      const lanes = Int32Array.of(5, -6);
      hashAsciiTwice(new DataView(bytes.buffer), 1, 1 + text.length, lanes);
      expect([...lanes]).toEqual([hashText(text, 5), hashText(text, -6)]);
    }
  });

  it('see only the range', () => {
    const bytes = Uint8Array.of(9, 1, 2, 3, 4, 5, 9);
    expect(hashBytes(bytes, 1, 6, 7)).toBe(hashBytes(Uint8Array.of(1, 2, 3, 4, 5), 0, 5, 7));
  });

  it('take any number, and -0 as 0', () => {
    const numbers = [
      0,
      1,
      -1,
      2 ** 31,
      -(2 ** 31),
      2 ** 32,
      2 ** 53 - 1,
      -(2 ** 53 - 1),
      0.5,
      1.5,
      -1.5,
      5e-324,
    ];
    numbers.push(Number.MAX_VALUE, Infinity, -Infinity, Number.NaN);
    const hashes = numbers.map((number) => finish(mix(1, number)));
    expect(new Set(hashes).size).toBe(numbers.length);
    for (const hash of hashes) expect(hash | 0).toBe(hash);
    expect(mix(1, -0)).toBe(mix(1, 0));
  });

  it('change about half of the bits when one bit of the input changes', () => {
    const bytes = new Uint8Array(32);
    const before = hashBytes(bytes, 0, 32, 1);
    let changedCount = 0;
    for (let bit = 0; bit < 256; bit += 1) {
      const changed = new Uint8Array(32);
      changed[bit >> 3] = 1 << (bit & 7);
      for (let word = before ^ hashBytes(changed, 0, 32, 1); word !== 0; word &= word - 1) changedCount += 1;
    }
    expect(changedCount / 256).toBeGreaterThan(14);
    expect(changedCount / 256).toBeLessThan(18);
  });
});
