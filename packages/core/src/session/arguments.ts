/**
 * Arguments as users hand them in, turned into ops. Types are no guard at run time, so everything is checked
 * here, before a request number is taken: bad arguments fail before anything is sent. Values are encoded here,
 * once; what apply judges (existence, versions, limits of the ensemble) is not repeated.
 */
import type { CreateKind, CreateOp, MultiOp, Op, SetOp, SingleOp } from '../codec/op.ts';
import { anyVersion } from '../codec/op.ts';
import { ValueEncoder } from '../codec/value-encode.ts';
import type { ValueSource } from '../codec/value.ts';
import { CoordinationError } from '../errors.ts';
import type { CreateOptions, DeleteOptions, Operation, SetOptions } from './api-types.ts';
import type { Chroot } from './chroot.ts';

/** Turns the arguments of one session's view into ops with absolute paths. */
export class OpArguments {
  readonly #chroot: Chroot;
  readonly #valueBytesMax: number;
  readonly #encoder: ValueEncoder = new ValueEncoder();

  constructor(chroot: Chroot, valueBytesMax: number) {
    this.#chroot = chroot;
    this.#valueBytesMax = valueBytesMax;
  }

  check(path: unknown, version: unknown): SingleOp {
    if (version === undefined) throw badArgument('version', 'check needs a version, or -1 for any');
    return { kind: 'check', path: this.#chroot.absolute(path), version: versionOf(version) };
  }

  create(path: unknown, value: unknown, options: CreateOptions | undefined): CreateOp {
    const asked: Record<keyof CreateOptions, unknown> | undefined = optionsOf(options);
    const sequential = flag(asked?.sequential, 'sequential');
    const createKind = createKindOf(asked?.kind);
    return {
      kind: 'create',
      path: sequential ? this.#chroot.absoluteSequential(path) : this.#chroot.absolute(path),
      value: this.value(value === undefined ? null : value, 'value'),
      createKind,
      sequential,
      ttlMs: ttlOf(asked?.ttlMs, createKind),
      parents: parentsOf(asked?.parents),
      ifAbsent: flag(asked?.ifAbsent, 'ifAbsent'),
    };
  }

  set(path: unknown, value: unknown, options: SetOptions | undefined): SingleOp {
    const asked: Record<keyof SetOptions, unknown> | undefined = optionsOf(options);
    return {
      kind: 'set',
      path: this.#chroot.absolute(path),
      value: this.value(value, 'value'),
      version: versionOf(asked?.version),
      create: flag(asked?.create, 'create'),
    };
  }

  delete(path: unknown, options: DeleteOptions | undefined): SingleOp {
    const asked: Record<keyof DeleteOptions, unknown> | undefined = optionsOf(options);
    return {
      kind: 'delete',
      path: this.#chroot.absolute(path),
      version: versionOf(asked?.version),
      recursive: flag(asked?.recursive, 'recursive'),
      ifExists: flag(asked?.ifExists, 'ifExists'),
    };
  }

  compare(path: unknown, expected: unknown, value: unknown): SingleOp {
    return {
      kind: 'compare',
      path: this.#chroot.absolute(path),
      expected: this.value(expected, 'expected'),
      value: this.value(value, 'value'),
    };
  }

  increment(path: unknown, by: unknown, options: { readonly create?: boolean } | undefined): SingleOp {
    const create = flag(optionsOf(options)?.create, 'create');
    return { kind: 'increment', path: this.#chroot.absolute(path), by: stepOf(by), create };
  }

  multi(operations: unknown): MultiOp {
    if (!Array.isArray(operations)) throw badArgument('operations', 'multi takes an array of operations');
    const ops = operations.map((operation: unknown, index) => {
      try {
        return this.#single(operation);
      } catch (error) {
        throw error instanceof CoordinationError ? atIndex(error, index) : error;
      }
    });
    return { kind: 'multi', ops, byteCount: ops.reduce((sum, each) => sum + opBytes(each), 0) };
  }

  /** Encodes a value; the ensemble's limit is checked here as a courtesy, apply judges it. */
  value(value: unknown, argument: string): ValueSource {
    const encoded = this.#encoder.encode(value, argument);
    if (sourceBytes(encoded) > this.#valueBytesMax) throw this.#tooLarge(encoded, argument);
    return encoded;
  }

  #tooLarge(encoded: ValueSource, argument: string): CoordinationError {
    const limitValue = this.#valueBytesMax;
    const details = { argument, limit: 'valueBytesMax', limitValue, measured: sourceBytes(encoded) };
    return new CoordinationError('LIMIT_EXCEEDED', { details });
  }

  #single(operation: unknown): SingleOp {
    if (typeof operation !== 'object' || operation === null) {
      throw badArgument('operations', 'an operation is made by `op`');
    }
    const each = operation as Operation;
    switch (each.kind) {
      case 'check':
        return this.check(each.path, each.version);
      case 'create':
        return this.create(each.path, each.value, each.options);
      case 'set':
        return this.set(each.path, each.value, each.options);
      case 'delete':
        return this.delete(each.path, each.options);
      case 'compareAndSet':
        return this.compare(each.path, each.expected, each.value);
      case 'increment':
        return this.increment(each.path, each.by, each.options);
      default:
        throw badArgument('operations', 'an operation is made by `op`');
    }
  }
}

/** What an op takes of the session's bytes in flight: close to its encoding, without encoding it. */
export function opBytes(op: Op): number {
  return op.kind === 'set' ? opBytesFixed + op.path.length + sourceBytes(op.value) : otherOpBytes(op);
}

function otherOpBytes(op: Exclude<Op, SetOp>): number {
  switch (op.kind) {
    case 'create':
      return opBytesFixed + op.path.length + sourceBytes(op.value);
    case 'compare':
      return opBytesFixed + op.path.length + sourceBytes(op.expected) + sourceBytes(op.value);
    case 'patch':
      return opBytesFixed + op.path.length + sourceBytes(op.patches);
    case 'check':
    case 'delete':
    case 'increment':
      return opBytesFixed + op.path.length;
    case 'multi':
      return opBytesFixed + op.byteCount;
    case 'close':
    case 'noop':
    case 'invalid':
      return opBytesFixed;
  }
}

/** Kind, flags, numbers and lengths of one op. */
const opBytesFixed = 24;

function sourceBytes(source: ValueSource): number {
  return source.end - source.start;
}

export function badArgument(argument: string, reason: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENTS', { details: { argument, reason } });
}

/** Options are an object or absent; its fields are checked one by one by whoever reads them. */
export function optionsOf<O extends object>(options: O | undefined): Record<keyof O, unknown> | undefined {
  if (options === undefined) return undefined;
  if (typeof options === 'object' && options !== null) return options;
  throw badArgument('options', 'options are an object');
}

/** One of some words; the first is the default. */
export function choice<C extends string>(value: unknown, argument: string, words: readonly [C, ...C[]]): C {
  if (value === undefined) return words[0];
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  throw badArgument(argument, `it is one of ${words.map((word) => JSON.stringify(word)).join(', ')}`);
}

/** A safe integer from `least` on, or undefined. */
export function optionalInteger(value: unknown, argument: string, least: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw badArgument(argument, `it is an integer from ${least} on`);
}

/** A signal, or undefined. */
export function optionalSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  // Not instanceof: a signal of another realm is as good.
  if (typeof value === 'object' && value !== null) {
    const signal = value as Record<keyof AbortSignal, unknown>;
    const methods = [signal.throwIfAborted, signal.addEventListener, signal.removeEventListener];
    const isSignal =
      typeof signal.aborted === 'boolean' && methods.every((each) => typeof each === 'function');
    if (isSignal) return value as AbortSignal;
  }
  throw badArgument('signal', 'it is an AbortSignal');
}

