/**
 * What each operation does to the model's tree, and what it answers. Every rule is written down here as
 * semantics.md says it, apart from production's code for the same (see model-tree.ts).
 */
import type { EnsembleLimits, ErrorCode } from '@quorate/core';
import {
  checkValue,
  pathProblem,
  type MultiOp,
  type SingleOp,
  type ValueSource,
} from '@quorate/core/inspect';
import { patchedBytes } from './model-patch.ts';
import { type ModelStat, type ModelTimes, type ModelTree, newZnode, parentPath } from './model-tree.ts';
import { areSameBytes, bytesOf, bytesOfSource, valueOf } from './model-value.ts';

/** What the model answers to one operation. */
export type ModelReply =
  | { readonly kind: 'none' }
  | { readonly kind: 'stat'; readonly stat: ModelStat }
  | { readonly kind: 'created'; readonly path: string; readonly stat: ModelStat; readonly created: boolean }
  | {
      readonly kind: 'compared';
      readonly swapped: boolean;
      readonly previous: Uint8Array;
      readonly stat: ModelStat;
    }
  | { readonly kind: 'number'; readonly value: number | bigint; readonly stat: ModelStat }
  | { readonly kind: 'patched'; readonly bytes: Uint8Array; readonly stat: ModelStat }
  | { readonly kind: 'multi'; readonly replies: readonly ModelReply[] }
  | {
      readonly kind: 'session';
      readonly session: number;
      readonly holder: number;
      readonly nextRequest: number;
    }
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly index: number | undefined };

/** Thrown where an operation fails; what it did before is rolled back. No Error: a stack costs more than the rest. */
export class Refused {
  readonly code: ErrorCode;
  readonly index: number | undefined;

  constructor(code: ErrorCode, index?: number) {
    this.code = code;
    this.index = index;
  }
}

/** Where and when an operation happens. */
export interface OpScene extends ModelTimes {
  readonly tree: ModelTree;
  /** 0: none. */
  readonly session: number;
  readonly limits: EnsembleLimits;
}

type OpOf<K extends SingleOp['kind']> = Extract<SingleOp, { kind: K }>;

/** Performs one operation; throws {@link Refused}. */
export function perform(scene: OpScene, op: SingleOp | MultiOp): ModelReply {
  if (op.kind !== 'multi') return performSingle(scene, op);
  if (op.ops.length > scene.limits.multiOperationsMax) throw new Refused('LIMIT_EXCEEDED');
  if (op.byteCount > scene.limits.multiBytesMax) throw new Refused('LIMIT_EXCEEDED');
  const replies = op.ops.map((single, index) => {
    try {
      const reply = performSingle(scene, single);
      if (reply.kind === 'compared' && !reply.swapped) throw new Refused('COMPARE_FAILED');
      return reply;
    } catch (error) {
      throw error instanceof Refused ? new Refused(error.code, index) : error;
    }
  });
  return { kind: 'multi', replies };
}

function performSingle(scene: OpScene, op: SingleOp): ModelReply {
  switch (op.kind) {
    case 'check':
      requireVersion(scene, op.path, op.version);
      return { kind: 'none' };
    case 'create':
      return performCreate(scene, op);
    case 'set':
      return performSet(scene, op);
    case 'delete':
      return performDelete(scene, op);
    case 'compare':
      return performCompare(scene, op);
    case 'increment':
      return performIncrement(scene, op);
    case 'patch':
      return performPatch(scene, op);
  }
}

function performCreate(scene: OpScene, op: OpOf<'create'>): ModelReply {
  const { tree, limits, session } = scene;
  const bytes = requireValue(scene, op.value);
  if (op.sequential && pathProblem(`${op.path}0000000000`) !== undefined) throw new Refused('BAD_ARGUMENTS');
  const isTtlRight =
    op.createKind === 'ttl' ? Number.isSafeInteger(op.ttlMs) && op.ttlMs > 0 : op.ttlMs === 0;
  if (!isTtlRight) throw new Refused('BAD_ARGUMENTS');
  let { path } = op;
  if (op.sequential) path += String(tree.get(parentPath(path))?.createCount ?? 0).padStart(10, '0');
  if (tree.get(path) !== undefined) {
    if (!op.ifAbsent || op.sequential) throw new Refused('NODE_EXISTS');
    return { kind: 'created', path, stat: tree.stat(path), created: false };
  }
  if (pathProblem(path) !== undefined) throw new Refused('BAD_ARGUMENTS');
  const missing: string[] = [];
  let ancestor = parentPath(path);
  for (; tree.get(ancestor) === undefined; ancestor = parentPath(ancestor)) missing.unshift(ancestor);
  if (op.parents === 'none' && missing.length > 0) throw new Refused('NO_NODE');
  if (tree.at(ancestor).kind === 'ephemeral') throw new Refused('NO_CHILDREN_FOR_EPHEMERALS');
  const isEphemeral = op.createKind === 'ephemeral';
  if (isEphemeral && tree.owned(session).length >= limits.ephemeralsPerSessionMax) {
    throw new Refused('LIMIT_EXCEEDED');
  }
  const parentKind = op.parents === 'container' ? 'container' : 'persistent';
  for (const parent of missing) {
    tree.insert({ ...newZnode(parent, bytesOf(null), scene), kind: parentKind }, scene);
  }
  const owner = isEphemeral ? session : 0;
  tree.insert({ ...newZnode(path, bytes, scene), kind: op.createKind, ttlMs: op.ttlMs, owner }, scene);
  return { kind: 'created', path, stat: tree.stat(path), created: true };
}

