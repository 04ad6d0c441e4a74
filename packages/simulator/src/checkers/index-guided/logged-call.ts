/** Whether a command of the log is what a client asked for: the ensemble must not mix up or alter requests. */
import type { Op, SingleOp } from '@quorate/core/inspect';
import type { Operation } from '@quorate/core';
import type { WriteCall } from '../../history/call.ts';
import { bytesOfSource, isValue } from '../model/model-value.ts';

/** See the file's comment. */
export function isLoggedCall(op: Op, call: WriteCall): boolean {
  switch (call.kind) {
    case 'close':
      return op.kind === 'close';
    case 'multi':
      return (
        op.kind === 'multi' &&
        op.ops.length === call.operations.length &&
        call.operations.every((operation, at) => isOperation(op.ops[at], operation))
      );
    case 'update':
      // What it sends are patches: whether they are right shows in its answer.
      return op.kind === 'patch' && op.path === call.path;
    case 'compareAndSet':
    case 'compareAndSwap':
      return isOperation(singleOf(op), { ...call, kind: 'compareAndSet' });
    default:
      return isOperation(singleOf(op), call);
  }
}

function singleOf(op: Op): SingleOp | undefined {
  switch (op.kind) {
    case 'multi':
    case 'noop':
    case 'close':
    case 'invalid':
      return undefined;
    default:
      return op;
  }
}

function isOperation(op: SingleOp | undefined, asked: Operation): boolean {
  if (op === undefined || op.path !== asked.path) return false;
  switch (asked.kind) {
    case 'check':
      return op.kind === 'check' && op.version === asked.version;
    case 'create': {
      const {
        kind = 'persistent',
        sequential = false,
        ttlMs = 0,
        parents = false,
        ifAbsent = false,
      } = asked.options;
      const parentKind = parents === 'container' ? 'container' : parents ? 'persistent' : 'none';
      return (
        op.kind === 'create' &&
        op.createKind === kind &&
        op.sequential === sequential &&
        op.ttlMs === ttlMs &&
        op.parents === parentKind &&
        op.ifAbsent === ifAbsent &&
        isValue(asked.value ?? null, bytesOfSource(op.value))
      );
    }
    case 'set': {
      const { version = -1, create = false } = asked.options;
      return (
        op.kind === 'set' &&
        op.version === version &&
        op.create === create &&
        isValue(asked.value, bytesOfSource(op.value))
      );
    }
    case 'delete': {
      const { version = -1, recursive = false, ifExists = false } = asked.options;
      return (
        op.kind === 'delete' &&
        op.version === version &&
        op.recursive === recursive &&
        op.ifExists === ifExists
      );
    }
    case 'compareAndSet':
      return (
        op.kind === 'compare' &&
        isValue(asked.expected, bytesOfSource(op.expected)) &&
        isValue(asked.value, bytesOfSource(op.value))
      );
    case 'increment':
      return op.kind === 'increment' && op.by === asked.by && op.create === (asked.options.create ?? false);
  }
}
