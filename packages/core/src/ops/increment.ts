/**
 * increment: adds to an integer in place. A number stays a safe integer, a bigint stays within 64 bits; the two
 * never mix, because a reader would find another type than it wrote.
 */
import type { IncrementOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { decodeValue } from '../codec/value-decode.ts';
import { encodeValue } from '../codec/value-encode.ts';
import { sourceOf } from '../codec/value-source.ts';
import type { ValueSource } from '../codec/value.ts';
import { newRecord } from '../tree/new-znode.ts';
import { withValue } from '../tree/znode-record.ts';
import { failure, missing, placeFailure, type OpContext } from './context.ts';

/** The longest encoding of an integer: its type and eight bytes. */
const integerBytesMax = 9;

export function applyIncrement(context: OpContext, op: IncrementOp): OpResult | OpError {
  const { tree } = context;
  const { path, by } = op;
  if (!isInRange(by)) {
    const reason = 'an increment is a safe integer, or a bigint of 64 bits';
    return failure('BAD_ARGUMENTS', { path, argument: 'by', reason });
  }
  const before = tree.get(path);
  if (before === undefined) {
    if (!op.create) return missing(path);
    const misplaced = placeFailure(tree, path);
    if (misplaced !== undefined) return misplaced;
    // From 0, where -0 would be a number that no increment can tell from it.
    const first = typeof by === 'bigint' ? by : by + 0;
    const created = newRecord(
      { path, value: sourceOf(encodeValue(first)), createKind: 'persistent', ttlMs: 0, owner: 0 },
      context,
    );
    tree.insert(created);
    return { kind: 'number', value: first, stat: created };
  }
  const sum = add(before, by);
  if (sum === undefined) return failure('NOT_A_NUMBER', { path });
  if (!isInRange(sum)) return failure('OVERFLOW', { path });
  const after = withValue(before, sourceOf(encodeValue(sum)), context);
  tree.replace(after);
  return { kind: 'number', value: sum, stat: after };
}

/** The sum, whatever its size; undefined if the value is not an integer of the increment's type. */
function add(value: ValueSource, by: number | bigint): number | bigint | undefined {
  // A value that is too long to be one is not worth decoding: it may have a megabyte.
  if (value.end - value.start > integerBytesMax) return undefined;
  const current = decodeValue(value).value;
  if (typeof current === 'bigint') return typeof by === 'bigint' ? current + by : undefined;
  if (typeof current !== 'number' || typeof by !== 'number') return undefined;
  return Number.isSafeInteger(current) ? current + by : undefined;
}

function isInRange(integer: number | bigint): boolean {
  return typeof integer === 'bigint' ? BigInt.asIntN(64, integer) === integer : Number.isSafeInteger(integer);
}