function performSet(scene: OpScene, op: OpOf<'set'>): ModelReply {
  const { tree } = scene;
  const bytes = requireValue(scene, op.value);
  if (tree.get(op.path) === undefined && op.create && op.version === -1) insertPlain(scene, op.path, bytes);
  else {
    requireVersion(scene, op.path, op.version);
    tree.change(op.path, bytes, scene);
  }
  return { kind: 'stat', stat: tree.stat(op.path) };
}

function performDelete(scene: OpScene, op: OpOf<'delete'>): ModelReply {
  const { tree, limits } = scene;
  if (op.path === '/') throw new Refused('BAD_ARGUMENTS');
  if (op.ifExists && pathProblem(op.path) === undefined && tree.get(op.path) === undefined) {
    return { kind: 'none' };
  }
  requireVersion(scene, op.path, op.version);
  const paths = tree.subtree(op.path);
  if (paths.length > 1 && !op.recursive) throw new Refused('NOT_EMPTY');
  if (paths.length > 1 && paths.length > limits.recursiveDeleteMax) throw new Refused('LIMIT_EXCEEDED');
  for (const path of paths.toReversed()) tree.delete(path, scene);
  return { kind: 'none' };
}

function performCompare(scene: OpScene, op: OpOf<'compare'>): ModelReply {
  const { tree } = scene;
  const bytes = requireValue(scene, op.value);
  const { source, start, end } = op.expected;
  if (checkValue(source, start, end) !== undefined) throw new Refused('BAD_ARGUMENTS');
  requireVersion(scene, op.path, -1);
  const previous = tree.at(op.path).bytes;
  const swapped = areSameBytes(previous, bytesOfSource(op.expected));
  if (swapped) tree.change(op.path, bytes, scene);
  return { kind: 'compared', swapped, previous, stat: tree.stat(op.path) };
}

function performIncrement(scene: OpScene, op: OpOf<'increment'>): ModelReply {
  const { tree } = scene;
  if (!isInteger(op.by)) throw new Refused('BAD_ARGUMENTS');
  const znode = tree.get(op.path);
  if (znode === undefined) {
    if (!op.create) requireVersion(scene, op.path, -1);
    const first = typeof op.by === 'bigint' ? op.by : op.by + 0;
    insertPlain(scene, op.path, bytesOf(first));
    return { kind: 'number', value: first, stat: tree.stat(op.path) };
  }
  const value = valueOf(znode.bytes);
  let sum: number | bigint;
  if (typeof value === 'bigint' && typeof op.by === 'bigint') sum = value + op.by;
  else if (typeof value === 'number' && Number.isSafeInteger(value) && typeof op.by === 'number')
    sum = value + op.by;
  else throw new Refused('NOT_A_NUMBER');
  if (!isInteger(sum)) throw new Refused('OVERFLOW');
  tree.change(op.path, bytesOf(sum), scene);
  return { kind: 'number', value: sum, stat: tree.stat(op.path) };
}

function performPatch(scene: OpScene, op: OpOf<'patch'>): ModelReply {
  const { tree } = scene;
  const znode = tree.get(op.path);
  // Only the root begins with mzxid 0; anywhere else 0 says that there was no znode.
  if (op.mzxid === 0 && znode?.mzxid !== 0) {
    if (znode !== undefined) throw new Refused('NODE_EXISTS');
    requirePlace(scene, op.path);
    insertPlain(scene, op.path, requireValue(scene, op.patches));
  } else {
    requireVersion(scene, op.path, -1);
    if (tree.at(op.path).mzxid !== op.mzxid) throw new Refused('BAD_VERSION');
    const { source, start, end } = op.patches;
    if (checkValue(source, start, end) !== undefined) throw new Refused('BAD_ARGUMENTS');
    const bytes = patchedBytes(tree.at(op.path).bytes, valueOf(bytesOfSource(op.patches)));
    if (bytes === undefined) throw new Refused('PATCH_FAILED');
    tree.change(op.path, requireValue(scene, { source: bytes, start: 0, end: bytes.length }), scene);
  }
  const stat = tree.stat(op.path);
  return { kind: 'patched', bytes: tree.at(op.path).bytes, stat };
}

function insertPlain(scene: OpScene, path: string, bytes: Uint8Array): void {
  requirePlace(scene, path);
  scene.tree.insert(newZnode(path, bytes, scene), scene);
}

function requirePlace({ tree }: OpScene, path: string): void {
  if (pathProblem(path) !== undefined) throw new Refused('BAD_ARGUMENTS');
  const parent = tree.get(parentPath(path));
  if (parent === undefined) throw new Refused('NO_NODE');
  if (parent.kind === 'ephemeral') throw new Refused('NO_CHILDREN_FOR_EPHEMERALS');
}

function requireVersion({ tree }: OpScene, path: string, version: number): void {
  if (pathProblem(path) !== undefined) throw new Refused('BAD_ARGUMENTS');
  const znode = tree.get(path);
  if (znode === undefined) throw new Refused('NO_NODE');
  if (version !== -1 && version !== znode.version) throw new Refused('BAD_VERSION');
}

function requireValue({ limits }: OpScene, value: ValueSource): Uint8Array {
  if (value.end - value.start > limits.valueBytesMax) throw new Refused('LIMIT_EXCEEDED');
  if (checkValue(value.source, value.start, value.end) !== undefined) throw new Refused('BAD_ARGUMENTS');
  return bytesOfSource(value);
}

function isInteger(value: number | bigint): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return value < 2n ** 63n && value >= -(2n ** 63n);
}
