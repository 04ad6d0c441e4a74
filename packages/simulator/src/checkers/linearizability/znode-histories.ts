/**
 * Splits a recorded history into independent ones for the black-box checker: one for each znode, or for those that
 * a multi or a getMany joins. A linearizable history is one whose parts are (Herlihy and Wing, locality).
 *
 * Leaving a read out of a history forbids less and is always right. Leaving a write out is not; so a path whose
 * znode may change by anything but the operations of this model (by the end of a session, a clock, a recursive
 * delete above it) is left out as a whole, with all that is joined to it.
 */
import type { Operation } from '@quorate/core';
import type { Call, Ending } from '../../history/call.ts';
import type { OperationRecord } from '../../history/operation.ts';
import { worst, type Verdict } from '../verdict.ts';
import { checkLinearizable, type SearchLimits } from './linearizability.ts';
import type { TimedOperation } from './sequential-model.ts';
import { znodeModel, type ZnodeInput } from './znode-model.ts';

/** A history of a few znodes, and which. */
export interface ZnodeHistory {
  readonly paths: readonly string[];
  readonly operations: readonly TimedOperation<ZnodeInput, Ending>[];
}

/** Judges every part of a history that the model covers. The ensemble must have been empty at its beginning. */
export function checkZnodes(operations: readonly OperationRecord[], limits: SearchLimits = {}): Verdict {
  return worst(
    znodeHistories(operations).map((history) => checkLinearizable(znodeModel, history.operations, limits)),
  );
}

/** The parts; what is in none of them cannot be judged without trusting indexes. */
export function znodeHistories(operations: readonly OperationRecord[]): readonly ZnodeHistory[] {
  const groups = new Groups();
  for (const operation of operations) join(groups, operation);
  const histories = new Map<
    string,
    { paths: Set<string>; operations: TimedOperation<ZnodeInput, Ending>[] }
  >();
  for (const operation of operations) {
    const timed = toTimed(operation);
    const paths = pathsOf(operation.call);
    const [first] = paths;
    if (timed === undefined || first === undefined || groups.isExcluded(first)) continue;
    const group = groups.of(first);
    const history = histories.get(group) ?? { paths: new Set(), operations: [] };
    histories.set(group, history);
    for (const path of paths) history.paths.add(path);
    history.operations.push(timed);
  }
  return Array.from(histories.values(), ({ paths, operations: found }) => ({
    paths: [...paths].sort(),
    operations: found,
  }));
}

/** Undefined: it has no effect and says nothing about these znodes. */
function toTimed({
  id,
  client,
  call,
  ending,
  calledAt,
  returnedAt,
  trace,
}: OperationRecord): TimedOperation<ZnodeInput, Ending> | undefined {
  const input = { call, base: trace.base };
  const isWrite = isWriteOfModel(call);
  if (!isWrite && !isReadOfModel(call)) return undefined;
  if (ending.kind === 'pending' || (ending.kind === 'failed' && ending.outcome === 'unknown')) {
    return isWrite ? { id, client, input, output: undefined, calledAt, returnedAt: Infinity } : undefined;
  }
  if (ending.kind === 'failed' && ending.outcome === 'not-applied' && !isJudged(call, ending.code)) {
    return undefined;
  }
  return { id, client, input, output: ending, calledAt, returnedAt };
}

/** Whether a refusal says something about the znode itself: not about its parent, its children or a limit. */
function isJudged(call: Call, code: string): boolean {
  switch (code) {
    case 'NO_NODE':
      return (
        call.kind !== 'create' && call.kind !== 'multi' && !('options' in call && 'create' in call.options)
      );
    case 'NODE_EXISTS':
    case 'BAD_VERSION':
    case 'NOT_A_NUMBER':
    case 'COMPARE_FAILED':
      return call.kind !== 'update';
    default:
      return false;
  }
}

