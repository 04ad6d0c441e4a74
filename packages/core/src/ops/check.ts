/** check: the znode exists and has this version (ZooKeeper: OpCode.check). Changes nothing. */
import { anyVersion, type CheckOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { badVersion, missing, type OpContext } from './context.ts';

export function applyCheck(context: OpContext, op: CheckOp): OpResult | OpError {
  const record = context.tree.get(op.path);
  if (record === undefined) return missing(op.path);
  if (op.version !== anyVersion && op.version !== record.version) {
    return badVersion(op.path, { expected: op.version, actual: record.version });
  }
  return { kind: 'none' };
}
