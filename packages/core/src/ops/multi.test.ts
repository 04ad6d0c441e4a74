import { describe, expect, test } from 'vitest';
import type { SingleOp } from '../codec/op.ts';
import {
  check,
  compare,
  create,
  encoded,
  increment,
  multi,
  patch,
  remove,
  set,
  World,
} from './testing/world.ts';

describe('multi', () => {
  test('nothing at all is fine', () => {
    const world = new World();
    expect(world.done(multi())).toEqual({ kind: 'multi', results: [] });
    expect(world.changes).toEqual([]);
  });

  test('each op sees the effects of those before it, at one zxid', () => {
    const world = new World();
    const result = world.done(
      multi(
        create('/a', { value: encoded(1) }),
        check('/a', 0),
        increment('/a', 4),
        compare('/a', 5, 6),
        set('/a', { n: 1 }, { version: 2 }),
        create('/a/b'),
        remove('/a/b'),
        patch('/a', 1, [['replace', ['n'], 2]]),
      ),
    );
    expect(result).toMatchObject({
      kind: 'multi',
      results: [
        { kind: 'created', path: '/a', created: true },
        { kind: 'none' },
        { kind: 'number', value: 5 },
        { kind: 'compared', swapped: true },
        { kind: 'stat', stat: { version: 3 } },
        { kind: 'created', path: '/a/b' },
        { kind: 'none' },
        { kind: 'patched', stat: { version: 4 } },
      ],
    });
    expect(world.changed()).toEqual(['+/a', '=/a', '=/a', '=/a', '+/a/b', '-/a/b', '=/a']);
    expect(world.value('/a')).toEqual({ n: 2 });
    expect(world.record('/a')).toMatchObject({ czxid: 1, mzxid: 1, pzxid: 1, cversion: 2 });
  });

  const failing: readonly (readonly [string, SingleOp])[] = [
    ['NO_NODE', set('/missing', 1)],
    ['NODE_EXISTS', create('/a')],
    ['BAD_VERSION', check('/a', 9)],
    ['COMPARE_FAILED', compare('/a', 'other', 1)],
    ['NOT_EMPTY', remove('/p')],
    ['NOT_A_NUMBER', increment('/a', 1)],
    ['BAD_ARGUMENTS', remove('/')],
    ['NO_CHILDREN_FOR_EPHEMERALS', create('/e/x')],
    ['PATCH_FAILED', patch('/a', 1, 'none')],
  ];

  test.each(failing)('%s fails all, and its position is told', (code, op) => {
    const world = new World();
    world.done(
      multi(
        create('/a'),
        create('/p/c', { parents: 'persistent' }),
        create('/e', { createKind: 'ephemeral' }),
      ),
    );
    const before = world.paths();
    const error = world.refused(multi(create('/x'), create('/x/y'), op, set('/also missing', 1)));
    expect(error).toMatchObject({ code, details: { index: 2 } });
    expect(world.paths()).toEqual(before);
    expect(world.refused(multi(op))).toMatchObject({ code, details: { index: 0 } });
  });

  test('a comparison that fails tells its path', () => {
    const world = new World();
    world.done(create('/a'));
    expect(world.refused(multi(compare('/a', 1, 2)))).toEqual({
      kind: 'error',
      code: 'COMPARE_FAILED',
      details: { path: '/a', index: 0 },
    });
  });

  test('ops and bytes are bounded', () => {
    const world = new World();
    world.limits = { ...world.limits, multiOperationsMax: 2, multiBytesMax: 200 };
    world.done(multi(create('/a'), create('/b')));
    expect(world.refused(multi(create('/c'), create('/d'), create('/e')))).toEqual({
      kind: 'error',
      code: 'LIMIT_EXCEEDED',
      details: { limit: 'multiOperationsMax', limitValue: 2, measured: 3 },
    });
    expect(world.refused({ ...multi(create('/c')), byteCount: 201 })).toEqual({
      kind: 'error',
      code: 'LIMIT_EXCEEDED',
      details: { limit: 'multiBytesMax', limitValue: 200, measured: 201 },
    });
  });

  test('limits count what the multi itself has done', () => {
    const world = new World();
    world.limits = { ...world.limits, ephemeralsPerSessionMax: 1 };
    const ephemeral = { createKind: 'ephemeral' } as const;
    expect(world.refused(multi(create('/a', ephemeral), create('/b', ephemeral)))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      details: { limit: 'ephemeralsPerSessionMax', index: 1 },
    });
    world.done(multi(create('/a', ephemeral), remove('/a'), create('/b', ephemeral)));
    expect([...world.tree.ephemeralsOf(7)]).toEqual(['/b']);
  });
});
