import { describe, expect, test } from 'vitest';
import { changed } from '../tree/testing/facts.ts';
import { sourceOf } from '../codec/value-source.ts';
import { pathBytesMax, pathSegmentsMax } from '../limits.ts';
import { create, encoded, multi, remove, set, World } from './testing/world.ts';

describe('create', () => {
  test('a new znode has the stat of its creation', () => {
    const world = new World();
    const result = world.done(create('/a', { value: encoded('hello') }));
    expect(result).toEqual({ kind: 'created', path: '/a', stat: world.record('/a'), created: true });
    expect(world.record('/a')).toMatchObject({
      czxid: 1,
      mzxid: 1,
      pzxid: 1,
      ctime: 1_001,
      mtime: 1_001,
      version: 0,
      cversion: 0,
      aversion: 0,
      owner: 0,
      dataLength: 6,
      childrenCount: 0,
      createCount: 0,
      elapsedMs: 10,
    });
    expect(world.value('/a')).toBe('hello');
    expect(world.changed()).toEqual(['+/a']);
  });

  test('the length of a byte array is its own', () => {
    const world = new World();
    world.done(create('/a', { value: encoded(new Uint8Array(3)) }), create('/b', { value: encoded([1]) }));
    expect(world.record('/a').dataLength).toBe(3);
    expect(world.record('/b').dataLength).toBe(2);
  });

  test('an existing znode is an error, or with ifAbsent an answer', () => {
    const world = new World();
    world.done(create('/a'), set('/a', 'kept'));
    expect(world.refused(create('/a'))).toMatchObject({ code: 'NODE_EXISTS', details: { path: '/a' } });
    expect(world.done(create('/a', { ifAbsent: true, createKind: 'ephemeral' }))).toEqual({
      kind: 'created',
      path: '/a',
      stat: world.record('/a'),
      created: false,
    });
    expect(world.changes).toEqual([]);
    expect(world.value('/a')).toBe('kept');
    expect(world.done(create('/b', { ifAbsent: true }))).toMatchObject({ created: true });
    expect(world.refused(create('/'))).toMatchObject({ code: 'NODE_EXISTS' });
    expect(world.done(create('/', { ifAbsent: true }))).toMatchObject({ created: false });
  });

  test('a missing parent is named, unless parents are to be created', () => {
    const world = new World();
    expect(world.refused(create('/a/b/c'))).toMatchObject({ code: 'NO_NODE', details: { path: '/a/b' } });
    world.done(create('/a/b/c', { parents: 'container', createKind: 'ephemeral' }));
    expect(world.changed()).toEqual(['+/a', '+/a/b', '+/a/b/c']);
    expect(world.record('/a')).toMatchObject({ createKind: 'container', owner: 0, cversion: 1, pzxid: 2 });
    expect(world.record('/a/b')).toMatchObject({ createKind: 'container', childrenCount: 1, czxid: 2 });
    expect(world.value('/a/b')).toBeNull();
    expect(world.record('/a/b/c')).toMatchObject({ createKind: 'ephemeral', owner: 7 });
    world.done(create('/a/x/y', { parents: 'persistent' }));
    expect(world.changed()).toEqual(['+/a/x', '+/a/x/y']);
    expect(world.record('/a/x').createKind).toBe('persistent');
    world.done(create('/a/z', { parents: 'persistent' }));
    expect(world.changed()).toEqual(['+/a/z']);
  });

  test.each(['', 'a', '/a/', '//a', '/a//b', '/.', '/a/..', '/a\u0000', '/\ud800', '/\ufff0'])(
    'the path %j cannot be used, sequential or not',
    (path) => {
      const world = new World();
      const error = { code: 'BAD_ARGUMENTS', details: { path, argument: 'path' } };
      expect(world.refused(create(path, { parents: 'persistent' }))).toMatchObject(error);
      if (path.endsWith('.') || path === '/a/') return;
      expect(world.refused(create(path, { parents: 'persistent', sequential: true }))).toMatchObject(error);
    },
  );

  test('paths end at their limits', () => {
    const world = new World();
    const longest = `/${'x'.repeat(pathBytesMax - 1)}`;
    world.done(create(longest));
    expect(world.refused(create(`${longest}y`))).toMatchObject({ code: 'BAD_ARGUMENTS' });
    expect(world.refused(create(`/${'é'.repeat(pathBytesMax / 2)}`))).toMatchObject({
      code: 'BAD_ARGUMENTS',
    });
    const deepest = '/d'.repeat(pathSegmentsMax);
    world.done(create(deepest, { parents: 'persistent' }));
    expect(world.refused(create(`${deepest}/d`))).toMatchObject({ code: 'BAD_ARGUMENTS' });
    // Ten digits must still fit.
    const prefix = `/${'x'.repeat(pathBytesMax - 11)}`;
    world.done(create(prefix, { sequential: true }));
    expect(world.refused(create(`${prefix}y`, { sequential: true }))).toMatchObject({
      code: 'BAD_ARGUMENTS',
    });
  });

  test('a value is judged by its size and its encoding', () => {
    const world = new World();
    world.limits = { ...world.limits, valueBytesMax: 10 };
    world.done(create('/a', { value: encoded('x'.repeat(9)) }));
    expect(world.refused(create('/b', { value: encoded('x'.repeat(10)) }))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      details: { path: '/b', limit: 'valueBytesMax', limitValue: 10, measured: 11 },
    });
    for (const bytes of [[], [0xc1], [0xcc, 0x01], [0x01, 0x02]]) {
      expect(world.refused(create('/b', { value: sourceOf(Uint8Array.from(bytes)) }))).toMatchObject({
        code: 'BAD_ARGUMENTS',
        details: { path: '/b', argument: 'value' },
      });
    }
  });

  test('a time to live is a positive integer, for its kind only', () => {
    const world = new World();
    world.done(create('/a', { createKind: 'ttl', ttlMs: 1 }));
    expect(world.record('/a')).toMatchObject({ createKind: 'ttl', ttlMs: 1, owner: 0 });
    world.done(create('/b', { createKind: 'ttl', ttlMs: Number.MAX_SAFE_INTEGER }));
    for (const ttlMs of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(world.refused(create('/c', { createKind: 'ttl', ttlMs }))).toMatchObject({
        code: 'BAD_ARGUMENTS',
        details: { argument: 'ttlMs' },
      });
    }
    expect(world.refused(create('/c', { ttlMs: 5 }))).toMatchObject({ code: 'BAD_ARGUMENTS' });
  });
});

