import { describe, expect, test } from 'vitest';
import { copySource, sourceOf } from '../codec/value-source.ts';
import { compare, create, encoded, World } from './testing/world.ts';

function worldWith(value: unknown): World {
  const world = new World();
  world.done(create('/a', { value: encoded(value) }));
  return world;
}

describe('compare', () => {
  test('an equal value is swapped, and the previous one told', () => {
    const world = worldWith({ b: [1, 2n], a: 'x' });
    const result = world.done(compare('/a', { a: 'x', b: [1, 2n] }, 'new'));
    expect(result).toMatchObject({ kind: 'compared', swapped: true, stat: world.record('/a') });
    expect(result.kind === 'compared' && copySource(result.previous)).toEqual(
      copySource(encoded({ a: 'x', b: [1, 2n] })),
    );
    expect(world.value('/a')).toBe('new');
    expect(world.record('/a')).toMatchObject({ version: 1, mzxid: 2 });
    expect(world.changed()).toEqual(['=/a']);
  });

  test.each([
    [1, 2],
    [1, 1n],
    [1, '1'],
    [null, false],
    ['', null],
    [{}, []],
    [Uint8Array.of(1), [1]],
    ['a', 'ab'],
  ])('%o is not %o, which is an answer and no failure', (value, expected) => {
    const world = worldWith(value);
    const before = world.record('/a');
    expect(world.done(compare('/a', expected, 'new'))).toEqual({
      kind: 'compared',
      swapped: false,
      previous: before,
      stat: before,
    });
    expect(world.changes).toEqual([]);
    expect(world.record('/a')).toBe(before);
  });

  test('-0 is 0, and NaN is NaN', () => {
    expect(worldWith(0).done(compare('/a', -0, 1))).toMatchObject({ swapped: true });
    expect(worldWith(Number.NaN).done(compare('/a', Number.NaN, 1))).toMatchObject({ swapped: true });
  });

  test('a missing znode and bad arguments fail', () => {
    const world = worldWith(1);
    world.limits = { ...world.limits, valueBytesMax: 3 };
    expect(world.refused(compare('/b', 1, 2))).toMatchObject({ code: 'NO_NODE', details: { path: '/b' } });
    expect(world.refused(compare('b', 1, 2))).toMatchObject({ code: 'BAD_ARGUMENTS' });
    expect(world.refused(compare('/a', 1, 'xxx'))).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    const broken = sourceOf(Uint8Array.of(0xc1));
    expect(world.refused({ ...compare('/a', 1, 2), expected: broken })).toMatchObject({
      code: 'BAD_ARGUMENTS',
      details: { argument: 'expected' },
    });
    expect(world.refused({ ...compare('/a', 1, 2), value: broken })).toMatchObject({
      code: 'BAD_ARGUMENTS',
      details: { argument: 'value' },
    });
    expect(world.done(compare('/a', 'far too long', 2))).toMatchObject({ swapped: false });
  });
});
