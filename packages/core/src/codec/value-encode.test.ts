import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoordinationError } from '../errors.ts';
import { valueDepthMax } from '../limits.ts';
import { checkValue } from './value-check.ts';
import { decodeValue } from './value-decode.ts';
import { encodeValue } from './value-encode.ts';
import { sameValue, sourceOf } from './value-source.ts';

const key = fc.string({ unit: 'binary' }).filter((text) => text !== '__proto__');
const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme-ascii', minLength: 20, maxLength: 400 }),
  fc.uint8Array({ maxLength: 300 }),
);
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    leaf,
    fc.array(tie('value'), { maxLength: 40 }),
    fc.dictionary(key, tie('value'), { maxKeys: 40 }),
  ),
})).value;

function reasonOf(value: unknown, argument?: string): string | undefined {
  try {
    encodeValue(value, argument);
  } catch (error) {
    if (error instanceof CoordinationError && error.code === 'BAD_ARGUMENTS') return error.details.reason;
    throw error;
  }
  return undefined;
}

describe('encodeValue', () => {
  it('encodes what is canonical and decodes to an equal value, whatever the value', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encodeValue(value);
        expect(checkValue(bytes, 0, bytes.length)).toBe(undefined);
        const decoded = decodeValue(sourceOf(bytes)).value;
        expect(isSame(encodeValue(decoded), bytes)).toBe(true);
        expect(show(decoded)).toBe(show(value));
      }),
      { numRuns: 150 },
    );
  });

  it('gives objects with the same properties the same bytes, whatever the order', () => {
    const a = { b: 1, a: 2, 10: 3, 9: 4, '\u{1f600}': 5, '\uffee': 6 };
    const b = { '\uffee': 6, '\u{1f600}': 5, 9: 4, 10: 3, a: 2, b: 1 };
    expect(encodeValue(a)).toEqual(encodeValue(b));
    expect(Object.keys(decodeValue(sourceOf(encodeValue([a]))).value as object)).toHaveLength(1);
  });

  it('writes -0 as 0 and every NaN alike', () => {
    expect(encodeValue(-0)).toEqual(Uint8Array.of(0));
    expect(encodeValue([-0])).toEqual(Uint8Array.of(0x91, 0));
    const odd = new Float64Array(new BigUint64Array([0xfff8_0000_0000_0001n]).buffer)[0];
    expect(encodeValue(odd)).toEqual(encodeValue(Number.NaN));
    expect(encodeValue([odd])).toEqual(encodeValue([Number.NaN]));
  });

  it('takes byte arrays of any kind as their bytes', () => {
    class Bytes extends Uint8Array {
      override get length(): number {
        return 99;
      }
    }
    const plain = encodeValue(Uint8Array.of(1, 2, 3));
    expect(encodeValue(Buffer.from([1, 2, 3]))).toEqual(plain);
    expect(encodeValue(new Bytes([1, 2, 3]))).toEqual(plain);
    expect(encodeValue([new Bytes([1, 2, 3])])).toEqual(encodeValue([Uint8Array.of(1, 2, 3)]));
    expect(Object.getPrototypeOf(encodeValue([1]))).toBe(Uint8Array.prototype);
  });

  it('accepts frozen objects and objects without a prototype', () => {
    const bare = Object.assign(Object.create(null) as object, { constructor: 1 });
    expect(encodeValue(Object.freeze({ constructor: 1 }))).toEqual(encodeValue(bare));
  });

  it('says where the part is that cannot be stored', () => {
    const when = { items: [0, 1, 2, { when: new Date(0) }] };
    expect(reasonOf(when)).toMatch(/^value\.items\[3\]\.when is an instance of a class \(Date\)/);
    expect(reasonOf({ 'a b': undefined }, 'expected')).toMatch(/^expected\["a b"\] is undefined/);
  });

  const cycle: unknown[] = [];
  cycle.push({ cycle });
  const refused: readonly (readonly [string, unknown])[] = [
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a nested symbol', [Symbol('s')]],
    ['a cycle', cycle],
    ['a Map', new Map()],
    ['a Set', { set: new Set() }],
    [
      'a class instance',
      new (class A {
        readonly a: number = 1;
      })(),
    ],
    ['an instance of a subclass of Array', new (class B extends Array {})()],
    ['a boxed number', Object(1)],
    ['another typed array', new Uint16Array(1)],
    ['an ArrayBuffer', [new ArrayBuffer(1)]],
    ['a lone surrogate', 'a\ud800'],
    ['a nested lone surrogate', ['\udc00a']],
    ['a lone surrogate in a key', { '\ud800': 1 }],
    ['the key __proto__', JSON.parse('{"__proto__": 1}')],
    // oxlint-disable-next-line no-sparse-arrays
    ['a hole', [1, , 2]],
    ['a getter', Object.defineProperty({}, 'a', { get: () => 1, enumerable: true })],
    ['a getter in an array', Object.defineProperty([1], 0, { get: () => 1 })],
    ['a hidden property', Object.defineProperty({}, 'a', { value: 1 })],
    ['a symbol key', { [Symbol('s')]: 1 }],
    ['a bigint above 64 bits', 2n ** 63n],
    ['a nested bigint below 64 bits', [-(2n ** 63n) - 1n]],
    ['a revoked proxy', revoked()],
  ];
  for (const [name, value] of refused) {
    it(`refuses ${name}`, () => expect(reasonOf(value)).toMatch(/^value/));
  }

  it('holds the deepest value that is allowed and refuses one level more', () => {
    let deep: unknown = 1;
    for (let level = 0; level < valueDepthMax; level += 1) deep = level % 2 === 0 ? [deep] : { deep };
    const bytes = encodeValue(deep);
    expect(checkValue(bytes, 0, bytes.length)).toBe(undefined);
    expect(encodeValue(decodeValue(sourceOf(bytes)).value)).toEqual(bytes);
    expect(reasonOf([deep])).toMatch(/nested too deeply/);
  });

  it('encodes what a proxy answers once, so a changing answer is still canonical', () => {
    let count = 0;
    const moving = new Proxy(
      { a: 0 },
      {
        getOwnPropertyDescriptor: () => ({
          value: [(count += 1)],
          enumerable: true,
          configurable: true,
          writable: true,
        }),
      },
    );
    const bytes = encodeValue(moving);
    expect(decodeValue(sourceOf(bytes)).value).toEqual({ a: [count] });
    expect(count).toBe(1);
  });

  for (const length of [0, 1, 31, 32, 255, 256, 65_535, 65_536]) {
    it(`holds texts and byte arrays of ${length} bytes`, () => {
      for (const value of ['a'.repeat(length), new Uint8Array(length).fill(7)]) {
        const bytes = encodeValue(value);
        expect(checkValue(bytes, 0, bytes.length)).toBe(undefined);
        expect(isSame(encodeValue(decodeValue(sourceOf(bytes)).value), bytes)).toBe(true);
        expect(isSame(encodeValue([value]).subarray(1), bytes)).toBe(true);
      }
    });
  }

  for (const count of [0, 15, 16, 65_535, 65_536]) {
    it(`holds arrays and objects of ${count} parts`, () => {
      const array = Array.from({ length: count }, (_, index) => index);
      for (const value of [array, Object.fromEntries(array.map((index) => [`k${index}`, index]))]) {
        const bytes = encodeValue(value);
        expect(checkValue(bytes, 0, bytes.length)).toBe(undefined);
        expect(isSame(encodeValue(decodeValue(sourceOf(bytes)).value), bytes)).toBe(true);
      }
    });
  }
});

/** Comparing 64 KiB through the matcher takes seconds. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return sameValue(sourceOf(a), sourceOf(b));
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return { proxy };
}

/** A text that is equal for equal values; -0 is stored as 0, and the order of keys does not count. */
function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join()}]`;
  if (value instanceof Uint8Array) return `bytes ${value.join()}`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}:${show(part)}`);
  return `{${parts.sort().join()}}`;
}
