import { describe, expect, it } from 'vitest';
import { BatchBuilder, decodeBatch, openBatch } from '../codec/batch.ts';
import type { Op } from '../codec/op.ts';
import { encodeValue } from '../codec/value-encode.ts';
import { textLookupHash } from '../codec/text-hash.ts';
import { sourceOf } from '../codec/value-source.ts';
import { Tree } from './tree.ts';
import { newRecord } from './new-znode.ts';

const moment = { wallMs: 1, elapsedMs: 1 };

/** Znodes besides those that a test asks for: only in a large tree is anything looked ahead to. */
interface Size {
  readonly size: string;
  readonly others: number;
}

const sizes: readonly Size[] = [
  { size: 'small', others: 0 },
  { size: 'large', others: 8_200 },
];

function treeOf({ others }: Size, paths: readonly string[]): Tree {
  const tree = new Tree();
  tree.begin();
  for (let index = 0; index < others; index += 1) tree.insert(recordAt(`/other-${index}`));
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

/** The ops that come out when a batch is decoded after the tree was told of it, but for the first `passed`. */
function decoded(tree: Tree, bytes: Uint8Array, passed = 0): readonly Op[] {
  const range = { start: 0, end: bytes.length };
  tree.lookAhead(bytes, range);
  const batch = openBatch(bytes, range, tree);
  if (batch?.kind !== 'session') throw new RangeError('no batch');
  const { commands } = batch;
  commands.pass(passed);
  return Array.from({ length: commands.count - passed }, () => copyOf(commands.next()));
}

/** An op holds until the next one is decoded. */
function copyOf(op: Op): Op {
  return op.kind === 'set' ? { ...op, value: { ...op.value } } : op;
}

function pathsOf(ops: readonly Op[]): readonly (string | undefined)[] {
  return ops.map((op) => ('path' in op ? op.path : undefined));
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

describe.each(sizes)('looking ahead in a $size tree', (size) => {
  it('decodes a batch to the paths it was made of, known ones and others', () => {
    const paths = ['/a', '/missing', '/b', '/é', '/a', `/${'x'.repeat(200)}`, '/b'];
    const tree = treeOf(size, ['/a', '/b', '/é']);
    expect(pathsOf(decoded(tree, batchOf(paths.map(setOp))))).toEqual(paths);
  });

  it('never takes one path for another that has its hash', () => {
    const [first, second] = twins();
    const bytes = batchOf([setOp(second), setOp(first)]);
    expect(pathsOf(decoded(treeOf(size, [first]), bytes))).toEqual([second, first]);
    expect(pathsOf(decoded(treeOf(size, [first, second]), bytes))).toEqual([second, first]);
    expect(treeOf(size, [first]).get(second)).toBeUndefined();
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
    const bytes = batchOf([setOp('/a'), multi, { kind: 'noop' }, setOp('/b')]);
    const batch = decodeBatch(bytes, 0, bytes.length);
    expect(batch).toMatchObject({ ops: decoded(treeOf(size, ['/a', '/b']), bytes) });
  });

  it('finds each znode of a batch that is longer than it looks', () => {
    const paths = Array.from({ length: 700 }, (_, index) => `/n${index}`);
    const tree = treeOf(size, paths);
    expect(pathsOf(decoded(tree, batchOf(paths.map(setOp))))).toEqual(paths);
    expect(paths.map((path) => tree.get(path)?.path)).toEqual(paths);
  });

  it('goes on behind commands that are passed over', () => {
    const paths = ['/a', '/b', '/c', '/b', '/d'];
    const bytes = batchOf(paths.map(setOp));
    expect(pathsOf(decoded(treeOf(size, ['/a', '/b', '/c']), bytes, 2))).toEqual(['/c', '/b', '/d']);
  });

  it('answers what a lookup would, in whatever order it is asked', () => {
    const tree = treeOf(size, ['/a', '/b', '/c']);
    decoded(tree, batchOf(['/a', '/b', '/c'].map(setOp)));
    expect(['/b', '/c', '/a', '/c', '/d'].map((path) => tree.get(path)?.path)).toEqual([
      '/b',
      '/c',
      '/a',
      '/c',
      undefined,
    ]);
  });

  it('does not find a znode that has left the tree, nor the one that got its place', () => {
    const tree = treeOf(size, ['/a', '/b']);
    const bytes = batchOf(['/a', '/b', '/b'].map(setOp));
    const range = { start: 0, end: bytes.length };
    tree.lookAhead(bytes, range);
    const batch = openBatch(bytes, range, tree);
    if (batch?.kind !== 'session') throw new RangeError('no batch');
    expect(pathsOf([batch.commands.next()])).toEqual(['/a']);
    tree.begin();
    tree.remove('/b', { zxid: 2, moment });
    tree.commit();
    expect(pathsOf([batch.commands.next()])).toEqual(['/b']);
    expect(tree.get('/b')).toBeUndefined();
    tree.begin();
    tree.insert(recordAt('/c'));
    const again = recordAt('/b');
    tree.insert(again);
    tree.commit();
    expect(pathsOf([batch.commands.next()])).toEqual(['/b']);
    expect(tree.get('/b')).toBe(again);
    tree.validate();
  });

  it('takes any bytes for a batch, and then finds nothing', () => {
    const tree = treeOf(size, ['/a']);
    for (let length = 0; length < 80; length += 1) {
      const bytes = new Uint8Array(length).fill(0xff);
      for (const kind of [1, 2]) {
        bytes[5] = kind;
        tree.lookAhead(bytes, { start: 0, end: length });
        expect(tree.get('/a')?.path).toBe('/a');
      }
    }
  });
});
