import { describe, expect, it } from 'vitest';
import { encodeValue } from './value-encode.ts';
import { copySource, dataLengthOf, sameValue, sourceOf } from './value-source.ts';

describe('value sources', () => {
  it('are the same when their bytes are, wherever they lie', () => {
    const middle = { source: Uint8Array.of(9, 1, 2, 9), start: 1, end: 3 };
    expect(sameValue(middle, sourceOf(Uint8Array.of(1, 2)))).toBe(true);
    expect(sameValue(middle, sourceOf(Uint8Array.of(1, 3)))).toBe(false);
    expect(sameValue(middle, sourceOf(Uint8Array.of(1)))).toBe(false);
    expect(sameValue(middle, sourceOf(Uint8Array.of(1, 2, 3)))).toBe(false);
  });

  for (const length of [0, 1, 255, 256, 65_535, 65_536]) {
    it(`say that a byte array of ${length} bytes is that long`, () => {
      const encoded = encodeValue(new Uint8Array(length));
      const moved = new Uint8Array(encoded.length + 3);
      moved.set(encoded, 3);
      expect(dataLengthOf({ source: moved, start: 3, end: moved.length })).toBe(length);
    });
  }

  it('say that any other value is as long as its encoding', () => {
    for (const value of [null, 1, 'text', [new Uint8Array(9)], { a: 1 }]) {
      const encoded = encodeValue(value);
      expect(dataLengthOf(sourceOf(encoded))).toBe(encoded.length);
    }
  });

  it('are copied into a plain array of their own', () => {
    const source = Buffer.from([1, 2, 3]);
    const copy = copySource({ source, start: 1, end: 3 });
    source.fill(0);
    expect(copy).toEqual(Uint8Array.of(2, 3));
    expect(Object.getPrototypeOf(copy)).toBe(Uint8Array.prototype);
  });
});
