import { describe, expect, test } from 'vitest';
import { sourceOf } from '../codec/value-source.ts';
import { factsOf } from '../tree/testing/facts.ts';
import { create, encoded, set, World } from './testing/world.ts';

describe('set', () => {
  test('changes the value and its part of the stat', () => {
    const world = new World();
    world.done(create('/a'), create('/a/b'));
    const before = world.record('/a');
    expect(world.done(set('/a', [1, 2]))).toBe(world.record('/a'));
    expect(world.value('/a')).toEqual([1, 2]);
    const after = world.record('/a');
    const facts = { ...factsOf(before), value: factsOf(after).value };
    expect(factsOf(after)).toEqual({ ...facts, mzxid: 3, mtime: 1_003, version: 1, elapsedMs: 30 });
    expect(after.dataLength).toBe(3);
    expect(after.end).not.toBe(before.end);
    expect(world.changes).toEqual([{ path: '/a', before, after: world.record('/a') }]);
    expect(world.record('/')).toMatchObject({ mzxid: 0, pzxid: 1 });
  });

  test('an equal value is a change too', () => {
    const world = new World();
    world.done(create('/a', { value: encoded(1) }), set('/a', 1), set('/a', 1));
    expect(world.record('/a')).toMatchObject({ version: 2, mzxid: 3 });
    expect(world.changed()).toEqual(['=/a']);
  });

  test('a version must be the current one', () => {
    const world = new World();
    world.done(create('/a'), set('/a', 1, { version: 0 }), set('/a', 2, { version: 1 }));
    for (const version of [0, 1, 3, -2]) {
      expect(world.refused(set('/a', 3, { version }))).toMatchObject({
        code: 'BAD_VERSION',
        details: { path: '/a', expected: version, actual: 2 },
      });
    }
    expect(world.value('/a')).toBe(2);
  });

  test('a missing znode is created on demand only, and never for a version', () => {
    const world = new World();
    expect(world.refused(set('/a', 1))).toMatchObject({ code: 'NO_NODE', details: { path: '/a' } });
    expect(world.refused(set('/a', 1, { create: true, version: 0 }))).toMatchObject({ code: 'NO_NODE' });
    expect(world.refused(set('/a/b', 1, { create: true }))).toMatchObject({
      code: 'NO_NODE',
      details: { path: '/a' },
    });
    expect(world.done(set('/a', 1, { create: true }))).toBe(world.record('/a'));
    expect(world.record('/a')).toMatchObject({ createKind: 'persistent', version: 0, owner: 0 });
    expect(world.changed()).toEqual(['+/a']);
    world.done(set('/a', 2, { create: true }));
    expect(world.record('/a').version).toBe(1);
  });

  test('no child of an ephemeral znode comes into being', () => {
    const world = new World();
    world.done(create('/a', { createKind: 'ephemeral' }));
    expect(world.refused(set('/a/b', 1, { create: true }))).toMatchObject({
      code: 'NO_CHILDREN_FOR_EPHEMERALS',
    });
    world.done(set('/a', 1));
    expect(world.record('/a').owner).toBe(7);
  });

  test('the root has a value too', () => {
    const world = new World();
    world.done(set('/', 'root'));
    expect(world.value('/')).toBe('root');
  });

  test('bad paths, large values and bytes that are no value are refused', () => {
    const world = new World();
    world.done(create('/a'));
    world.limits = { ...world.limits, valueBytesMax: 4 };
    for (const path of ['', 'a', '/a/', '/a/./b']) {
      expect(world.refused(set(path, 1, { create: true }))).toMatchObject({ code: 'BAD_ARGUMENTS' });
    }
    world.done(set('/a', 'xxx'));
    expect(world.refused(set('/a', 'xxxx'))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      details: { limit: 'valueBytesMax', limitValue: 4, measured: 5 },
    });
    const value = sourceOf(Uint8Array.of(0xd9, 0x01, 0x61));
    expect(world.refused(set('/a', 1, { value }))).toMatchObject({
      code: 'BAD_ARGUMENTS',
      details: { argument: 'value' },
    });
  });
});
