import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoordinationError } from '../errors.ts';
import { type ControlValue, controlDepthMax, decodeControl, encodeControl } from './control.ts';

const controls: fc.Arbitrary<ControlValue> = fc.letrec<{ value: ControlValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: controlDepthMax, withCrossShrink: true },
    fc.constantFrom<ControlValue>(null, true, false),
    fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double()).map((number) => number + 0),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
  ),
})).value;

function codeOf(bytes: Uint8Array): string | undefined {
  try {
    decodeControl(bytes);
  } catch (error) {
    if (error instanceof CoordinationError) return error.code;
    throw error;
  }
  return undefined;
}

describe('control values', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(controls, (value) => {
        expect(decodeControl(encodeControl(value))).toEqual(value);
      }),
    );
  });

  it('keep a byte order mark at the start of a text', () => {
    const text = `\ufeff${'é'.repeat(200)}`;
    expect(decodeControl(encodeControl([text]))).toEqual([text]);
  });

  it('are arrays of their own: a later encoding does not change an earlier one', () => {
    const first = encodeControl(['a', 1]);
    const copy = first.slice();
    for (let count = 0; count < 10_000; count += 1) encodeControl(['b', count]);
    expect(first).toEqual(copy);
    expect(Object.getPrototypeOf(first)).toBe(Uint8Array.prototype);
    expect(first.buffer.byteLength).toBe(first.length);
  });

  it('alias byte arrays of the input, as plain ones', () => {
    const bytes = Buffer.from(encodeControl([Uint8Array.of(1, 2)]));
    const [inside] = decodeControl(bytes) as readonly [Uint8Array];
    expect(inside.buffer).toBe(bytes.buffer);
    expect(Object.getPrototypeOf(inside)).toBe(Uint8Array.prototype);
  });

  it('answer PROTOCOL or a value for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect([undefined, 'PROTOCOL']).toContain(codeOf(bytes));
      }),
      { numRuns: 5_000 },
    );
  });

  const refused: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['two values', 'c0c0'],
    ['a map', '80'],
    ['an extension', 'd40000'],
    ['a claimed four billion elements', 'ddffffffff'],
    ['a claimed four billion bytes', 'c6ffffffff'],
    ['a truncated text', 'a261'],
    ['a text that is no UTF-8', 'a1ff'],
    ['an uint64', 'cf0000000000000001'],
    ['too deep a nesting', '919191919191919191c0'],
  ];
  for (const [name, hex] of refused) {
    it(`refuse ${name}`, () => expect(codeOf(Uint8Array.from(Buffer.from(hex, 'hex')))).toBe('PROTOCOL'));
  }

  it('may be nested as deeply as is allowed', () => {
    expect(codeOf(Uint8Array.from(Buffer.from('9191919191919191c0', 'hex')))).toBe(undefined);
  });
});
