import { describe, expect, test } from 'vitest';
import { create, encoded, increment, World } from './testing/world.ts';

const bigMax = 2n ** 63n - 1n;
const bigMin = -(2n ** 63n);

function worldWith(value: unknown): World {
  const world = new World();
  world.done(create('/a', { value: encoded(value) }));
  return world;
}

describe('increment', () => {
  test.each([
    [5, 3, 8],
    [5, -8, -3],
    [0, 0, 0],
    [Number.MAX_SAFE_INTEGER - 1, 1, Number.MAX_SAFE_INTEGER],
    [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 0],
    [4_294_967_295, 1, 4_294_967_296],
    [5n, 3n, 8n],
    [bigMax - 1n, 1n, bigMax],
    [bigMin + 1n, -1n, bigMin],
    [2n ** 60n, 1n, 2n ** 60n + 1n],
  ])('%s and %s is %s', (value, by, sum) => {
    const world = worldWith(value);
    expect(world.done(increment('/a', by))).toEqual({ kind: 'number', value: sum, stat: world.record('/a') });
    expect(world.value('/a')).toBe(sum);
    expect(world.record('/a')).toMatchObject({ version: 1, mzxid: 2 });
    expect(world.changed()).toEqual(['=/a']);
  });

  test.each([
    [1, 1n],
    [1n, 1],
    [1.5, 1],
    [2 ** 53, 1],
    [Number.NaN, 1],
    ['1', 1],
    [null, 1],
    [true, 1],
    [[1], 1],
    ['x'.repeat(10_000), 1],
    [Uint8Array.of(1), 1n],
  ])('%s cannot be incremented by %s', (value, by) => {
    expect(worldWith(value).refused(increment('/a', by))).toMatchObject({
      code: 'NOT_A_NUMBER',
      details: { path: '/a' },
    });
  });

  test.each([
    [Number.MAX_SAFE_INTEGER, 1],
    [Number.MIN_SAFE_INTEGER, -1],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [bigMax, 1n],
    [bigMin, -1n],
    [bigMin, bigMin],
  ])('%s and %s is out of range', (value, by) => {
    expect(worldWith(value).refused(increment('/a', by))).toMatchObject({ code: 'OVERFLOW' });
  });

  test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2n ** 63n, -(2n ** 63n) - 1n])(
    '%s is no increment',
    (by) => {
      expect(worldWith(1).refused(increment('/a', by))).toMatchObject({
        code: 'BAD_ARGUMENTS',
        details: { argument: 'by' },
      });
    },
  );

  test.each([5, 0, -3, 5n, 0n])('a missing znode starts from 0 on demand only: %s', (by) => {
    const world = new World();
    expect(world.refused(increment('/a', by))).toMatchObject({ code: 'NO_NODE' });
    expect(world.done(increment('/a', by, { create: true }))).toEqual({
      kind: 'number',
      value: by,
      stat: world.record('/a'),
    });
    expect(world.value('/a')).toBe(by);
    expect(world.record('/a').version).toBe(0);
    expect(world.changed()).toEqual(['+/a']);
    expect(world.done(increment('/a', by, { create: true }))).toMatchObject({
      value: typeof by === 'bigint' ? by + by : by + by,
    });
  });

  test('-0 starts at 0', () => {
    expect(new World().done(increment('/a', -0, { create: true }))).toMatchObject({ value: 0 });
  });

  test('bad places are refused', () => {
    const world = new World();
    world.done(create('/e', { createKind: 'ephemeral' }));
    expect(world.refused(increment('/x/y', 1, { create: true }))).toMatchObject({
      code: 'NO_NODE',
      details: { path: '/x' },
    });
    expect(world.refused(increment('/e/y', 1, { create: true }))).toMatchObject({
      code: 'NO_CHILDREN_FOR_EPHEMERALS',
    });
    expect(world.refused(increment('x', 1, { create: true }))).toMatchObject({ code: 'BAD_ARGUMENTS' });
    expect(world.refused(increment('/', 1))).toMatchObject({ code: 'NOT_A_NUMBER' });
  });
});