function flag(value: unknown, argument: string): boolean {
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw badArgument(argument, 'it is true or false');
}

function versionOf(version: unknown): number {
  return optionalInteger(version, 'version', -1) ?? anyVersion;
}

function createKindOf(kind: unknown): CreateKind {
  return choice<CreateKind>(kind, 'kind', ['persistent', 'ephemeral', 'container', 'ttl']);
}

function ttlOf(ttlMs: unknown, kind: CreateKind): number {
  const asked = optionalInteger(ttlMs, 'ttlMs', 1);
  if (kind === 'ttl' && asked === undefined) throw badArgument('ttlMs', 'kind "ttl" needs a time');
  if (kind !== 'ttl' && asked !== undefined) throw badArgument('ttlMs', 'only kind "ttl" takes a time');
  return asked ?? 0;
}

function parentsOf(parents: unknown): CreateOp['parents'] {
  if (parents === undefined || parents === false) return 'none';
  if (parents === true) return 'persistent';
  if (parents === 'container') return 'container';
  throw badArgument('parents', 'it is true, false or "container"');
}

function stepOf(by: unknown): number | bigint {
  if (by === undefined) return 1;
  if (typeof by === 'number' && Number.isSafeInteger(by)) return by;
  if (typeof by === 'bigint' && BigInt.asIntN(64, by) === by) return by;
  throw badArgument('by', 'it is a safe integer, or a bigint of 64 bits');
}

function atIndex(error: CoordinationError, index: number): CoordinationError {
  return new CoordinationError(error.code, { details: { ...error.details, index }, cause: error.cause });
}
