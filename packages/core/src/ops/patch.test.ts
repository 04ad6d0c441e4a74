import { describe, expect, test } from 'vitest';
import { copySource, sourceOf } from '../codec/value-source.ts';
import { create, encoded, patch, remove, set, World } from './testing/world.ts';

function worldWith(value: unknown): World {
  const world = new World();
  world.done(create('/a', { value: encoded(value) }));
  return world;
}

describe('patch', () => {
  test('changes the value that was seen', () => {
    const world = worldWith({ count: 1, tags: ['x'] });
    const result = world.done(
      patch('/a', 1, [
        ['replace', ['count'], 2],
        ['add', ['tags', 1], 'y'],
      ]),
    );
    expect(world.value('/a')).toEqual({ count: 2, tags: ['x', 'y'] });
    expect(result).toMatchObject({ kind: 'patched', stat: world.record('/a') });
    expect(result.kind === 'patched' && copySource(result.value)).toEqual(copySource(world.record('/a')));
    expect(world.record('/a')).toMatchObject({ version: 1, mzxid: 2 });
    expect(world.changed()).toEqual(['=/a']);
  });

  test('gives canonical bytes, whatever the order of the patches', () => {
    const world = worldWith({ m: 1 });
    world.done(
      patch('/a', 1, [
        ['add', ['z'], -0],
        ['add', ['a'], 2],
        ['remove', ['m']],
      ]),
    );
    expect(copySource(world.record('/a'))).toEqual(copySource(encoded({ a: 2, z: 0 })));
  });

  test('no patches are a change too', () => {
    const world = worldWith(5);
    world.done(patch('/a', 1, []));
    expect(world.record('/a')).toMatchObject({ version: 1, mzxid: 2 });
    expect(world.value('/a')).toBe(5);
  });

  test('another mzxid is another version, though the version number is the same', () => {
    const world = worldWith(1);
    world.done(remove('/a'), create('/a'));
    expect(world.refused(patch('/a', 1, [['replace', [], 2]]))).toEqual({
      kind: 'error',
      code: 'BAD_VERSION',
      details: { path: '/a', expected: 1, actual: 3 },
    });
    world.done(set('/a', 1));
    expect(world.refused(patch('/a', 3, [['replace', [], 2]]))).toMatchObject({ code: 'BAD_VERSION' });
  });

  test('mzxid 0 creates, and only that', () => {
    const world = new World();
    expect(world.done(patch('/a', 0, { whole: true }))).toMatchObject({
      kind: 'patched',
      stat: { version: 0 },
    });
    expect(world.value('/a')).toEqual({ whole: true });
    expect(world.record('/a').createKind).toBe('persistent');
    expect(world.changed()).toEqual(['+/a']);
    expect(world.refused(patch('/a', 0, 1))).toMatchObject({ code: 'NODE_EXISTS', details: { path: '/a' } });
    expect(world.refused(patch('/x/y', 0, 1))).toMatchObject({ code: 'NO_NODE', details: { path: '/x' } });
    expect(world.refused(patch('x', 0, 1))).toMatchObject({ code: 'BAD_ARGUMENTS' });
    world.done(create('/e', { createKind: 'ephemeral' }));
    expect(world.refused(patch('/e/y', 0, 1))).toMatchObject({ code: 'NO_CHILDREN_FOR_EPHEMERALS' });
    world.limits = { ...world.limits, valueBytesMax: 3 };
    expect(world.refused(patch('/b', 0, 'xxx'))).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  test('a missing znode and a bad path are told apart', () => {
    const world = new World();
    expect(world.refused(patch('/a', 1, []))).toMatchObject({ code: 'NO_NODE' });
    expect(world.refused(patch('/a/', 1, []))).toMatchObject({ code: 'BAD_ARGUMENTS' });
  });

  test('patches that do not fit, and bytes that are none, are told apart', () => {
    const world = worldWith({ a: 1 });
    expect(world.refused(patch('/a', 1, [['remove', ['b']]]))).toMatchObject({
      code: 'PATCH_FAILED',
      details: { path: '/a', reason: 'patch 0: an object has no such key' },
    });
    const broken = { ...patch('/a', 1, []), patches: sourceOf(Uint8Array.of(0xc1)) };
    expect(world.refused(broken)).toMatchObject({ code: 'BAD_ARGUMENTS', details: { argument: 'patches' } });
  });

  test('the result has the limits of any value', () => {
    const world = worldWith([]);
    world.limits = { ...world.limits, valueBytesMax: 3 };
    world.done(
      patch('/a', 1, [
        ['add', [0], 1],
        ['add', [1], 2],
      ]),
    );
    expect(world.refused(patch('/a', 2, [['add', [2], 3]]))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      details: { limit: 'valueBytesMax', limitValue: 3, measured: 4 },
    });
  });

  test('a value cannot be nested too deeply, one patch at a time', () => {
    const world = worldWith([]);
    const zeros = Array.from({ length: 63 }, () => 0);
    const deepen = zeros.map((_, depth) => ['add', zeros.slice(depth), []]).toReversed();
    world.done(patch('/a', 1, deepen));
    expect(world.refused(patch('/a', 2, [['add', [...zeros, 0], []]]))).toMatchObject({
      code: 'PATCH_FAILED',
    });
  });
});
