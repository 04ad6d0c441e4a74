import { describe, expect, test } from 'vitest';
import { copySource } from '../codec/value-source.ts';
import { encodeValue } from '../codec/value-encode.ts';
import { InvariantViolation } from '../invariant.ts';
import { nullValue } from './null-value.ts';
import type { TreeSnapshot } from './snapshot.ts';
import { Tree } from './tree.ts';
import { newRecord } from './new-znode.ts';
import { withValue, type ZnodeRecord } from './znode-record.ts';

const stamp = { zxid: 9, moment: { wallMs: 9, elapsedMs: 9 } };

function record(path: string, zxid = 1): ZnodeRecord {
  return newRecord(
    { path, value: nullValue(), createKind: 'persistent', ttlMs: 0, owner: 0 },
    { zxid, moment: { wallMs: zxid, elapsedMs: zxid } },
  );
}

function treeOf(count: number): Tree {
  const tree = new Tree();
  tree.begin();
  for (let index = 0; index < count; index += 1) tree.insert(record(`/n${index}`));
  tree.commit();
  return tree;
}

function rest(snapshot: TreeSnapshot, budget = 7): ZnodeRecord[] {
  const records: ZnodeRecord[] = [];
  for (let slice = snapshot.next(budget); slice.length > 0; slice = snapshot.next(budget)) {
    expect(slice.length).toBeLessThanOrEqual(budget);
    records.push(...slice);
  }
  return records;
}

function byPath(records: Iterable<ZnodeRecord>): ZnodeRecord[] {
  return [...records].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function write(tree: Tree, change: () => void): void {
  tree.begin();
  change();
  tree.commit();
}

describe('a snapshot', () => {
  test.each([1, 2, 6, 7, 8, 1_000])('hands out each znode of a still tree once (%i)', (count) => {
    const tree = treeOf(count);
    const snapshot = tree.beginSnapshot();
    expect(byPath(rest(snapshot))).toEqual(byPath(tree.walk('/')));
    expect(snapshot.next(7)).toEqual([]);
    expect(tree.isSnapshotRunning).toBe(false);
  });

  test('shows the tree as it was at its beginning, whatever is written meanwhile', () => {
    const tree = treeOf(300);
    const before = byPath(tree.walk('/'));
    const snapshot = tree.beginSnapshot();
    const records = [...snapshot.next(100)];
    write(tree, () => {
      for (let index = 0; index < 300; index += 3) tree.remove(`/n${index}`, stamp);
      for (let index = 0; index < 300; index += 6) tree.insert(record(`/n${index}`, 9));
      for (let index = 1; index < 300; index += 3) {
        tree.replace(withValue(record(`/n${index}`), nullValue(), stamp));
      }
      for (let index = 0; index < 300; index += 1) tree.insert(record(`/new${index}`, 9));
    });
    records.push(...rest(snapshot));
    expect(byPath(records)).toEqual(before);
    tree.validate();
    expect(byPath(rest(tree.beginSnapshot()))).toEqual(byPath(tree.walk('/')));
  });

  test('is not disturbed by a transaction that is taken back', () => {
    const tree = treeOf(50);
    const before = byPath(tree.walk('/'));
    const snapshot = tree.beginSnapshot();
    const records = [...snapshot.next(20)];
    tree.begin();
    for (let index = 0; index < 50; index += 1) tree.remove(`/n${index}`, stamp);
    tree.insert(record('/n3', 9));
    tree.rollback();
    records.push(...rest(snapshot));
    expect(byPath(records)).toEqual(before);
    expect(byPath(tree.walk('/'))).toEqual(before);
  });

  test('hands something out with each slice, even when every znode was replaced', () => {
    const tree = treeOf(2_000);
    const snapshot = tree.beginSnapshot();
    write(tree, () => {
      for (let index = 0; index < 2_000; index += 1) {
        tree.replace(withValue(record(`/n${index}`), nullValue(), stamp));
      }
    });
    const records = rest(snapshot, 10);
    expect(records).toHaveLength(2_001);
    expect(records.every(({ mzxid }) => mzxid < 9)).toBe(true);
  });

  test('can be given up, twice, and then another one begins', () => {
    const tree = treeOf(10);
    const snapshot = tree.beginSnapshot();
    expect(() => tree.beginSnapshot()).toThrow(InvariantViolation);
    expect(snapshot.next(3)).toHaveLength(3);
    snapshot.end();
    snapshot.end();
    expect(snapshot.next(3)).toEqual([]);
    const second = tree.beginSnapshot();
    snapshot.end();
    expect(second.running).toBe(true);
    expect(rest(second)).toHaveLength(11);
  });
});

describe('values that keep large buffers alive', () => {
  /** Puts each value somewhere into one buffer of 64 KiB, as values lie in a batch. */
  function valuesInBatch(values: readonly unknown[]): { source: Uint8Array; start: number; end: number }[] {
    const source = new Uint8Array(65_536);
    let end = 100;
    return values.map((value) => {
      const bytes = encodeValue(value);
      const start = end;
      source.set(bytes, start);
      end += bytes.length;
      return { source, start, end };
    });
  }

  function treeWith(values: readonly { source: Uint8Array; start: number; end: number }[]): Tree {
    const tree = new Tree();
    tree.begin();
    for (const [index, value] of values.entries()) {
      tree.insert(
        newRecord({ path: `/n${index}`, value, createKind: 'persistent', ttlMs: 0, owner: 0 }, stamp),
      );
    }
    tree.commit();
    return tree;
  }

  test('move to buffers of their own size when a snapshot meets them', () => {
    const values = valuesInBatch(['small', 'x'.repeat(8_000), null]);
    const tree = treeWith(values);
    const { digest } = tree;
    const records = rest(tree.beginSnapshot(), 100);
    for (const [index, value] of values.entries()) {
      const live = tree.get(`/n${index}`);
      expect(live).toBeDefined();
      if (live === undefined) continue;
      expect(live.source.buffer.byteLength).toBeLessThan(8_100);
      expect(copySource(live)).toEqual(copySource(value));
      expect(records).toContain(live);
    }
    expect(tree.digest).toEqual(digest);
    tree.validate();
  });

  test('stay where they are when most of the buffer is theirs', () => {
    const values = valuesInBatch(['x'.repeat(20_000), 'y'.repeat(20_000), 'small']);
    const tree = treeWith(values);
    rest(tree.beginSnapshot(), 100);
    for (const [index, value] of values.entries()) expect(tree.get(`/n${index}`)?.source).toBe(value.source);
  });

  test('are moved once, not with each snapshot', () => {
    const tree = treeWith(valuesInBatch(Array.from({ length: 50 }, (_, index) => index)));
    rest(tree.beginSnapshot(), 20);
    const moved = byPath(tree.walk('/')).map(({ source }) => source);
    expect(new Set(moved).size).toBeLessThan(10);
    rest(tree.beginSnapshot(), 20);
    expect(byPath(tree.walk('/')).every(({ source }, index) => source === moved[index])).toBe(true);
  });
});
