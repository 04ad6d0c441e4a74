import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoordinationError } from '../errors.ts';
import { valueDepthMax } from '../limits.ts';
import { checkValue } from './value-check.ts';
import { decodeValue } from './value-decode.ts';
import { encodeValue } from './value-encode.ts';
import { sourceOf } from './value-source.ts';

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

function check(bytes: Uint8Array): string | undefined {
  return checkValue(bytes, 0, bytes.length);
}

/** Bytes that look like MessagePack, so that a good part of them is accepted. */
const plausible = fc
  .array(
    fc.oneof(
      fc.constantFrom(0x80, 0x81, 0x82, 0x90, 0x91, 0x92, 0xa0, 0xa1, 0xa2, 0x61, 0x62, 0xc0, 0xc3, 0xff),
      fc.constantFrom(0xc4, 0xcb, 0xcc, 0xcd, 0xd0, 0xd1, 0xd3, 0xd9, 0xdc, 0xde, 0x00, 0x7f, 0x80),
      fc.integer({ min: 0, max: 255 }),
    ),
    { minLength: 0, maxLength: 14 },
  )
  .map((bytes) => Uint8Array.from(bytes));

describe('checkValue', () => {
  const canonical: readonly (readonly [string, string])[] = [
    ['null', 'c0'],
    ['booleans', '92c2c3'],
    ['0 and 127', '92007f'],
    ['128, 255, 256', '93cc80ccffcd0100'],
    ['65535, 65536, 2^32-1', '93cdffffce00010000ceffffffff'],
    ['2^32 as float64', 'cb41f0000000000000'],
    ['-1, -32', '92ffe0'],
    ['-33, -128, -129, -32768', '94d0dfd080d1ff7fd18000'],
    ['-32769, -2^31', '92d2ffff7fffd280000000'],
    ['-2^31-1 as float64', 'cbc1e0000000200000'],
    ['1.5', 'cb3ff8000000000000'],
    ['NaN', 'cb7ff8000000000000'],
    ['infinities', '92cb7ff0000000000000cbfff0000000000000'],
    ['a small bigint', 'd30000000000000001'],
    ['an empty string', 'a0'],
    ['an empty byte array', 'c400'],
    ['an empty map', '80'],
    ['keys in order', '83a0c0a161c0a26161c0'],
    ['a long key', `81d920${'61'.repeat(32)}00`],
    ['four-byte text', 'a4f09f9880'],
    ['a key close to __proto__', `81a9${Buffer.from('__proto_a').toString('hex')}00`],
  ];
  for (const [name, hex] of canonical) {
    it(`accepts ${name}`, () => {
      const bytes = bytesOf(hex);
      expect(check(bytes)).toBe(undefined);
      expect(encodeValue(decodeValue(sourceOf(bytes)).value)).toEqual(bytes);
    });
  }

  const refused: readonly (readonly [string, string])[] = [
    ['no bytes', ''],
    ['two values', 'c0c0'],
    ['the unused type', 'c1'],
    ['uint8 for 127', 'cc7f'],
    ['uint16 for 255', 'cd00ff'],
    ['uint32 for 65535', 'ce0000ffff'],
    ['uint64', 'cf0000000100000000'],
    ['int8 for -32', 'd0e0'],
    ['int8 for a positive one', 'd001'],
    ['int16 for -128', 'd1ff80'],
    ['int16 for a positive one', 'd10100'],
    ['int32 for -32768', 'd2ffff8000'],
    ['float64 for 1', 'cb3ff0000000000000'],
    ['float64 for 2^32-1', 'cb41efffffffe00000'],
    ['float64 for -2^31', 'cbc1e0000000000000'],
    ['-0', 'cb8000000000000000'],
    ['float32', 'ca3fc00000'],
    ['another NaN', 'cb7ff8000000000001'],
    ['a negative NaN', 'cbfff8000000000000'],
    ['str8 for a short string', 'd90161'],
    ['str16 for a short string', 'da000161'],
    ['bin16 for a short byte array', 'c5000100'],
    ['array16 for a short array', 'dc000100'],
    ['map16 for a small map', 'de0001a16100'],
    ['map32 for a small map', 'df00000001a16100'],
    ['an extension', 'd40000'],
    ['a timestamp', 'd6ff00000000'],
    ['a truncated string', 'a261'],
    ['a truncated bigint', 'd300'],
    ['a truncated float', 'cb00'],
    ['a claimed four billion elements', 'ddffffffff'],
    ['a claimed four billion properties', 'dfffffffff'],
    ['a claimed four billion bytes', 'c6ffffffff00'],
    ['a key that is a number', '810000'],
    ['equal keys', '82a161c0a161c0'],
    ['keys out of order', '82a162c0a161c0'],
    ['a longer key before its prefix', '82a26161c0a161c0'],
    ['the key __proto__', `81a9${Buffer.from('__proto__').toString('hex')}00`],
    ['a nested __proto__', `9181a9${Buffer.from('__proto__').toString('hex')}00`],
    ['a map without its last value', '81a161'],
    ['a surrogate', 'a3eda080'],
    ['an overlong character', 'a2c080'],
    ['an overlong three-byte character', 'a3e08080'],
    ['an overlong four-byte character', 'a4f0808080'],
    ['a point above U+10FFFF', 'a4f4908080'],
    ['a lone continuation', 'a180'],
    ['a truncated character', 'a1c3'],
    ['a truncated character after eight letters', `a9${'61'.repeat(8)}c3`],
  ];
  for (const [name, hex] of refused) {
    it(`refuses ${name}`, () => expect(check(bytesOf(hex))).toBeTypeOf('string'));
  }

  it('accepts the deepest nesting that is allowed and refuses one level more', () => {
    const deep = Uint8Array.from([...Array.from({ length: valueDepthMax }, () => 0x91), 0xc0]);
    expect(check(deep)).toBe(undefined);
    expect(check(Uint8Array.from([0x91, ...deep]))).toMatch(/deeply/);
    expect(check(new Uint8Array(1_000_000).fill(0x91))).toMatch(/deeply/);
  });

  it('looks only at the range it was given', () => {
    expect(checkValue(bytesOf('ffa161ff'), 1, 3)).toBe(undefined);
    expect(checkValue(bytesOf('ffa161ff'), 1, 2)).toBeTypeOf('string');
    expect(checkValue(bytesOf('ffa16161'), 1, 4)).toBeTypeOf('string');
  });

  it('accepts only bytes that encoding their value gives again, and never throws', () => {
    let acceptedCount = 0;
    fc.assert(
      fc.property(fc.oneof(plausible, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        if (check(bytes) !== undefined) return true;
        acceptedCount += 1;
        return Buffer.compare(encodeValue(decodeValue(sourceOf(bytes)).value), bytes) === 0;
      }),
      { numRuns: 20_000 },
    );
    expect(acceptedCount).toBeGreaterThan(100);
  });

  it('accepts the canonical form only, when one byte of it is changed', () => {
    const value = {
      a: [1, 200, -200, 1.5, 5n, 'é'],
      b: { c: new Uint8Array(2), d: null },
      long: 'x'.repeat(40),
    };
    const bytes = encodeValue(value);
    for (let at = 0; at < bytes.length; at += 1) {
      for (let byte = 0; byte < 256; byte += 1) {
        const changed = bytes.slice();
        changed[at] = byte;
        if (check(changed) !== undefined) continue;
        expect(Buffer.compare(encodeValue(decodeValue(sourceOf(changed)).value), changed)).toBe(0);
      }
    }
  });
});

