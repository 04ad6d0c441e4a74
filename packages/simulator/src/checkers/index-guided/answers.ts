/** Whether what a client was answered is what the model says: of its write, or of the state that it read. */
import type { OperationResult, Stat } from '@quorate/core';
import { formatSessionId, parseSessionId } from '@quorate/core/inspect';
import type { ReadCall, ReadZnode, Result } from '../../history/call.ts';
import { showPlain } from '../../history/operation.ts';
import type { ModelReply } from '../model/model-ops.ts';
import { childPath, type ModelStat, type ModelTree, type ModelView } from '../model/model-tree.ts';
import { isValue, valueOf } from '../model/model-value.ts';

/** What is wrong with the answer of a write; undefined if nothing is. */
export function writeProblem(result: Result, reply: ModelReply): string | undefined {
  return isReply(result, reply) ? undefined : `expected ${showPlain(reply)}`;
}

/** What is wrong with the answer of a read, given the state that it was answered from. */
export function readProblem(
  call: ReadCall,
  result: Result,
  state: { readonly tree: ModelTree; readonly session: string },
): string | undefined {
  const { tree } = state;
  switch (call.kind) {
    case 'sync':
      return undefined;
    case 'get':
      if (result.kind !== 'znode') return 'it is no znode';
      return znodeProblem(result, tree.view(call.path), call.path);
    case 'getMany': {
      if (result.kind !== 'znodes' || result.znodes.length !== call.paths.length)
        return 'it has not one answer a path';
      const problems = call.paths.map((path, at) => znodeProblem(result.znodes[at], tree.view(path), path));
      return problems.find((problem) => problem !== undefined);
    }
    case 'exists': {
      const view = tree.view(call.path);
      if (result.kind !== 'existence') return 'it is no stat';
      if (view === undefined) return result.stat === undefined ? undefined : 'there is no such znode';
      return result.stat !== undefined && isStat(result.stat, view.stat)
        ? undefined
        : `expected stat ${showPlain(view.stat)}`;
    }
    case 'count': {
      const count = tree.subtree(call.path).length - 1;
      return result.kind === 'count' && result.count === count ? undefined : `expected ${count}`;
    }
    case 'children': {
      const names = page(tree, call);
      if (tree.get(call.path) === undefined) return 'there is no such znode';
      return result.kind === 'names' && areSame(result.names, names)
        ? undefined
        : `expected ${showPlain(names)}`;
    }
    case 'list':
      return listProblem(call, result, tree);
    case 'ephemerals': {
      const paths = tree
        .owned(parseSessionId(state.session) ?? 0)
        .filter((path) => isWithin(path, call.under));
      return result.kind === 'names' && areSame(result.names, paths)
        ? undefined
        : `expected ${showPlain(paths)}`;
    }
  }
}

/** Whether a read that failed with `NO_NODE` was right. */
export function isMissing(call: ReadCall, tree: ModelTree): boolean {
  switch (call.kind) {
    case 'get':
    case 'count':
    case 'children':
    case 'list':
      return tree.get(call.path) === undefined;
    default:
      return false;
  }
}

/** What is wrong with a znode as somebody saw it. */
export function znodeProblem(
  seen: ReadZnode | undefined,
  view: ModelView | undefined,
  path: string,
): string | undefined {
  if (view === undefined) return seen === undefined ? undefined : `there is no znode at ${path}`;
  if (seen !== undefined && isStat(seen.stat, view.stat) && isValue(seen.value, view.bytes)) return undefined;
  return `expected ${path} = ${showPlain(valueOf(view.bytes))} with stat ${showPlain(view.stat)}`;
}

/** Whether a stat is the model's, field by field. */
export function isStat(stat: Stat, expected: ModelStat): boolean {
  const owner = expected.owner === 0 ? undefined : formatSessionId(expected.owner);
  return (
    stat.czxid === expected.czxid &&
    stat.mzxid === expected.mzxid &&
    stat.pzxid === expected.pzxid &&
    stat.ctime === expected.ctime &&
    stat.mtime === expected.mtime &&
    stat.version === expected.version &&
    stat.cversion === expected.cversion &&
    stat.aversion === 0 &&
    stat.ephemeralOwner === owner &&
    stat.dataLength === expected.dataLength &&
    stat.childrenCount === expected.childrenCount
  );
}

/** Whether a path is this one or below it. */
export function isWithin(path: string, ancestor: string): boolean {
  return path === ancestor || ancestor === '/' || path.startsWith(`${ancestor}/`);
}

function isReply(result: Result, reply: ModelReply): boolean {
  switch (reply.kind) {
    case 'none':
      return result.kind === 'nothing';
    case 'stat':
      return result.kind === 'stat' && isStat(result.stat, reply.stat);
    case 'created': {
      const { path, created, stat } = reply;
      return (
        result.kind === 'created' &&
        result.path === path &&
        result.created === created &&
        isStat(result.stat, stat)
      );
    }
    case 'compared':
      if (result.kind === 'compared') return result.swapped === reply.swapped;
      return (
        result.kind === 'swapped' &&
        result.swapped === reply.swapped &&
        isValue(result.previous, reply.previous) &&
        isStat(result.stat, reply.stat)
      );
    case 'number':
      return result.kind === 'number' && result.value === reply.value;
    case 'patched':
      return result.kind === 'znode' && isValue(result.value, reply.bytes) && isStat(result.stat, reply.stat);
    case 'multi':
      return (
        result.kind === 'multi' &&
        result.results.length === reply.replies.length &&
        reply.replies.every((each, at) => isOperationReply(result.results[at], each))
      );
    case 'session':
    case 'error':
      return false;
  }
}

function isOperationReply(result: OperationResult | undefined, reply: ModelReply): boolean {
  if (result === undefined) return false;
  switch (reply.kind) {
    case 'none':
      return result.kind === 'check' || result.kind === 'delete';
    case 'stat':
      return result.kind === 'set' && isStat(result.stat, reply.stat);
    case 'created':
      return (
        result.kind === 'create' &&
        result.path === reply.path &&
        result.created === reply.created &&
        isStat(result.stat, reply.stat)
      );
    case 'compared':
      return result.kind === 'compareAndSet' && isStat(result.stat, reply.stat);
    case 'number':
      return result.kind === 'increment' && result.value === reply.value && isStat(result.stat, reply.stat);
    default:
      return false;
  }
}

function listProblem(
  call: Extract<ReadCall, { kind: 'children' | 'list' }>,
  result: Result,
  tree: ModelTree,
): string | undefined {
  if (tree.get(call.path) === undefined) return 'there is no such znode';
  const names = page(tree, call);
  if (result.kind !== 'listing') return 'it is no listing';
  const found = result.items.map(({ name }) => name);
  if (!areSame(found, names)) return `expected the names ${showPlain(names)}`;
  const problems = result.items.map((item) => {
    const path = childPath(call.path, item.name);
    return znodeProblem(item, tree.view(path), path);
  });
  return problems.find((problem) => problem !== undefined);
}

function page(tree: ModelTree, call: Extract<ReadCall, { kind: 'children' | 'list' }>): readonly string[] {
  const { after, limit } = call.options;
  const names = tree.children(call.path).filter((name) => after === undefined || name > after);
  return names.slice(0, limit);
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
