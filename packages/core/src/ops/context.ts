/**
 * What an op is judged by, and how it says no. Ops decide everything here and now, from the tree and these facts
 * alone, so that every replica decides alike; a check before the log was only a courtesy.
 *
 * Rules for each op: look first, change last. Once a single op has changed anything, it no longer fails. (A multi
 * does: its caller takes the transaction back.)
 */
import { anyVersion } from '../codec/op.ts';
import type { OpError } from '../codec/reply.ts';
import { checkValue } from '../codec/value-check.ts';
import type { ValueSource } from '../codec/value.ts';
import type { ErrorCode, ErrorDetails } from '../errors.ts';
import type { EnsembleLimits } from '../limits.ts';
import { parentOf, pathProblem } from '../codec/path.ts';
import type { Tree } from '../tree/tree.ts';
import type { Moment } from '../tree/znode-record.ts';

/** Owned by the machine, which changes its fields from command to command. Also the {@link Stamp} of changes. */
export interface OpContext {
  readonly tree: Tree;
  /** Of the command. */
  readonly zxid: number;
  /** Of the entry. */
  readonly moment: Moment;
  /** The asking session; 0 for none. */
  readonly sessionId: number;
  readonly limits: EnsembleLimits;
}

export function failure(code: ErrorCode, details: ErrorDetails): OpError {
  return { kind: 'error', code, details };
}

/** The answer for a path that no znode has: it may be no path at all. */
export function missing(path: string): OpError {
  const reason = pathProblem(path);
  if (reason !== undefined) return badPath(path, reason);
  return failure('NO_NODE', { path });
}

export function badPath(path: string, reason: string): OpError {
  return failure('BAD_ARGUMENTS', { path, argument: 'path', reason });
}

/** Why an op that expects a version is not for the znode that has the other one. */
export function versionFailure(
  { path, version }: { readonly path: string; readonly version: number },
  actual: number,
): OpError | undefined {
  if (version === anyVersion || version === actual) return undefined;
  return badVersion(path, { expected: version, actual });
}

/** BAD_VERSION, for versions and, in a patch, for mzxids. */
export function badVersion(
  path: string,
  found: { readonly expected: number; readonly actual: number },
): OpError {
  return failure('BAD_VERSION', { path, ...found });
}

/** Why a value cannot be stored: too large, or not in the one canonical encoding. */
export function valueFailure(context: OpContext, path: string, value: ValueSource): OpError | undefined {
  const { valueBytesMax } = context.limits;
  const measured = value.end - value.start;
  if (measured > valueBytesMax) return tooLarge(path, valueBytesMax, measured);
  const reason = checkValue(value.source, value.start, value.end);
  return reason === undefined ? undefined : badValue(path, reason);
}

function badValue(path: string, reason: string): OpError {
  return failure('BAD_ARGUMENTS', { path, argument: 'value', reason });
}

function tooLarge(path: string, limitValue: number, measured: number): OpError {
  return failure('LIMIT_EXCEEDED', { path, limit: 'valueBytesMax', limitValue, measured });
}

/** Why nothing can be created at a free path without creating parents: a bad path, no parent, or an ephemeral one. */
export function placeFailure(tree: Tree, path: string): OpError | undefined {
  const reason = pathProblem(path);
  if (reason !== undefined) return badPath(path, reason);
  const parentPath = parentOf(path);
  const parent = tree.get(parentPath);
  if (parent === undefined) return failure('NO_NODE', { path: parentPath });
  if (parent.owner !== 0) return failure('NO_CHILDREN_FOR_EPHEMERALS', { path: parentPath });
  return undefined;
}
