/**
 * patch: what `update()` sends: patches against the value that its recipe saw. The condition is the znode's mzxid,
 * not its version, which a znode that was deleted and created again repeats.
 */
import type { PatchOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { checkValue } from '../codec/value-check.ts';
import { decodeValue } from '../codec/value-decode.ts';
import { encodeValue } from '../codec/value-encode.ts';
import { sourceOf } from '../codec/value-source.ts';
import type { Value, ValueSource } from '../codec/value.ts';
import { CoordinationError } from '../errors.ts';
import { newRecord } from '../tree/new-znode.ts';
import { withValue } from '../tree/znode-record.ts';
import { badVersion, failure, missing, placeFailure, valueFailure, type OpContext } from './context.ts';
import { patchValue } from './value-patch.ts';

export function applyPatch(context: OpContext, op: PatchOp): OpResult | OpError {
  const { tree } = context;
  const { path, patches } = op;
  const before = tree.get(path);
  // Only the root is there from the beginning, with mzxid 0 until it is first written: there, 0 is its own.
  if (op.mzxid === 0 && before?.mzxid !== 0) {
    return before === undefined ? create(context, path, patches) : failure('NODE_EXISTS', { path });
  }
  if (before === undefined) return missing(path);
  if (op.mzxid !== before.mzxid) return badVersion(path, { expected: op.mzxid, actual: before.mzxid });
  const reason = checkValue(patches.source, patches.start, patches.end);
  if (reason !== undefined) return failure('BAD_ARGUMENTS', { path, argument: 'patches', reason });
  const patched = patchValue(decodeValue(before).value, decodeValue(patches).value);
  if (patched.kind === 'problem') return failure('PATCH_FAILED', { path, reason: patched.reason });
  const encoded = encode(patched.value);
  if (typeof encoded === 'string') return failure('PATCH_FAILED', { path, reason: encoded });
  const invalid = valueFailure(context, path, encoded);
  if (invalid !== undefined) return invalid;
  const after = withValue(before, encoded, context);
  tree.replace(after);
  return { kind: 'patched', value: after, stat: after };
}

/** mzxid 0: the recipe saw no znode, so what it made is the whole value. */
function create(context: OpContext, path: string, value: ValueSource): OpResult | OpError {
  const invalid = placeFailure(context.tree, path) ?? valueFailure(context, path, value);
  if (invalid !== undefined) return invalid;
  const created = newRecord({ path, value, createKind: 'persistent', ttlMs: 0, owner: 0 }, context);
  context.tree.insert(created);
  return { kind: 'patched', value: created, stat: created };
}

/** The canonical bytes, or why there are none: patches can nest a value deeper than a value may be. */
function encode(value: Value): ValueSource | string {
  try {
    return sourceOf(encodeValue(value, 'the patched value'));
  } catch (error) {
    if (error instanceof CoordinationError) return error.details.reason ?? error.message;
    throw error;
  }
}
