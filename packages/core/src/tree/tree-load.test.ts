import { describe, expect, test } from 'vitest';
import { cellOf } from './cell.ts';
import { nullValue } from './null-value.ts';
import { changed, factsOf } from './testing/facts.ts';
import { Tree } from './tree.ts';
import { newRecord, type NewZnode } from './new-znode.ts';
import type { ZnodeRecord } from './znode-record.ts';

function record(path: string, rest: Partial<NewZnode> = {}): ZnodeRecord {
  const znode: NewZnode = { path, value: nullValue(), createKind: 'persistent', ttlMs: 0, owner: 0, ...rest };
  return newRecord(znode, { zxid: 1, moment: { wallMs: 2, elapsedMs: 3 } });
}

function sample(): Tree {
  const tree = new Tree();
  tree.begin();
  for (const path of ['/a', '/a/b', '/a/b/c', '/d', '/a/e']) tree.insert(record(path));
  tree.insert(record('/d/f', { createKind: 'ephemeral', owner: 9 }));
  tree.insert(record('/d/g', { createKind: 'ttl', ttlMs: 5 }));
  tree.remove('/a/e', { zxid: 2, moment: { wallMs: 4, elapsedMs: 4 } });
  tree.commit();
  return tree;
}

function load(records: Iterable<ZnodeRecord>): { readonly tree: Tree; readonly problem: string | undefined } {
  const tree = new Tree();
  for (const one of records) tree.load(changed(one, {}));
  return { tree, problem: tree.finishLoad() };
}

describe('loading a tree', () => {
  test.each(['parents first', 'children first'])('gives an equal tree, %s', (order) => {
    const source = sample();
    const records = [...source.walk('/')];
    const { tree, problem } = load(order === 'parents first' ? records : records.toReversed());
    expect(problem).toBeUndefined();
    tree.validate();
    expect([...tree.walk('/')].map(factsOf)).toEqual(records.map(factsOf));
    expect(tree.digest).toEqual(source.digest);
    expect([...tree.ephemeralsOf(9)]).toEqual(['/d/f']);
    expect(tree.descendantsCount('/')).toBe(source.descendantsCount('/'));
    tree.begin();
    tree.insert(record('/a/b/new'));
    tree.commit();
    tree.validate();
  });

  test('a record that took the place of an invented one is not kept by its successors', () => {
    const root = record('/');
    const tree = new Tree();
    tree.load(root);
    expect(tree.finishLoad()).toBeUndefined();
    expect(tree.get('/')).toBe(root);
    expect(cellOf(root).record).not.toBe(root);
  });

  test('nothing at all is no tree, and a root alone is one', () => {
    expect(load([]).problem).toBe('the znode / is missing');
    expect(load([record('/')]).problem).toBeUndefined();
  });

  test('a znode whose parent never comes is a problem', () => {
    const records = [...sample().walk('/')].filter(({ path }) => path !== '/a/b');
    expect(load(records).problem).toBe('the znode /a/b is missing');
  });

  test.each(['/', '/a', '/a/b/c'])('the znode %s twice is a problem', (path) => {
    const source = sample();
    const again = source.get(path);
    expect(load([...source.walk('/'), ...(again === undefined ? [] : [again])]).problem).toBe(
      `the znode ${path} comes twice`,
    );
  });

  test.each(['forwards', 'backwards'])('a wrong number of children is a problem, %s', (direction) => {
    for (const change of [-1, 1]) {
      const records = [...sample().walk('/')].map((one) =>
        one.path === '/d' ? changed(one, { childrenCount: one.childrenCount + change }) : one,
      );
      const { problem } = load(direction === 'forwards' ? records : records.toReversed());
      expect(problem).toBe('1 znodes have another number of children');
    }
  });

  test('a leaf that is missing shows in its parent', () => {
    const records = [...sample().walk('/')].filter(({ path }) => path !== '/a/b/c');
    expect(load(records).problem).toBe('1 znodes have another number of children');
  });

  test('a record that no znode can have is a problem', () => {
    const root = changed(record('/'), { childrenCount: 1 });
    expect(load([root, record('/a/')]).problem).toMatch(/path cannot be used/);
    expect(load([root, record('/a', { owner: 7 })]).problem).toMatch(/owner/);
    expect(load([root, record('/a', { createKind: 'ephemeral' })]).problem).toMatch(/owner/);
    expect(load([root, record('/a', { createKind: 'ttl' })]).problem).toMatch(/time to live/);
    expect(load([root, record('/a', { ttlMs: 1 })]).problem).toMatch(/time to live/);
    const parent = changed(record('/a', { createKind: 'ephemeral', owner: 7 }), { childrenCount: 1 });
    expect(load([root, parent, record('/a/b')]).problem).toMatch(/ephemeral znode \/a has children/);
  });
});
