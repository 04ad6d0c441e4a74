/**
 * The one way in: judges and performs an op on the tree, inside a transaction that the machine began. When the
 * answer is an error, the machine must roll that transaction back, since a multi may have changed something.
 *
 * Total: whatever a decoded op holds, the answer is a result or a typed error, never a throw.
 */
import type { MultiOp, SingleOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import type { OpContext } from './context.ts';
import { applyMulti } from './multi.ts';
import { applySingle } from './single.ts';

export function applyOp(context: OpContext, op: SingleOp | MultiOp): OpResult | OpError {
  return op.kind === 'multi' ? applyMulti(context, op) : applySingle(context, op);
}
