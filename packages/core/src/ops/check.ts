/** check: the znode exists and has this version (ZooKeeper: OpCode.check). Changes nothing. */
import type { CheckOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { missing, versionFailure, type OpContext } from './context.ts';

export function applyCheck(context: OpContext, op: CheckOp): OpResult | OpError {
  const record = context.tree.get(op.path);
  if (record === undefined) return missing(op.path);
  return versionFailure(op, record.version) ?? { kind: 'none' };
}