describe('an ephemeral znode', () => {
  test('belongs to its session', () => {
    const world = new World();
    world.done(create('/a', { createKind: 'ephemeral' }));
    world.sessionId = 8;
    world.done(create('/b', { createKind: 'ephemeral' }), set('/a', 'by another session'));
    expect(world.record('/a').owner).toBe(7);
    expect([...world.tree.ephemeralsOf(7)]).toEqual(['/a']);
    expect([...world.tree.ephemeralsOf(8)]).toEqual(['/b']);
  });

  test('needs a session', () => {
    const world = new World();
    world.sessionId = 0;
    expect(world.refused(create('/a', { createKind: 'ephemeral' }))).toMatchObject({ code: 'BAD_ARGUMENTS' });
  });

  test('has no children, not even far below', () => {
    const world = new World();
    world.done(create('/a', { createKind: 'ephemeral' }));
    const error = { code: 'NO_CHILDREN_FOR_EPHEMERALS', details: { path: '/a' } };
    expect(world.refused(create('/a/b'))).toMatchObject(error);
    expect(world.refused(create('/a/b', { sequential: true }))).toMatchObject(error);
    expect(world.refused(create('/a/b/c', { parents: 'container' }))).toMatchObject(error);
  });

  test('is one of a limited number, for each session', () => {
    const world = new World();
    world.limits = { ...world.limits, ephemeralsPerSessionMax: 2 };
    world.done(create('/a', { createKind: 'ephemeral' }), create('/b', { createKind: 'ephemeral' }));
    expect(world.refused(create('/c', { createKind: 'ephemeral' }))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      details: { path: '/c', limit: 'ephemeralsPerSessionMax', limitValue: 2, measured: 3 },
    });
    world.done(remove('/a'), create('/c', { createKind: 'ephemeral' }), create('/d'));
    world.sessionId = 8;
    world.done(create('/e', { createKind: 'ephemeral' }));
  });
});

