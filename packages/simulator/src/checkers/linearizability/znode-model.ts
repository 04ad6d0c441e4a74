/**
 * A few znodes and the operations on them, judged by values, versions and codes alone: no zxid, no time, nothing
 * that the ensemble says of its own order. One znode is the usual case; a multi joins those that it names.
 */
import type { Operation, OperationResult } from '@quorate/core';
import type { Call, Ending, Result } from '../../history/call.ts';
import { describeCall, describeEnding } from '../../history/operation.ts';
import { encodeValue } from '@quorate/core/inspect';
import type { SequentialModel } from './sequential-model.ts';

/** A call, and of an update what its recipe saw. */
export interface ZnodeInput {
  readonly call: Call;
  readonly base: unknown;
}

/** One znode. */
interface Plain {
  readonly value: unknown;
  /** Equal for equal values only. */
  readonly key: string;
  readonly version: number;
}

/** Znodes by path; a path that is missing has none. */
export interface ZnodeState {
  readonly znodes: ReadonlyMap<string, Plain>;
  readonly key: string;
}

/** What happens to one znode, and what one is told of it. */
type Effect =
  | { readonly code: string; readonly index?: number }
  | { readonly code: undefined; readonly state: ZnodeState; readonly told: Told };

interface Told {
  readonly version?: number | undefined;
  readonly created?: boolean;
  readonly swapped?: boolean;
  readonly previous?: string;
  readonly number?: number | bigint;
  readonly parts?: readonly Told[];
}

/** The model; its outputs are the endings of recorded operations. */
export const znodeModel: SequentialModel<ZnodeInput, Ending, ZnodeState> = {
  initial: stateOf(new Map()),
  step(state, input, output) {
    if (input.call.kind === 'update') return stepUpdate(state, input.call.path, input.base, output);
    if (!isOperationCall(input.call)) return isRead(state, input.call, output) ? state : undefined;
    const effect = effectOf(state, input.call);
    if (effect.code !== undefined) {
      if (output === undefined) return undefined;
      const isSame = output.kind === 'failed' && output.code === effect.code && output.index === effect.index;
      return isSame ? state : undefined;
    }
    if (output === undefined || (output.kind === 'failed' && output.outcome === 'applied'))
      return effect.state;
    return output.kind === 'answered' && isTold(output.result, effect.told) ? effect.state : undefined;
  },
  keyOf: ({ key }) => key,
  describe: ({ call }, output) =>
    `${describeCall(call)} -> ${output === undefined ? 'unknown' : describeEnding(output)}`,
};

type OperationCall = Extract<
  Call,
  { kind: 'create' | 'set' | 'delete' | 'compareAndSet' | 'compareAndSwap' | 'increment' | 'multi' }
>;

function isOperationCall(call: Call): call is OperationCall {
  switch (call.kind) {
    case 'create':
    case 'set':
    case 'delete':
    case 'compareAndSet':
    case 'compareAndSwap':
    case 'increment':
    case 'multi':
      return true;
    default:
      return false;
  }
}

function effectOf(state: ZnodeState, call: OperationCall): Effect {
  if ('expected' in call) {
    return effectOfOne(state, { ...call, kind: 'compareAndSet' });
  }
  if (call.kind !== 'multi') return effectOfOne(state, call);
  const parts: Told[] = [];
  let now = state;
  for (const [index, operation] of call.operations.entries()) {
    const effect = effectOfOne(now, operation);
    if (effect.code !== undefined) return { code: effect.code, index };
    if (effect.told.swapped === false) return { code: 'COMPARE_FAILED', index };
    parts.push(effect.told);
    now = effect.state;
  }
  return { code: undefined, state: now, told: { parts } };
}

function effectOfOne(state: ZnodeState, operation: Operation): Effect {
  const before = state.znodes.get(operation.path);
  if (operation.kind === 'create') {
    if (before === undefined)
      return put(state, operation.path, plain(operation.value ?? null, 0), { created: true });
    if (operation.options.ifAbsent !== true) return { code: 'NODE_EXISTS' };
    return { code: undefined, state, told: { created: false, version: before.version } };
  }
  if (operation.kind === 'delete') return effectOfDelete(state, operation, before);
  if (before === undefined) return effectOnMissing(state, operation);
  switch (operation.kind) {
    case 'check':
      return isExpected(operation.version, before) ? nothing(state) : { code: 'BAD_VERSION' };
    case 'set':
      if (!isExpected(operation.options.version, before)) return { code: 'BAD_VERSION' };
      return put(state, operation.path, plain(operation.value, before.version + 1), {});
    case 'compareAndSet': {
      const swapped = keyOfValue(operation.expected) === before.key;
      const told = { swapped, previous: before.key };
      if (!swapped) return { code: undefined, state, told: { ...told, version: before.version } };
      return put(state, operation.path, plain(operation.value, before.version + 1), told);
    }
    case 'increment': {
      const sum = add(before.value, operation.by);
      if (sum === undefined) return { code: 'NOT_A_NUMBER' };
      return put(state, operation.path, plain(sum, before.version + 1), { number: sum });
    }
  }
}

