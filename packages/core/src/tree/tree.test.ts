import { describe, expect, test } from 'vitest';
import { encodeValue } from '../codec/value-encode.ts';
import { sourceOf } from '../codec/value-source.ts';
import { InvariantViolation } from '../invariant.ts';
import { changeOf, type Change } from './change.ts';
import { nullValue } from './null-value.ts';
import { changed } from './testing/facts.ts';
import { Tree } from './tree.ts';
import { newRecord, type NewZnode } from './new-znode.ts';
import { withValue, type ZnodeRecord } from './znode-record.ts';

function record(path: string, zxid: number, rest: Partial<NewZnode> = {}): ZnodeRecord {
  const znode: NewZnode = {
    path,
    value: sourceOf(encodeValue(path)),
    createKind: 'persistent',
    ttlMs: 0,
    owner: 0,
    ...rest,
  };
  return newRecord(znode, { zxid, moment: { wallMs: 1_000 + zxid, elapsedMs: 10 * zxid } });
}

function treeOf(...paths: readonly string[]): Tree {
  const tree = new Tree();
  tree.begin();
  for (const [index, path] of paths.entries()) tree.insert(record(path, index + 1));
  tree.commit();
  return tree;
}

function commit(tree: Tree): readonly Change[] {
  const changes: Change[] = [];
  tree.commit((before, after) => void changes.push(changeOf(before, after)));
  return changes;
}