describe('a sequential name', () => {
  test('counts all creations below its parent', () => {
    const world = new World();
    const paths: string[] = [];
    world.done(create('/q'), create('/q/plain'));
    for (const prefix of ['/q/n-', '/q/n-', '/q/m-', '/q/']) {
      const result = world.done(create(prefix, { sequential: true }));
      if (result.kind === 'created') paths.push(result.path);
    }
    expect(paths).toEqual(['/q/n-0000000001', '/q/n-0000000002', '/q/m-0000000003', '/q/0000000004']);
    expect(world.done(create('/', { sequential: true }))).toMatchObject({ path: '/0000000001' });
  });

  test('is not given again while the parent lives', () => {
    const world = new World();
    world.done(create('/q'), create('/q/n-', { sequential: true }), remove('/q/n-0000000000'));
    expect(world.done(create('/q/n-', { sequential: true }))).toMatchObject({ path: '/q/n-0000000001' });
    world.done(remove('/q', { recursive: true }));
    expect(world.done(create('/q/n-', { sequential: true, parents: 'persistent' }))).toMatchObject({
      path: '/q/n-0000000000',
    });
  });

  test('is given again when its creation was taken back', () => {
    const world = new World();
    world.done(create('/q'));
    world.refused(multi(create('/q/n-', { sequential: true }), remove('/missing')));
    expect(world.done(create('/q/n-', { sequential: true }))).toMatchObject({ path: '/q/n-0000000000' });
    expect(
      world.done(multi(create('/q/n-', { sequential: true }), create('/q/n-', { sequential: true }))),
    ).toMatchObject({ results: [{ path: '/q/n-0000000001' }, { path: '/q/n-0000000002' }] });
  });

  test('gets wider past ten digits and is never negative', () => {
    const world = new World();
    const stamp = { czxid: 1, mzxid: 1, pzxid: 1, cversion: 9_999_999_999 };
    world.done(create('/q'));
    for (const createCount of [2_147_483_647, 2_147_483_648, 9_999_999_998]) {
      world.tree.begin();
      world.tree.replace(changed(world.record('/q'), { ...stamp, createCount }));
      world.tree.commit();
      expect(world.done(create('/q/n-', { sequential: true }))).toMatchObject({
        path: `/q/n-${createCount}`,
      });
    }
    expect(world.done(create('/q/n-', { sequential: true }))).toMatchObject({ path: '/q/n-9999999999' });
    expect(world.done(create('/q/n-', { sequential: true }))).toMatchObject({ path: '/q/n-10000000000' });
    const prefix = `/q/${'x'.repeat(pathBytesMax - 13)}`;
    expect(world.refused(create(prefix, { sequential: true }))).toMatchObject({ code: 'BAD_ARGUMENTS' });
  });

  test('may be taken already, by hand, and ifAbsent does not hide that', () => {
    const world = new World();
    world.done(create('/n-0000000001'));
    expect(world.refused(create('/n-', { sequential: true, ifAbsent: true }))).toMatchObject({
      code: 'NODE_EXISTS',
      details: { path: '/n-0000000001' },
    });
  });

  test('may be ephemeral and have new parents', () => {
    const world = new World();
    const op = create('/locks/a/n-', { sequential: true, createKind: 'ephemeral', parents: 'container' });
    expect(world.done(op)).toMatchObject({ path: '/locks/a/n-0000000000' });
    expect(world.done(op)).toMatchObject({ path: '/locks/a/n-0000000001' });
    expect(world.changed()).toEqual(['+/locks/a/n-0000000001']);
  });
});
