/**
 * set: another value for a znode, on condition of its version (ZooKeeper: OpCode.setData). An equal value counts
 * as a change too: it gets a new version and a new mzxid, and watches see it.
 */
import { anyVersion, type SetOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { newRecord } from '../tree/new-znode.ts';
import { withValue } from '../tree/znode-record.ts';
import { missing, placeFailure, valueFailure, versionFailure, type OpContext } from './context.ts';

export function applySet(context: OpContext, op: SetOp): OpResult | OpError {
  const { tree } = context;
  const invalid = valueFailure(context, op.path, op.value);
  if (invalid !== undefined) return invalid;
  const before = tree.get(op.path);
  if (before === undefined) return setMissing(context, op);
  const conflict = versionFailure(op, before.version);
  if (conflict !== undefined) return conflict;
  const after = withValue(before, op.value, context);
  tree.replace(after);
  return after;
}

/** A missing znode has no version: whoever expects one expects a znode. */
function setMissing(context: OpContext, op: SetOp): OpResult | OpError {
  const { path, value, version, create } = op;
  if (!create || version !== anyVersion) return missing(path);
  const misplaced = placeFailure(context.tree, path);
  if (misplaced !== undefined) return misplaced;
  const created = newRecord({ path, value, createKind: 'persistent', ttlMs: 0, owner: 0 }, context);
  context.tree.insert(created);
  return created;
}