function isWriteOfModel(call: Call): boolean {
  switch (call.kind) {
    case 'create':
    case 'set':
    case 'delete':
    case 'compareAndSet':
    case 'compareAndSwap':
    case 'increment':
    case 'update':
    case 'multi':
      return true;
    default:
      return false;
  }
}

/** Session reads may be older than what others have seen. */
function isReadOfModel(call: Call): boolean {
  switch (call.kind) {
    case 'get':
    case 'exists':
    case 'getMany':
      return call.options.consistency === 'linearizable';
    default:
      return false;
  }
}

function pathsOf(call: Call): readonly string[] {
  if (call.kind === 'multi') return call.operations.map(({ path }) => path);
  if (call.kind === 'getMany') return call.paths;
  return 'path' in call ? [call.path] : [];
}

function join(groups: Groups, operation: OperationRecord): void {
  const { call, ending } = operation;
  const isWrite = isWriteOfModel(call);
  if (!isWrite && !isReadOfModel(call)) return;
  groups.join(pathsOf(call));
  if (!isWrite) return;
  const isUnknown =
    ending.kind === 'pending' || (ending.kind === 'failed' && ending.outcome !== 'not-applied');
  // What an update would have written is not known without its answer.
  if (call.kind === 'update' && isUnknown) groups.exclude(call.path);
  if (call.kind === 'multi') for (const each of call.operations) excludeForeign(groups, each);
  else if (call.kind === 'create' || call.kind === 'delete') excludeForeign(groups, call);
  if (ending.kind === 'answered' && ending.result.kind === 'created') {
    if (call.kind === 'create' && call.options.sequential === true) groups.exclude(ending.result.path);
  }
}

/** Znodes that change by something else than the operations that name them. */
function excludeForeign(
  groups: Groups,
  operation: Operation | Extract<Call, { kind: 'create' | 'delete' }>,
): void {
  if (operation.kind === 'delete' && operation.options.recursive === true)
    groups.excludeBelow(operation.path);
  if (operation.kind !== 'create') return;
  const { kind = 'persistent', sequential = false, parents = false } = operation.options;
  if (kind !== 'persistent' || sequential) groups.exclude(operation.path);
  if (sequential) groups.excludePrefix(operation.path);
  if (parents === false) return;
  for (let at = operation.path.lastIndexOf('/'); at > 0; at = operation.path.lastIndexOf('/', at - 1)) {
    groups.exclude(operation.path.slice(0, at));
  }
}

/** Sets of paths that must be judged together, and which of them cannot be. */
class Groups {
  readonly #parents = new Map<string, string>();
  readonly #excluded = new Set<string>(['/']);
  readonly #prefixes: string[] = [];
  #tainted: ReadonlySet<string> | undefined;

  /** The name of a path's set. */
  of(path: string): string {
    let root = path;
    for (
      let next = this.#parents.get(root);
      next !== undefined && next !== root;
      next = this.#parents.get(root)
    ) {
      root = next;
    }
    return root;
  }

  join(paths: readonly string[]): void {
    const [first] = paths;
    if (first === undefined) return;
    for (const path of paths) {
      if (!this.#parents.has(path)) this.#parents.set(path, path);
      this.#parents.set(this.of(path), this.of(first));
    }
  }

  exclude(path: string): void {
    this.join([path]);
    this.#excluded.add(path);
  }

  excludeBelow(path: string): void {
    this.#prefixes.push(path === '/' ? '/' : `${path}/`);
  }

  excludePrefix(prefix: string): void {
    this.#prefixes.push(prefix);
  }

  /** Ask when everything is known. */
  isExcluded(path: string): boolean {
    this.#tainted ??= this.#taint();
    return this.#tainted.has(this.of(path));
  }

  #taint(): ReadonlySet<string> {
    const isOut = (path: string): boolean =>
      this.#excluded.has(path) || this.#prefixes.some((prefix) => path.startsWith(prefix));
    return new Set([...this.#parents.keys()].filter(isOut).map((path) => this.of(path)));
  }
}
