/**
 * Which function judges which op, for the ops that may stand inside a multi; a multi has its own (multi.ts).
 *
 * Total: whatever a decoded op holds, the answer is a result or a typed error, never a throw. An op that answers an
 * error has changed nothing.
 */
import type { SingleOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { unreachable } from '../invariant.ts';
import { applyCheck } from './check.ts';
import { applyCompare } from './compare.ts';
import type { OpContext } from './context.ts';
import { applyCreate } from './create.ts';
import { applyDelete } from './delete.ts';
import { applyIncrement } from './increment.ts';
import { applyPatch } from './patch.ts';
import { applySet } from './set.ts';

export function applySingle(context: OpContext, op: SingleOp): OpResult | OpError {
  switch (op.kind) {
    case 'set':
      return applySet(context, op);
    case 'create':
      return applyCreate(context, op);
    case 'check':
      return applyCheck(context, op);
    case 'delete':
      return applyDelete(context, op);
    case 'compare':
      return applyCompare(context, op);
    case 'increment':
      return applyIncrement(context, op);
    case 'patch':
      return applyPatch(context, op);
    default:
      return unreachable(op);
  }
}
