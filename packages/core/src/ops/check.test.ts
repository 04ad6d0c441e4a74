import { describe, expect, test } from 'vitest';
import { check, create, set, World } from './testing/world.ts';

describe('check', () => {
  test('the current version and any version pass, and change nothing', () => {
    const world = new World();
    world.done(create('/a'), set('/a', 1));
    expect(world.done(check('/a', 1))).toEqual({ kind: 'none' });
    expect(world.done(check('/a', -1))).toEqual({ kind: 'none' });
    expect(world.done(check('/', 0))).toEqual({ kind: 'none' });
    expect(world.changes).toEqual([]);
  });

  test.each([0, 2, -2, 0.5, Number.NaN])('version %d of a znode with version 1 fails', (version) => {
    const world = new World();
    world.done(create('/a'), set('/a', 1));
    expect(world.refused(check('/a', version))).toEqual({
      kind: 'error',
      code: 'BAD_VERSION',
      details: { path: '/a', expected: version, actual: 1 },
    });
  });

  test('a missing znode and a bad path are told apart', () => {
    const world = new World();
    expect(world.refused(check('/a', -1))).toMatchObject({ code: 'NO_NODE', details: { path: '/a' } });
    expect(world.refused(check('/a/', -1))).toMatchObject({
      code: 'BAD_ARGUMENTS',
      details: { path: '/a/', argument: 'path' },
    });
  });
});
