import { fc } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { Change, Transaction, WatchScope } from './contract.ts';
import { create, Driver, remove, set } from './testing/driver.ts';
import { collectScope, WatchTable } from './watch-table.ts';

function transaction(...paths: readonly string[]): Transaction {
  const changes: Change[] = paths.map((path) => ({ path, before: undefined, after: undefined }));
  return { zxid: 7, changes };
}

function matches(table: WatchTable, of: Transaction): unknown[] {
  return table.match(of).map(({ id, transaction: part }) => [id, part.changes.map(({ path }) => path)]);
}

describe('a watch', () => {
  test.each<[WatchScope, string, readonly string[]]>([
    ['node', '/a', ['/a']],
    ['children', '/a', ['/a/b', '/a/c']],
    ['subtree', '/a', ['/a', '/a/b', '/a/b/x', '/a/c']],
    ['node', '/', []],
    ['children', '/', ['/a', '/ab']],
    ['subtree', '/', ['/a', '/ab', '/a/b', '/a/b/x', '/a/c']],
    ['subtree', '/a/b', ['/a/b', '/a/b/x']],
    ['children', '/zz', []],
  ])('with scope %s on %s sees exactly %o', (scope, path, expected) => {
    const table = new WatchTable();
    table.register({ id: 1, path, scope });
    const found = matches(table, transaction('/a', '/ab', '/a/b', '/a/b/x', '/a/c'));
    expect(found).toEqual(expected.length === 0 ? [] : [[1, expected]]);
  });

  test('gets the transaction itself when all of it concerns it', () => {
    const table = new WatchTable();
    table.register({ id: 1, path: '/', scope: 'subtree' });
    const of = transaction('/a', '/b');
    expect(table.match(of)[0]?.transaction).toBe(of);
  });

  test('sees one znode changed twice in one transaction twice', () => {
    const table = new WatchTable();
    table.register({ id: 1, path: '/a', scope: 'node' });
    expect(matches(table, transaction('/a', '/b', '/a'))).toEqual([[1, ['/a', '/a']]]);
  });

  test('shares its part with the others of its kind, each told once', () => {
    const table = new WatchTable();
    for (const id of [1, 2]) table.register({ id, path: '/a', scope: 'node' });
    table.register({ id: 3, path: '/a', scope: 'subtree' });
    const found = table.match(transaction('/a', '/b'));
    expect(found.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(found[0]?.transaction).toBe(found[1]?.transaction);
  });

  test('is silent once it is unregistered; unregistering twice is fine', () => {
    const table = new WatchTable();
    table.register({ id: 1, path: '/a', scope: 'children' });
    table.register({ id: 2, path: '/a', scope: 'children' });
    table.unregister(1);
    table.unregister(1);
    expect(matches(table, transaction('/a/b'))).toEqual([[2, ['/a/b']]]);
    table.unregister(2);
    expect(table.size).toBe(0);
    expect(matches(table, transaction('/a/b'))).toEqual([]);
  });

  test('id is used once', () => {
    const table = new WatchTable();
    table.register({ id: 1, path: '/a', scope: 'node' });
    expect(() => table.register({ id: 1, path: '/b', scope: 'node' })).toThrow('used once');
  });
});

const segments = fc.array(fc.constantFrom('a', 'b'), { maxLength: 3 }).map((names) => `/${names.join('/')}`);
const scopes: fc.Arbitrary<WatchScope> = fc.constantFrom('node', 'children', 'subtree');

test('watches see what a scan over all of them would find', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ path: segments, scope: scopes, gone: fc.boolean() }), { maxLength: 8 }),
      fc.array(segments, { maxLength: 8 }),
      (watches, paths) => {
        const table = new WatchTable();
        for (const [id, { path, scope }] of watches.entries()) table.register({ id, path, scope });
        for (const [id, { gone }] of watches.entries()) if (gone) table.unregister(id);
        const expected = new Map<number, readonly string[]>();
        for (const [id, { path, scope, gone }] of watches.entries()) {
          const seen = paths.filter((of) => !gone && isSeen(path, scope, of));
          if (seen.length > 0) expected.set(id, seen);
        }
        const found = table.match(transaction(...paths));
        expect(found).toHaveLength(expected.size);
        expect(
          new Map(found.map(({ id, transaction: part }) => [id, part.changes.map(({ path }) => path)])),
        ).toEqual(expected);
      },
    ),
  );
});

function isSeen(watched: string, scope: WatchScope, path: string): boolean {
  if (scope === 'node') return path === watched;
  const prefix = watched === '/' ? '/' : `${watched}/`;
  const isBelow = path !== watched && path.startsWith(prefix);
  if (scope === 'children') return isBelow && !path.slice(prefix.length).includes('/');
  return path === watched || isBelow;
}

describe('the first view of a scope', () => {
  function tree(): Driver['machine']['tree'] {
    const driver = new Driver();
    const session = driver.open();
    driver.send(
      session,
      ['/a', '/a/c', '/a/b', '/a/b/x', '/ab'].map((path) => create(path)),
    );
    driver.send(session, [set('/ab', 1), create('/gone'), remove('/gone')]);
    return driver.machine.tree;
  }

  test.each<[WatchScope, string, readonly string[]]>([
    ['node', '/a', ['/a']],
    ['children', '/a', ['/a/b', '/a/c']],
    ['subtree', '/a', ['/a', '/a/b', '/a/b/x', '/a/c']],
    ['children', '/', ['/a', '/ab']],
    ['subtree', '/missing', []],
    ['children', '/ab', []],
  ])('%s of %s is %o', (scope, path, expected) => {
    const found = collectScope(tree(), { path, scope }, 4);
    expect(found).toMatchObject({ kind: 'znodes' });
    expect(found.kind === 'znodes' && found.znodes.map((znode) => znode.path)).toEqual(expected);
  });

  test('fails beyond its bound and says how large it would be', () => {
    expect(collectScope(tree(), { path: '/a', scope: 'subtree' }, 3)).toEqual({
      kind: 'too-large',
      measured: 4,
    });
    expect(collectScope(tree(), { path: '/a', scope: 'children' }, 1)).toEqual({
      kind: 'too-large',
      measured: 2,
    });
    expect(collectScope(tree(), { path: '/a', scope: 'node' }, 0)).toEqual({
      kind: 'too-large',
      measured: 1,
    });
  });
});
