/**
 * multi: all or nothing at one zxid (ZooKeeper: OpCode.multi). Each op sees the effects of those before it. The
 * first that fails fails all, and its position is told; the machine then takes the transaction back.
 */
import type { MultiOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { failure, type OpContext } from './context.ts';
import { applySingle } from './single.ts';

export function applyMulti(context: OpContext, op: MultiOp): OpResult | OpError {
  const { multiOperationsMax, multiBytesMax } = context.limits;
  if (op.ops.length > multiOperationsMax) {
    return failure('LIMIT_EXCEEDED', {
      limit: 'multiOperationsMax',
      limitValue: multiOperationsMax,
      measured: op.ops.length,
    });
  }
  if (op.byteCount > multiBytesMax) {
    return failure('LIMIT_EXCEEDED', {
      limit: 'multiBytesMax',
      limitValue: multiBytesMax,
      measured: op.byteCount,
    });
  }
  const results: OpResult[] = [];
  for (const [index, single] of op.ops.entries()) {
    const result = applySingle(context, single);
    if (result.kind === 'error') {
      return failure(result.code, { ...result.details, index });
    }
    if (result.kind === 'compared' && !result.swapped) {
      return failure('COMPARE_FAILED', { path: single.path, index });
    }
    results.push(result);
  }
  return { kind: 'multi', results };
}
