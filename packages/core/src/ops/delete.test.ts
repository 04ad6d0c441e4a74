import { describe, expect, test } from 'vitest';
import { create, multi, remove, set, World } from './testing/world.ts';

function worldOf(...paths: readonly string[]): World {
  const world = new World();
  for (const path of paths) world.done(create(path, { parents: 'persistent', ifAbsent: true }));
  return world;
}

describe('delete', () => {
  test('a leaf goes, and its parent counts it', () => {
    const world = worldOf('/a/b');
    expect(world.done(remove('/a/b'))).toEqual({ kind: 'none' });
    expect(world.paths()).toEqual(['/', '/a']);
    expect(world.record('/a')).toMatchObject({
      childrenCount: 0,
      cversion: 2,
      pzxid: 2,
      mzxid: 1,
      version: 0,
      elapsedMs: 20,
    });
    expect(world.changed()).toEqual(['-/a/b']);
  });

  test('a missing znode is an error, or with ifExists an answer', () => {
    const world = worldOf('/a');
    world.done(remove('/a'));
    expect(world.refused(remove('/a'))).toMatchObject({ code: 'NO_NODE', details: { path: '/a' } });
    expect(world.done(remove('/a', { ifExists: true }))).toEqual({ kind: 'none' });
    expect(world.done(remove('/x/y', { ifExists: true, recursive: true }))).toEqual({ kind: 'none' });
    expect(world.changes).toEqual([]);
    expect(world.refused(remove('/a/', { ifExists: true }))).toMatchObject({ code: 'BAD_ARGUMENTS' });
  });

  test('the root stays', () => {
    const world = worldOf('/a');
    for (const rest of [{}, { recursive: true }, { ifExists: true }, { version: 0 }]) {
      expect(world.refused(remove('/', rest))).toMatchObject({
        code: 'BAD_ARGUMENTS',
        details: { path: '/' },
      });
    }
  });

  test('a version must be the current one', () => {
    const world = worldOf('/a/b');
    world.done(set('/a', 1));
    for (const recursive of [false, true]) {
      expect(world.refused(remove('/a', { version: 0, recursive, ifExists: true }))).toMatchObject({
        code: 'BAD_VERSION',
        details: { path: '/a', expected: 0, actual: 1 },
      });
    }
    world.done(remove('/a', { version: 1, recursive: true }));
    expect(world.paths()).toEqual(['/']);
  });

  test('a znode with children goes only with all of them, children first', () => {
    const world = worldOf('/a/b/c', '/a/b/d', '/a/e', '/ab');
    world.sessionId = 9;
    world.done(create('/a/b/x', { createKind: 'ephemeral' }));
    expect(world.refused(remove('/a'))).toMatchObject({ code: 'NOT_EMPTY', details: { path: '/a' } });
    world.done(remove('/a', { recursive: true }));
    expect(world.paths()).toEqual(['/', '/ab']);
    expect(world.changed()).toEqual(['-/a/e', '-/a/b/x', '-/a/b/d', '-/a/b/c', '-/a/b', '-/a']);
    expect(world.tree.ephemeralsOf(9).size).toBe(0);
    world.done(remove('/ab', { recursive: true }));
    expect(world.paths()).toEqual(['/']);
  });

  test('a recursive delete is bounded, the znode itself included', () => {
    const world = worldOf('/a/b/c');
    world.limits = { ...world.limits, recursiveDeleteMax: 2 };
    expect(world.refused(remove('/a', { recursive: true }))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      details: { path: '/a', limit: 'recursiveDeleteMax', limitValue: 2, measured: 3 },
    });
    world.done(remove('/a/b', { recursive: true }), remove('/a'));
  });

  test('a znode is new after it was deleted, in one multi too', () => {
    const world = worldOf('/a');
    world.done(set('/a', 1), multi(remove('/a'), create('/a')));
    expect(world.record('/a')).toMatchObject({ version: 0, czxid: 3 });
    expect(world.changed()).toEqual(['-/a', '+/a']);
  });
});
