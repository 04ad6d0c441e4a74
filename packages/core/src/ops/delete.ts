/**
 * delete: a znode, on condition of its version; with `recursive` also all below it, which ZooKeeper leaves to its
 * clients. All of a recursive delete happens at one zxid, so it is bounded, and each znode gone is a change of its
 * own, children before their parents.
 */
import type { DeleteOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { rootPath } from '../codec/path.ts';
import { badPath, failure, missing, versionFailure, type OpContext } from './context.ts';

export function applyDelete(context: OpContext, op: DeleteOp): OpResult | OpError {
  const { tree } = context;
  if (op.path === rootPath) return badPath(op.path, 'the root cannot be deleted');
  const record = tree.get(op.path);
  if (record === undefined) {
    const gone = missing(op.path);
    return op.ifExists && gone.code === 'NO_NODE' ? { kind: 'none' } : gone;
  }
  const conflict = versionFailure(op, record.version);
  if (conflict !== undefined) return conflict;
  if (record.childrenCount === 0) {
    tree.remove(op.path, context);
    return { kind: 'none' };
  }
  if (!op.recursive) return failure('NOT_EMPTY', { path: op.path });
  return deleteAll(context, op.path);
}

function deleteAll(context: OpContext, path: string): OpResult | OpError {
  const { tree } = context;
  const { recursiveDeleteMax } = context.limits;
  const count = tree.descendantsCount(path) + 1;
  if (count > recursiveDeleteMax) {
    return failure('LIMIT_EXCEEDED', {
      path,
      limit: 'recursiveDeleteMax',
      limitValue: recursiveDeleteMax,
      measured: count,
    });
  }
  // A walk must not see changes, so the paths are taken down first.
  const paths: string[] = [];
  for (const record of tree.walk(path)) paths.push(record.path);
  for (const below of paths.toReversed()) tree.remove(below, context);
  return { kind: 'none' };
}
