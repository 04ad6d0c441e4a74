import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeValue } from '../codec/value-decode.ts';
import { encodeValue } from '../codec/value-encode.ts';
import { sourceOf } from '../codec/value-source.ts';
import type { Value } from '../codec/value.ts';
import { patchValue } from './value-patch.ts';

/** As apply sees it: frozen, from bytes. */
function decoded(value: unknown): Value {
  return decodeValue(sourceOf(encodeValue(value))).value;
}

function patched(base: unknown, ...patches: readonly unknown[]): unknown {
  const result = patchValue(decoded(base), decoded(patches));
  if (result.kind === 'problem') return result.reason;
  return decoded(result.value);
}

describe('patchValue', () => {
  test.each([
    ['a key is added', { a: 1 }, ['add', ['b'], 2], { a: 1, b: 2 }],
    ['an added key may exist', { a: 1 }, ['add', ['a'], 2], { a: 2 }],
    ['a key is replaced', { a: 1 }, ['replace', ['a'], null], { a: null }],
    ['a key is removed', { a: 1, b: 2 }, ['remove', ['a']], { b: 2 }],
    ['a key of a prototype is a key', {}, ['add', ['constructor'], 1], { constructor: 1 }],
    ['an empty key is a key', { '': { '': 1 } }, ['replace', ['', ''], 2], { '': { '': 2 } }],
    ['an element is replaced', [1, 2], ['replace', [0], 9], [9, 2]],
    ['an index may be text', [1, [2]], ['replace', ['1', '0'], 9], [1, [9]]],
    ['an element is appended', [1, 2], ['add', [2], 9], [1, 2, 9]],
    ['an element is inserted', [1, 2], ['add', [0], 9], [9, 1, 2]],
    ['an element is removed', [1, 2, 3], ['remove', [1]], [1, 3]],
    ['an array gets shorter by its length', [1, 2, 3], ['replace', ['length'], 1], [1]],
    ['an array may keep its length', [1], ['replace', ['length'], 1], [1]],
    ['the whole is replaced', { a: 1 }, ['replace', [], [1]], [1]],
    ['a scalar is replaced', 1, ['replace', [], 2], 2],
    ['it goes deep', { a: [{ b: 1 }] }, ['replace', ['a', 0, 'b'], 2], { a: [{ b: 2 }] }],
    ['a byte array is one value', { a: Uint8Array.of(1) }, ['replace', ['a'], 2], { a: 2 }],
    ['length is a key of objects', { length: 1 }, ['replace', ['length'], 5], { length: 5 }],
  ])('%s', (_title, base, patch, expected) => {
    expect(patched(base, patch)).toEqual(expected);
  });

  test.each([
    ['an unknown op', {}, ['move', ['a'], 1]],
    ['an op that is no text', {}, [1, ['a'], 1]],
    ['no array', {}, 'add'],
    ['nothing', {}, []],
    ['no path', {}, ['add', 'a', 1]],
    ['a path with other keys', {}, ['add', [null], 1]],
    ['no value', {}, ['add', ['a']]],
    ['a value to remove', { a: 1 }, ['remove', ['a'], 1]],
    ['too many parts', {}, ['add', ['a'], 1, 2]],
    ['a missing key to replace', {}, ['replace', ['a'], 1]],
    ['a missing key to remove', {}, ['remove', ['a']]],
    ['a key of the prototype to replace', {}, ['replace', ['toString'], 1]],
    ['a key of the prototype to remove', {}, ['remove', ['constructor']]],
    ['a path through the prototype', {}, ['add', ['constructor', 'prototype', 'x'], 1]],
    ['__proto__', {}, ['add', ['__proto__'], 1]],
    ['a path through __proto__', {}, ['add', ['__proto__', 'x'], 1]],
    ['a number as key of an object', { 1: 1 }, ['replace', [1], 2]],
    ['an index at the end to replace', [1], ['replace', [1], 2]],
    ['an index at the end to remove', [1], ['remove', [1]]],
    ['an index beyond the end', [1], ['add', [2], 2]],
    ['a negative index', [1], ['replace', [-1], 2]],
    ['a broken index', [1], ['replace', [0.5], 2]],
    ['an index that is not a number', [1], ['replace', [Number.NaN], 2]],
    ['an index with a leading zero', [1, 2], ['replace', ['01'], 2]],
    ['an index of spaces', [1], ['replace', [' '], 2]],
    ['a dash', [1], ['add', ['-'], 2]],
    ['a path through a dash', [[1]], ['add', ['-', 0], 2]],
    ['a greater length', [1], ['replace', ['length'], 2]],
    ['a negative length', [1], ['replace', ['length'], -1]],
    ['a broken length', [1], ['replace', ['length'], 0.5]],
    ['a length that is text', [1], ['replace', ['length'], '0']],
    ['a length to add', [1], ['add', ['length'], 0]],
    ['a length to remove', [1], ['remove', ['length']]],
    ['a path through a length', [1], ['add', ['length', 'x'], 0]],
    ['a path through a scalar', { a: 1 }, ['add', ['a', 'b'], 0]],
    ['a path through text', { a: 'text' }, ['replace', ['a', 0], 'x']],
    ['a path through null', { a: null }, ['add', ['a', 'b'], 0]],
    ['a path through bytes', { a: Uint8Array.of(1) }, ['replace', ['a', 0], 0]],
    ['a path through nothing', {}, ['add', ['a', 'b'], 0]],
    ['a path into a scalar', 1, ['add', ['a'], 0]],
    ['the whole to add', {}, ['add', [], 0]],
    ['the whole to remove', {}, ['remove', []]],
  ])('%s does not fit', (_title, base, patch) => {
    expect(patched(base, patch)).toMatch(/^patch 0: /);
  });

  test('what is no array is no list of patches', () => {
    for (const patches of [null, 1, 'x', {}, Uint8Array.of(1)]) {
      expect(patchValue(decoded({}), decoded(patches))).toEqual({
        kind: 'problem',
        reason: 'the patches are not an array',
      });
    }
  });

  test('the base and the values of the patches stay as they are', () => {
    const base = decoded({ a: [1, { b: 2 }], c: { d: 3 } });
    const patches = decoded([
      ['replace', ['c'], { list: [1] }],
      ['add', ['c', 'list', 1], 2],
      ['replace', ['a', 1, 'b'], 9],
      ['add', ['e'], {}],
    ]);
    const result = patchValue(base, patches);
    expect(result.kind === 'value' && decoded(result.value)).toEqual({
      a: [1, { b: 9 }],
      c: { list: [1, 2] },
      e: {},
    });
    expect(base).toEqual({ a: [1, { b: 2 }], c: { d: 3 } });
    expect(patches).toEqual([
      ['replace', ['c'], { list: [1] }],
      ['add', ['c', 'list', 1], 2],
      ['replace', ['a', 1, 'b'], 9],
      ['add', ['e'], {}],
    ]);
  });

  test('what follows a patch sees it, and the first that does not fit is named', () => {
    const push = Array.from({ length: 1_000 }, (_, index) => ['add', ['list', index], index]);
    expect(patched({ list: [] }, ...push)).toEqual({ list: push.map((_, index) => index) });
    expect(patched([], ['add', [0], 1], ['remove', [0]], ['remove', [0]], ['remove', [5]])).toBe(
      'patch 2: an index is beyond the end of its array',
    );
  });

  test('moving elements has a bound that immer never meets', () => {
    const list = Array.from({ length: 60_000 }, () => 0);
    const insertAtStart = Array.from({ length: 100 }, () => ['add', [0], 1]);
    expect(patched(list, ...insertAtStart)).toMatch(/^patch 69: too many elements/);
    const append = Array.from({ length: 100 }, (_, index) => ['add', [60_000 + index], 1]);
    expect(patched(list, ...append)).toHaveLength(60_100);
  });

  test('no patches at all make it throw or reach a prototype', () => {
    const key = fc.oneof(
      fc.constantFrom('a', 'b', '0', 'length', '__proto__', 'constructor', 'prototype', 'toString'),
      fc.integer({ min: -1, max: 3 }),
    );
    const value = fc.constantFrom<unknown>(null, 0, 1, 'x', [], {}, [1, [2]], { a: { b: [] } }, 5n);
    const patch = fc.oneof(
      fc.tuple(fc.constantFrom('add', 'replace'), fc.array(key, { maxLength: 4 }), value),
      fc.tuple(fc.constant('remove'), fc.array(key, { maxLength: 4 })),
      value,
    );
    const names = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
    fc.assert(
      fc.property(value, fc.array(patch, { maxLength: 8 }), (base, patches) => {
        // The key cannot be encoded, so it is handed over as a value that was.
        const result = patchValue(decoded(base), patches as unknown as Value);
        expect(['value', 'problem']).toContain(result.kind);
        if (result.kind === 'value') encodeValue(result.value);
      }),
      { numRuns: 2_000 },
    );
    expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype))).toBe(names);
  });
});
