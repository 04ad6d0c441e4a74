import { describe, expect, it } from 'vitest';
import { BatchBuilder, decodeBatch } from '../codec/batch.ts';
import type { Op } from '../codec/op.ts';
import { encodeValue } from '../codec/value-encode.ts';
import { textLookupHash } from '../codec/text-hash.ts';
import { sourceOf } from '../codec/value-source.ts';
import { Tree } from './tree.ts';
import { newRecord } from './znode-record.ts';

const moment = { wallMs: 1, elapsedMs: 1 };

function treeOf(...paths: readonly string[]): Tree {
  const tree = new Tree();
  tree.begin();
  for (const path of paths) tree.insert(recordAt(path));
  tree.commit();
  return tree;
}

function recordAt(path: string): ReturnType<typeof newRecord> {
  const value = sourceOf(encodeValue(path));
  return newRecord({ path, value, createKind: 'persistent', ttlMs: 0, owner: 0 }, { zxid: 1, moment });
}

function setOp(path: string): Op {
  return { kind: 'set', path, value: sourceOf(encodeValue(1)), version: -1, create: false };
}

function batchOf(ops: readonly Op[]): Uint8Array {
  const builder = new BatchBuilder();
  for (const op of ops) builder.add(op);
  return builder.finish({ sessionId: 1, holder: 1, firstRequest: 1, acknowledgedThrough: 0 });
}

/** The paths that come out when a batch is decoded after the tree was told of it. */
function decoded(tree: Tree, bytes: Uint8Array): readonly (string | undefined)[] {
  tree.lookahead.prepare(bytes, { start: 0, end: bytes.length });
  const batch = decodeBatch(bytes, 0, bytes.length, tree.lookahead);
  if (batch?.kind !== 'session') throw new RangeError('no batch');
  return batch.ops.map((op) => ('path' in op ? op.path : undefined));
}

/** Two paths of one hash. Among 300,000 there are about ten such pairs. */
function twins(): readonly [string, string] {
  const byHash = new Map<number, string>();
  for (let index = 0; index < 300_000; index += 1) {
    const path = `/t${index}`;
    const hash = textLookupHash(path);
    const other = byHash.get(hash);
    if (other !== undefined) return [other, path];
    byHash.set(hash, path);
  }
  throw new RangeError('all hashes differ');
}

describe('looking ahead', () => {
  it('decodes a batch to the paths it was made of, known ones and others', () => {
    const paths = ['/a', '/missing', '/b', '/é', '/a', `/${'x'.repeat(200)}`, '/b'];
    expect(decoded(treeOf('/a', '/b', '/é'), batchOf(paths.map(setOp)))).toEqual(paths);
  });

  it('never takes one path for another that has its hash', () => {
    const [first, second] = twins();
    const bytes = batchOf([setOp(second), setOp(first)]);
    expect(decoded(treeOf(first), bytes)).toEqual([second, first]);
    expect(decoded(treeOf(first, second), bytes)).toEqual([second, first]);
    expect(treeOf(first).get(second)).toBeUndefined();
  });

  it('decodes a multi, and what stands around it', () => {
    const multi: Op = {
      kind: 'multi',
      byteCount: 0,
      ops: [
        { kind: 'check', path: '/a', version: 0 },
        { kind: 'check', path: '/none', version: 0 },
      ],
    };
    const tree = treeOf('/a', '/b');
    const bytes = batchOf([setOp('/a'), multi, { kind: 'noop' }, setOp('/b')]);
    tree.lookahead.prepare(bytes, { start: 0, end: bytes.length });
    expect(decodeBatch(bytes, 0, bytes.length, tree.lookahead)).toEqual(decodeBatch(bytes, 0, bytes.length));
  });

  it('finds each znode of a batch that is longer than it looks', () => {
    const paths = Array.from({ length: 700 }, (_, index) => `/n${index}`);
    const tree = treeOf(...paths);
    expect(decoded(tree, batchOf(paths.map(setOp)))).toEqual(paths);
    expect(paths.map((path) => tree.get(path)?.path)).toEqual(paths);
  });

  it('answers what a lookup would, in whatever order it is asked', () => {
    const tree = treeOf('/a', '/b', '/c');
    decoded(tree, batchOf(['/a', '/b', '/c'].map(setOp)));
    expect(['/b', '/c', '/a', '/c', '/d'].map((path) => tree.get(path)?.path)).toEqual([
      '/b',
      '/c',
      '/a',
      '/c',
      undefined,
    ]);
  });

  it('forgets what it found when a znode leaves the tree', () => {
    const tree = treeOf('/a', '/b');
    decoded(tree, batchOf(['/a', '/b', '/b'].map(setOp)));
    tree.begin();
    tree.remove('/b', { zxid: 2, moment });
    tree.commit();
    expect(tree.get('/a')?.path).toBe('/a');
    expect(tree.get('/b')).toBeUndefined();
    tree.begin();
    const again = recordAt('/b');
    tree.insert(again);
    tree.commit();
    expect(tree.get('/b')).toBe(again);
    tree.validate();
  });

  it('takes any bytes for a batch, and then finds nothing', () => {
    const tree = treeOf('/a');
    for (let length = 0; length < 80; length += 1) {
      const bytes = new Uint8Array(length).fill(0xff);
      for (const kind of [1, 2]) {
        bytes[5] = kind;
        tree.lookahead.prepare(bytes, { start: 0, end: length });
        expect(tree.get('/a')?.path).toBe('/a');
      }
    }
  });
});