describe('Tree', () => {
  test('a new tree has a root with null and nothing below', () => {
    const tree = new Tree();
    expect(tree.size).toBe(1);
    expect(tree.get('/')).toMatchObject({ path: '/', czxid: 0, version: 0, childrenCount: 0, owner: 0 });
    expect(nullValue().source).toEqual(encodeValue(null));
    expect(tree.names('/', undefined, 10)).toEqual([]);
    expect(tree.descendantsCount('/')).toBe(0);
    expect([...tree.walk('/')].map(({ path }) => path)).toEqual(['/']);
    tree.validate();
  });

  test('what is missing has no record, names, descendants or walk', () => {
    const tree = treeOf('/a');
    for (const path of ['/b', '/a/b', '', 'a', '/a/', '//']) {
      expect(tree.get(path)).toBeUndefined();
      expect(tree.names(path, undefined, 10)).toEqual([]);
      expect(tree.descendantsCount(path)).toBe(0);
      expect([...tree.walk(path)]).toEqual([]);
    }
  });

  test('a view is made once for each record of a znode that remembers it', () => {
    const tree = treeOf('/a', '/b');
    const asked: string[] = [];
    const make = (found: ZnodeRecord): object => {
      const view = { version: found.version, childrenCount: found.childrenCount };
      asked.push(found.path);
      if (found.path !== '/b') found.memo = view;
      return view;
    };
    const first = tree.view('/a', make);
    expect(first).toEqual({ version: 0, childrenCount: 0 });
    expect(tree.view('/a', make)).toBe(first);
    tree.begin();
    tree.insert(record('/a/c', 3));
    expect(tree.view('/a', make)).toEqual({ version: 0, childrenCount: 1 });
    tree.rollback();
    expect(tree.view('/a', make)).toEqual({ version: 0, childrenCount: 0 });
    tree.begin();
    tree.remove('/a', { zxid: 4, moment: { wallMs: 2_000, elapsedMs: 40 } });
    tree.insert(record('/a', 4, { value: sourceOf(encodeValue('again')) }));
    tree.commit();
    expect(tree.view('/a', make)).not.toBe(first);
    expect(asked).toEqual(['/a', '/a', '/a', '/a']);
    expect([tree.view('/b', make), tree.view('/b', make)]).toEqual([
      { version: 0, childrenCount: 0 },
      { version: 0, childrenCount: 0 },
    ]);
    expect(asked.slice(4)).toEqual(['/b', '/b']);
    expect(tree.view('/missing', make)).toBeUndefined();
  });

  test('a created child changes the counts of its parent, and nothing of its value', () => {
    const tree = treeOf('/a', '/a/b');
    expect(tree.get('/a')).toMatchObject({
      czxid: 1,
      mzxid: 1,
      pzxid: 2,
      mtime: 1_001,
      version: 0,
      cversion: 1,
      childrenCount: 1,
      createCount: 1,
      elapsedMs: 20,
    });
    tree.validate();
  });

  test('a deleted child counts in cversion and pzxid, but takes no creation back', () => {
    const tree = treeOf('/a', '/a/b');
    tree.begin();
    tree.remove('/a/b', { zxid: 9, moment: { wallMs: 90, elapsedMs: 90 } });
    tree.commit();
    expect(tree.get('/a')).toMatchObject({
      pzxid: 9,
      cversion: 2,
      childrenCount: 0,
      createCount: 1,
      elapsedMs: 90,
    });
    tree.validate();
  });

  test('a walk goes down before it goes on, siblings in byte order', () => {
    const tree = treeOf('/b', '/a', '/a/z', '/a/c', '/a/c/d', '/a-1', '/a/c/d/e', '/B');
    const paths = [...tree.walk('/')].map(({ path }) => path);
    expect(paths).toEqual(['/', '/B', '/a', '/a/c', '/a/c/d', '/a/c/d/e', '/a/z', '/a-1', '/b']);
    expect([...tree.walk('/a/c')].map(({ path }) => path)).toEqual(['/a/c', '/a/c/d', '/a/c/d/e']);
    expect(tree.descendantsCount('/')).toBe(8);
    expect(tree.descendantsCount('/a')).toBe(4);
    expect(tree.names('/', undefined, 2)).toEqual(['B', 'a']);
    expect(tree.names('/', 'a', 9)).toEqual(['a-1', 'b']);
  });

  test('a commit answers each operation, in order, and no parent', () => {
    const tree = treeOf('/a');
    const before = tree.get('/a');
    tree.begin();
    const child = record('/a/b', 5);
    tree.insert(child);
    const counted = tree.get('/a');
    const valued = withValue(child, nullValue(), { zxid: 5, moment: { wallMs: 5, elapsedMs: 5 } });
    tree.replace(valued);
    tree.remove('/a/b', { zxid: 5, moment: { wallMs: 5, elapsedMs: 5 } });
    expect(commit(tree)).toEqual([
      { path: '/a/b', before: undefined, after: child },
      { path: '/a/b', before: child, after: valued },
      { path: '/a/b', before: valued, after: undefined },
    ]);
    expect(counted).toMatchObject({ childrenCount: 1 });
    expect(before).toMatchObject({ childrenCount: 0 });
    tree.begin();
    expect(commit(tree)).toEqual([]);
  });

  test('a rollback leaves no trace', () => {
    const tree = treeOf('/a', '/a/b', '/c');
    const before = { digest: tree.digest, records: [...tree.walk('/')] };
    tree.begin();
    tree.remove('/a/b', { zxid: 9, moment: { wallMs: 9, elapsedMs: 9 } });
    tree.insert(record('/a/b', 9, { createKind: 'ephemeral', owner: 7 }));
    tree.insert(record('/c/d', 9));
    tree.insert(record('/c/d/e', 9));
    tree.replace(
      withValue(record('/c/d/e', 9), nullValue(), { zxid: 9, moment: { wallMs: 9, elapsedMs: 9 } }),
    );
    tree.rollback();
    expect(tree.digest).toEqual(before.digest);
    expect([...tree.walk('/')]).toEqual(before.records);
    expect(tree.ephemeralsOf(7).size).toBe(0);
    tree.validate();
    tree.begin();
    expect(commit(tree)).toEqual([]);
  });

  test('a sure transaction tells each change when it is made, once, and the tree shows it by then', () => {
    const tree = treeOf('/a');
    const told: (string | undefined)[] = [];
    tree.beginSure((before, after) => {
      const { path } = changeOf(before, after);
      expect(tree.get(path)).toBe(after);
      told.push(path);
    });
    tree.insert(record('/a/b', 2));
    expect(told).toEqual(['/a/b']);
    tree.remove('/a/b', { zxid: 2, moment: { wallMs: 2, elapsedMs: 2 } });
    expect(commit(tree)).toEqual([]);
    expect(told).toEqual(['/a/b', '/a/b']);
    tree.begin();
    tree.insert(record('/a/c', 3));
    expect(commit(tree)).toHaveLength(1);
    expect(told).toHaveLength(2);
  });

  test('a sure transaction that has changed something cannot be taken back', () => {
    const tree = treeOf('/a');
    tree.beginSure(() => undefined);
    tree.insert(record('/a/b', 2));
    expect(() => tree.rollback()).toThrow(InvariantViolation);
  });

  test('ephemerals are listed with their session until they are gone', () => {
    const tree = treeOf('/a');
    expect(tree.ephemeralsOf(7).size).toBe(0);
    tree.begin();
    tree.insert(record('/a/e', 2, { createKind: 'ephemeral', owner: 7 }));
    tree.insert(record('/a/f', 2, { createKind: 'ephemeral', owner: 7 }));
    tree.insert(record('/a/g', 2, { createKind: 'ephemeral', owner: 8 }));
    tree.commit();
    expect([...tree.ephemeralsOf(7)]).toEqual(['/a/e', '/a/f']);
    tree.begin();
    tree.remove('/a/e', { zxid: 3, moment: { wallMs: 3, elapsedMs: 3 } });
    tree.remove('/a/f', { zxid: 3, moment: { wallMs: 3, elapsedMs: 3 } });
    tree.commit();
    expect(tree.ephemeralsOf(7).size).toBe(0);
    expect([...tree.ephemeralsOf(8)]).toEqual(['/a/g']);
    tree.validate();
  });

  test('the digest forgets the way and notices each field', () => {
    const left = treeOf('/a', '/b');
    const right = new Tree();
    right.begin();
    right.insert(record('/a', 1));
    right.insert(record('/x', 2));
    right.rollback();
    right.begin();
    right.insert(record('/a', 1));
    right.insert(record('/b', 2));
    right.commit();
    expect(right.digest).toEqual(left.digest);

    const base = left.get('/a');
    expect(base).toBeDefined();
    if (base === undefined) return;
    const digests = new Set<string>([JSON.stringify(left.digest)]);
    const numbers = [
      'ttlMs',
      'czxid',
      'mzxid',
      'pzxid',
      'ctime',
      'mtime',
      'version',
      'cversion',
      'createCount',
      'elapsedMs',
    ] as const;
    for (const field of numbers) {
      left.begin();
      left.replace(changed(base, { [field]: base[field] + 1 }));
      digests.add(JSON.stringify(left.digest));
      left.rollback();
      if (field === 'version' || field === 'cversion') continue;
      left.begin();
      left.replace(changed(base, { [field]: base[field] + 0x1_0000_0000 }));
      if (field !== 'createCount') digests.add(JSON.stringify(left.digest));
      left.rollback();
    }
    for (const createKind of ['container', 'ttl', 'ephemeral'] as const) {
      left.begin();
      left.replace(changed(base, { createKind }));
      digests.add(JSON.stringify(left.digest));
      left.rollback();
    }
    expect(digests.size).toBe(1 + numbers.length + 7 + 3);
  });

  test('writes outside a transaction, or against the structure, are bugs', () => {
    const tree = treeOf('/a', '/a/b');
    const stamp = { zxid: 9, moment: { wallMs: 9, elapsedMs: 9 } };
    expect(() => tree.insert(record('/c', 9))).toThrow(InvariantViolation);
    expect(() => tree.replace(record('/a', 9))).toThrow(InvariantViolation);
    expect(() => tree.remove('/a/b', stamp)).toThrow(InvariantViolation);
    expect(() => tree.commit()).toThrow(InvariantViolation);
    expect(() => tree.rollback()).toThrow(InvariantViolation);
    tree.begin();
    expect(() => tree.begin()).toThrow(InvariantViolation);
    expect(() => tree.beginSnapshot()).toThrow(InvariantViolation);
    expect(() => tree.insert(record('/x/y', 9))).toThrow(InvariantViolation);
    expect(() => tree.insert(record('/a', 9))).toThrow(InvariantViolation);
    expect(() => tree.replace(record('/x', 9))).toThrow(InvariantViolation);
    expect(() => tree.remove('/', stamp)).toThrow(InvariantViolation);
    expect(() => tree.remove('/a', stamp)).toThrow(InvariantViolation);
    expect(() => tree.remove('/x', stamp)).toThrow(InvariantViolation);
    tree.rollback();
    tree.validate();
  });
});
