/**
 * compare: another value for a znode, on condition of its present one (compareAndSet, compareAndSwap). Canonical
 * bytes decide. A value that differs is an answer here, not a failure; inside a multi it is one (multi.ts).
 */
import type { CompareOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { checkValue } from '../codec/value-check.ts';
import { sameValue } from '../codec/value-source.ts';
import { withValue } from '../tree/znode-record.ts';
import { failure, missing, valueFailure, type OpContext } from './context.ts';

export function applyCompare(context: OpContext, op: CompareOp): OpResult | OpError {
  const { tree } = context;
  const { path, expected } = op;
  const invalid = valueFailure(context, path, op.value);
  if (invalid !== undefined) return invalid;
  // An expectation beyond the size limit is just never met; one that is no value at all is a mistake.
  const reason = checkValue(expected.source, expected.start, expected.end);
  if (reason !== undefined) return failure('BAD_ARGUMENTS', { path, argument: 'expected', reason });
  const before = tree.get(path);
  if (before === undefined) return missing(path);
  if (!sameValue(before, expected)) {
    return { kind: 'compared', swapped: false, previous: before, stat: before };
  }
  const after = withValue(before, op.value, context);
  tree.replace(after);
  return { kind: 'compared', swapped: true, previous: before, stat: after };
}
