/**
 * Replies and answers turned into what users get: frozen, with paths of their view. A shape is a plain shared
 * function, so that a call needs no closure for its result. A reply of the wrong kind is `PROTOCOL`: a link
 * that mixes up replies must not look like success.
 */
import type { Op, SingleOp } from '../codec/op.ts';
import type { SessionQuery } from '../codec/query.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { toStat, type Stat } from '../codec/stat.ts';
import { decodeValue } from '../codec/value-decode.ts';
import type { Value } from '../codec/value.ts';
import { CoordinationError, type ErrorCode, type ErrorDetails } from '../errors.ts';
import type { Created, OperationResult, Swapped, Znode } from './api-types.ts';
import type { Chroot } from './chroot.ts';
import type { LinkAnswer, ZnodeView } from './link.ts';

/** Makes the public result of a write. */
export type WriteShape<T> = (result: OpResult, chroot: Chroot, op: Op) => T;

/** Makes the public result of a read. */
export type ReadShape<T> = (answer: LinkAnswer, chroot: Chroot, query: SessionQuery) => T;

export const toNothing: WriteShape<void> = (result) => {
  if (result.kind !== 'none') throw unexpected(result.kind);
};

export const toStatOnly: WriteShape<Stat> = (result) => {
  if (result.kind !== 'stat') throw unexpected(result.kind);
  return toStat(result.stat);
};

export const toCreated: WriteShape<Created> = (result, chroot) => {
  if (result.kind !== 'created') throw unexpected(result.kind);
  const { path, stat, created } = result;
  return Object.freeze({ path: chroot.relative(path), stat: toStat(stat), created });
};

export const toCompared: WriteShape<boolean> = (result) => {
  if (result.kind !== 'compared') throw unexpected(result.kind);
  return result.swapped;
};

export const toSwapped: WriteShape<Swapped> = (result) => {
  if (result.kind !== 'compared') throw unexpected(result.kind);
  const { swapped, previous, stat } = result;
  return Object.freeze({ swapped, previous: decodeValue(previous).value, stat: toStat(stat) });
};

export const toNumber: WriteShape<number | bigint> = (result) => {
  if (result.kind !== 'number') throw unexpected(result.kind);
  return result.value;
};

export const toPatched: WriteShape<Znode> = (result) => {
  if (result.kind !== 'patched') throw unexpected(result.kind);
  return Object.freeze({ value: decodeValue(result.value).value, stat: toStat(result.stat) });
};

export const toOperationResults: WriteShape<readonly OperationResult[]> = (result, chroot, op) => {
  if (result.kind !== 'multi' || op.kind !== 'multi') throw unexpected(result.kind);
  return Object.freeze(
    op.ops.map((each, index) => Object.freeze(operationResult(each, result.results[index], chroot))),
  );
};

function operationResult(op: SingleOp, result: OpResult | undefined, chroot: Chroot): OperationResult {
  switch (op.kind) {
    case 'check':
    case 'delete':
      return { kind: op.kind };
    case 'create':
      if (result?.kind === 'created') return { kind: 'create', ...toCreated(result, chroot, op) };
      break;
    case 'set':
      if (result?.kind === 'stat') return { kind: 'set', stat: toStat(result.stat) };
      break;
    case 'compare':
      if (result?.kind === 'compared') return { kind: 'compareAndSet', stat: toStat(result.stat) };
      break;
    case 'increment':
      if (result?.kind === 'number') {
        return { kind: 'increment', value: result.value, stat: toStat(result.stat) };
      }
      break;
    case 'patch':
      break;
  }
  throw unexpected(result?.kind ?? 'nothing');
}

export const toBarrier: ReadShape<void> = (answer) => {
  if (answer.kind !== 'barrier') throw unexpected(answer.kind);
};

export const toZnode: ReadShape<Znode | undefined> = (answer) => {
  if (answer.kind !== 'znode') throw unexpected(answer.kind);
  return answer.znode === undefined ? undefined : plainZnode(answer.znode);
};

export const toPresent: ReadShape<Znode> = (answer, chroot, query) => {
  if (answer.kind !== 'znode' || query.kind !== 'get') throw unexpected(answer.kind);
  if (answer.znode === undefined) throw failure('NO_NODE', { path: query.path }, chroot);
  return plainZnode(answer.znode);
};

export const toExisting: ReadShape<Stat | undefined> = (answer) => {
  if (answer.kind !== 'znode') throw unexpected(answer.kind);
  return answer.znode?.stat;
};

export const toZnodes: ReadShape<readonly (Znode | undefined)[]> = (answer) => {
  if (answer.kind !== 'znodes') throw unexpected(answer.kind);
  return Object.freeze(answer.znodes.map((znode) => (znode === undefined ? undefined : plainZnode(znode))));
};

export const toNames: ReadShape<readonly string[]> = (answer) => {
  if (answer.kind !== 'names') throw unexpected(answer.kind);
  return Object.freeze([...answer.names]);
};

/** Names that are whole paths. */
export const toPaths: ReadShape<readonly string[]> = (answer, chroot) => {
  if (answer.kind !== 'names') throw unexpected(answer.kind);
  return Object.freeze(answer.names.map((path) => chroot.relative(path)));
};

export const toListing: ReadShape<readonly ({ readonly name: string } & Znode)[]> = (answer) => {
  if (answer.kind !== 'listing') throw unexpected(answer.kind);
  return Object.freeze(
    answer.items.map(({ name, znode }) => Object.freeze({ name, value: znode.value, stat: znode.stat })),
  );
};

export const toCount: ReadShape<number> = (answer) => {
  if (answer.kind !== 'count') throw unexpected(answer.kind);
  return answer.count;
};

/** What apply refused: definite, nothing of it happened. */
export function refusal(error: OpError, chroot: Chroot): CoordinationError {
  return failure(error.code, error.details, chroot);
}

export function failure(code: ErrorCode, details: ErrorDetails, chroot: Chroot): CoordinationError {
  return new CoordinationError(code, { details: chroot.details(details) });
}

/** A link's views may decode when asked; users get plain values. */
export function plainZnode(view: ZnodeView): { readonly value: Value; readonly stat: Stat } {
  return Object.freeze({ value: view.value, stat: view.stat });
}

function unexpected(kind: string): CoordinationError {
  return new CoordinationError('PROTOCOL', {
    details: { reason: `an answer of kind "${kind}" does not belong to this call` },
    outcome: 'unknown',
  });
}
