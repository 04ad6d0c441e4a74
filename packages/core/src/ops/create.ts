/**
 * create: a new znode of any kind (ZooKeeper: OpCode.create, create2, createContainer, createTTL), with what
 * ZooKeeper leaves to its clients: missing parents in the same step, and `ifAbsent`.
 *
 * Sequential names take the parent's count of creations, which all creates below it share, in ten digits; past
 * 2^31-1 ZooKeeper's becomes negative, ours gets wider. The counter never goes back while the parent lives, so a
 * number is never given twice. As in ZooKeeper, a name that somebody created by hand ahead of the counter is
 * `NODE_EXISTS`.
 */
import type { CreateOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { nullValue } from '../tree/null-value.ts';
import { parentOf, pathProblem } from '../codec/path.ts';
import type { Tree } from '../tree/tree.ts';
import { newRecord } from '../tree/new-znode.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import { badPath, failure, valueFailure, type OpContext } from './context.ts';

const sequenceDigits = 10;
const sequenceZeros = '0'.repeat(sequenceDigits);

export function applyCreate(context: OpContext, op: CreateOp): OpResult | OpError {
  const { tree } = context;
  const invalid = argumentFailure(context, op);
  if (invalid !== undefined) return invalid;
  const path = op.sequential ? sequentialPath(tree, op.path) : op.path;
  const existing = tree.get(path);
  if (existing !== undefined) {
    if (!op.ifAbsent || op.sequential) return failure('NODE_EXISTS', { path });
    return { kind: 'created', path, stat: existing, created: false };
  }
  // Only a number of more than ten digits, or a path that is not there, can have a problem here.
  const reason = pathProblem(path);
  if (reason !== undefined) return badPath(path, reason);

  const missingPaths: string[] = [];
  const anchor = nearestAncestor(tree, path, missingPaths);
  const misplaced = misplacement(context, op, { anchor, missingPaths });
  if (misplaced !== undefined) return misplaced;

  if (op.parents !== 'none') {
    for (const missingPath of missingPaths.toReversed()) {
      const parent = { path: missingPath, value: nullValue(), createKind: op.parents, ttlMs: 0, owner: 0 };
      tree.insert(newRecord(parent, context));
    }
  }
  const owner = op.createKind === 'ephemeral' ? context.sessionId : 0;
  const created = newRecord(
    { path, value: op.value, createKind: op.createKind, ttlMs: op.ttlMs, owner },
    context,
  );
  tree.insert(created);
  return { kind: 'created', path, stat: created, created: true };
}

/** What can be said without looking at the tree. */
function argumentFailure(context: OpContext, op: CreateOp): OpError | undefined {
  const invalid = valueFailure(context, op.path, op.value);
  if (invalid !== undefined) return invalid;
  if (op.sequential) {
    // The prefix may end with a slash: then the number is the whole name (ZooKeeper: validatePath of path + 1).
    const reason = pathProblem(op.path + sequenceZeros);
    if (reason !== undefined) return badPath(op.path, reason);
  }
  if (op.createKind === 'ttl' ? !Number.isSafeInteger(op.ttlMs) || op.ttlMs <= 0 : op.ttlMs !== 0) {
    const reason =
      op.createKind === 'ttl'
        ? 'a time to live is a positive integer'
        : 'only a ttl znode has a time to live';
    return failure('BAD_ARGUMENTS', { path: op.path, argument: 'ttlMs', reason });
  }
  if (op.createKind === 'ephemeral' && context.sessionId === 0) {
    return failure('BAD_ARGUMENTS', {
      path: op.path,
      argument: 'kind',
      reason: 'an ephemeral znode needs a session that owns it',
    });
  }
  return undefined;
}

function misplacement(
  context: OpContext,
  op: CreateOp,
  place: { readonly anchor: ZnodeRecord; readonly missingPaths: readonly string[] },
): OpError | undefined {
  const [missingParent] = place.missingPaths;
  if (missingParent !== undefined && op.parents === 'none')
    return failure('NO_NODE', { path: missingParent });
  if (place.anchor.owner !== 0) return failure('NO_CHILDREN_FOR_EPHEMERALS', { path: place.anchor.path });
  if (op.createKind !== 'ephemeral') return undefined;
  const { ephemeralsPerSessionMax } = context.limits;
  const measured = context.tree.ephemeralsOf(context.sessionId).size + 1;
  if (measured <= ephemeralsPerSessionMax) return undefined;
  return failure('LIMIT_EXCEEDED', {
    path: op.path,
    limit: 'ephemeralsPerSessionMax',
    limitValue: ephemeralsPerSessionMax,
    measured,
  });
}

/** The nearest ancestor that exists; the paths of those that do not go to `missingPaths`, deepest first. */
function nearestAncestor(tree: Tree, path: string, missingPaths: string[]): ZnodeRecord {
  let parentPath = parentOf(path);
  for (;;) {
    const parent = tree.get(parentPath);
    if (parent !== undefined) return parent;
    missingPaths.push(parentPath);
    parentPath = parentOf(parentPath);
  }
}

/** A parent that does not exist yet has created nothing. */
function sequentialPath(tree: Tree, prefix: string): string {
  const createCount = tree.get(parentOf(prefix))?.createCount ?? 0;
  return prefix + createCount.toString().padStart(sequenceDigits, '0');
}