function decodeCode(bytes: Uint8Array): string | undefined {
  try {
    decodeValue(sourceOf(bytes));
  } catch (error) {
    if (error instanceof CoordinationError) return error.code;
    throw error;
  }
  return undefined;
}

describe('decodeValue', () => {
  it('answers CORRUPTED or a value for any bytes', () => {
    fc.assert(
      fc.property(fc.oneof(plausible, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        expect([undefined, 'CORRUPTED']).toContain(decodeCode(bytes));
      }),
      { numRuns: 5_000 },
    );
  });

  it('freezes all the way down', () => {
    const { value, shareable } = decodeValue(sourceOf(encodeValue({ a: [{ b: 1 }] })));
    expect(shareable).toBe(true);
    expect(Object.isFrozen(value)).toBe(true);
    const { a } = value as { a: readonly object[] };
    expect(Object.isFrozen(a) && Object.isFrozen(a[0])).toBe(true);
  });

  it('copies byte arrays, as plain ones, and says that the value is not to be shared', () => {
    const stored = Buffer.from(encodeValue({ a: [Uint8Array.of(1, 2)] }));
    const { value, shareable } = decodeValue(sourceOf(stored));
    expect(shareable).toBe(false);
    const [bytes] = (value as { a: readonly Uint8Array[] }).a;
    stored.fill(9);
    expect(bytes).toEqual(Uint8Array.of(1, 2));
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    expect(decodeValue(sourceOf(encodeValue(new Uint8Array(0)))).shareable).toBe(false);
  });

  it('gives keys of Object.prototype as own properties', () => {
    const names = ['constructor', 'hasOwnProperty', 'toString', '__defineGetter__'];
    const { value } = decodeValue(sourceOf(encodeValue(Object.fromEntries(names.map((name) => [name, 1])))));
    expect(Object.keys(value as object).sort()).toEqual(names.sort());
  });

  it('keeps a byte order mark at the start of texts of any length', () => {
    for (const length of [0, 10, 100, 1_000]) {
      const text = `\ufeff${'é'.repeat(length)}`;
      expect(decodeValue(sourceOf(encodeValue([text]))).value).toEqual([text]);
    }
  });
});