function effectOfDelete(
  state: ZnodeState,
  { path, options }: Extract<Operation, { kind: 'delete' }>,
  before: Plain | undefined,
): Effect {
  if (before === undefined) return options.ifExists === true ? nothing(state) : { code: 'NO_NODE' };
  if (!isExpected(options.version, before)) return { code: 'BAD_VERSION' };
  const znodes = new Map(state.znodes);
  znodes.delete(path);
  return { code: undefined, state: stateOf(znodes), told: {} };
}

function effectOnMissing(state: ZnodeState, operation: Operation): Effect {
  if (operation.kind === 'set') {
    const { create = false, version = -1 } = operation.options;
    if (create && version === -1) return put(state, operation.path, plain(operation.value, 0), {});
  }
  if (operation.kind === 'increment' && operation.options.create === true) {
    return put(state, operation.path, plain(operation.by, 0), { number: operation.by });
  }
  return { code: 'NO_NODE' };
}

/** An update replaces exactly the value that its recipe saw. */
function stepUpdate(
  state: ZnodeState,
  path: string,
  base: unknown,
  output: Ending | undefined,
): ZnodeState | undefined {
  const before = state.znodes.get(path);
  if (output?.kind === 'failed') {
    return output.code === 'NO_NODE' && before === undefined ? state : undefined;
  }
  if (output?.kind !== 'answered' || output.result.kind !== 'znode') return undefined;
  const { value, stat } = output.result;
  const after = plain(value, stat.version);
  if (before === undefined) {
    return stat.version === 0 ? stateOf(new Map([...state.znodes, [path, after]])) : undefined;
  }
  if (keyOfValue(base) !== before.key) return undefined;
  // What a recipe leaves as it was is not written.
  if (after.key === before.key && stat.version === before.version) return state;
  if (stat.version !== before.version + 1) return undefined;
  return stateOf(new Map([...state.znodes, [path, after]]));
}

function isRead(state: ZnodeState, call: Call, output: Ending | undefined): boolean {
  if (output?.kind === 'failed') {
    return call.kind === 'get' && output.code === 'NO_NODE' && state.znodes.get(call.path) === undefined;
  }
  if (output?.kind !== 'answered') return false;
  const { result } = output;
  if (call.kind === 'get') return result.kind === 'znode' && isSeen(state.znodes.get(call.path), result);
  if (call.kind === 'exists') {
    return result.kind === 'existence' && result.stat?.version === state.znodes.get(call.path)?.version;
  }
  if (call.kind !== 'getMany' || result.kind !== 'znodes') return false;
  return call.paths.every((path, at) => isSeen(state.znodes.get(path), result.znodes[at]));
}

function isSeen(
  znode: Plain | undefined,
  seen: { readonly value: unknown; readonly stat: { readonly version: number } } | undefined,
): boolean {
  if (znode === undefined || seen === undefined) return znode === seen;
  return znode.version === seen.stat.version && znode.key === keyOfValue(seen.value);
}

function isTold(result: Result, told: Told): boolean {
  switch (result.kind) {
    case 'nothing':
      return true;
    case 'created':
      return result.created === told.created && result.stat.version === (told.version ?? 0);
    case 'stat':
      return result.stat.version === told.version;
    case 'compared':
      return result.swapped === told.swapped;
    case 'swapped':
      return (
        result.swapped === told.swapped &&
        keyOfValue(result.previous) === told.previous &&
        result.stat.version === told.version
      );
    case 'number':
      return result.value === told.number;
    case 'multi':
      return result.results.every((part, at) => isToldPart(part, told.parts?.[at] ?? {}));
    default:
      return false;
  }
}

function isToldPart(part: OperationResult, told: Told): boolean {
  switch (part.kind) {
    case 'check':
    case 'delete':
      return true;
    case 'create':
      return part.created === told.created && part.stat.version === (told.version ?? 0);
    case 'increment':
      return part.value === told.number && part.stat.version === told.version;
    case 'set':
    case 'compareAndSet':
      return part.stat.version === told.version;
  }
}

function put(state: ZnodeState, path: string, znode: Plain, told: Told): Effect {
  const znodes = new Map(state.znodes).set(path, znode);
  return { code: undefined, state: stateOf(znodes), told: { ...told, version: znode.version } };
}

function nothing(state: ZnodeState): Effect {
  return { code: undefined, state, told: {} };
}

function isExpected(version: number | undefined, { version: actual }: Plain): boolean {
  return version === undefined || version === -1 || version === actual;
}

function plain(value: unknown, version: number): Plain {
  return { value, key: keyOfValue(value), version };
}

function add(value: unknown, by: number | bigint): number | bigint | undefined {
  if (typeof value === 'bigint' && typeof by === 'bigint') return value + by;
  if (typeof value !== 'number' || typeof by !== 'number' || !Number.isSafeInteger(value)) return undefined;
  return value + by;
}

function keyOfValue(value: unknown): string {
  if (typeof value === 'string') return `"${value}`;
  return encodeValue(value).join(' ');
}

function stateOf(znodes: ReadonlyMap<string, Plain>): ZnodeState {
  const parts = [...znodes].map(([path, { key, version }]) => `${path}@${version}=${key}`);
  return { znodes, key: parts.sort().join('\n') };
}
