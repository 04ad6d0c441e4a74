/**
 * Says of a small history whether any order of its operations explains all answers, by trying every order. It has
 * nothing in common with the checkers: no memory of where it has been, no index, a tree of its own that is a Map.
 *
 * `everything`: writes and linearizable reads in real time, each session in the order of its calls, session reads as
 * old as their session allows. `linearizable`: session reads left out, and no order but real time.
 */
import type { Operation } from '@quorate/core';
import type { Call } from '../../history/call.ts';
import type { OperationRecord } from '../../history/operation.ts';

type Tree = ReadonlyMap<string, { readonly value: unknown; readonly version: number }>;

export function isExplainable(
  operations: readonly OperationRecord[],
  promise: 'everything' | 'linearizable',
): boolean {
  const judged =
    promise === 'everything' ? operations : operations.filter((operation) => !isSessionRead(operation.call));
  return canFinish(judged, new Map(), promise === 'everything');
}

function canFinish(left: readonly OperationRecord[], tree: Tree, inSessions: boolean): boolean {
  if (left.every((operation) => operation.ending.kind === 'pending')) return true;
  return left.some((next) => {
    const others = left.filter((other) => other !== next);
    // Real time: nothing that is left may have returned before this was called.
    const isLate = others.some((other) => other.returnedAt < next.calledAt);
    if (isLate && !isSessionRead(next.call)) return false;
    const earlier = others.filter(
      (other) => other.session === next.session && other.calledAt < next.calledAt,
    );
    if (inSessions && earlier.some((other) => other.ending.kind !== 'pending')) return false;
    const done = perform(next.call, tree);
    if (next.ending.kind !== 'pending' && done.answer !== answerOf(next)) return false;
    // What nobody answered and a later call of its session has overtaken never happens.
    const rest = inSessions ? others.filter((other) => !earlier.includes(other)) : others;
    return canFinish(rest, done.tree, inSessions);
  });
}

function isSessionRead(call: Call): boolean {
  return call.kind === 'get' && call.options.consistency !== 'linearizable';
}

/** What the client was told, but for everything that is an index or a time. */
function answerOf({ ending }: OperationRecord): string {
  if (ending.kind === 'failed') return ending.code;
  if (ending.kind === 'pending') return '';
  const { result } = ending;
  switch (result.kind) {
    case 'created':
    case 'stat':
      return `v${result.stat.version}`;
    case 'compared':
      return String(result.swapped);
    case 'swapped':
      return `${result.swapped} ${JSON.stringify(result.previous)} v${result.stat.version}`;
    case 'number':
      return String(result.value);
    case 'multi':
      return result.results.map(({ stat }) => `v${stat?.version}`).join(' ');
    case 'znode':
      return `${JSON.stringify(result.value)} v${result.stat.version}`;
    default:
      return result.kind;
  }
}

interface Done {
  readonly tree: Tree;
  readonly answer: string;
}

function perform(call: Call, tree: Tree): Done {
  if (call.kind === 'multi') {
    let now = tree;
    const answers: string[] = [];
    for (const operation of call.operations) {
      const done = performOne(operation, now);
      now = done.tree;
      answers.push(done.answer);
    }
    return { tree: now, answer: answers.join(' ') };
  }
  if (call.kind === 'get') {
    const znode = tree.get(call.path);
    return {
      tree,
      answer: znode === undefined ? 'NO_NODE' : `${JSON.stringify(znode.value)} v${znode.version}`,
    };
  }
  if (call.kind === 'compareAndSet' || call.kind === 'compareAndSwap') {
    const znode = tree.get(call.path);
    if (znode === undefined) return { tree, answer: 'NO_NODE' };
    const swapped = znode.value === call.expected;
    const version = znode.version + (swapped ? 1 : 0);
    const answer = `${swapped}${call.kind === 'compareAndSwap' ? ` ${JSON.stringify(znode.value)} v${version}` : ''}`;
    return { tree: swapped ? new Map(tree).set(call.path, { value: call.value, version }) : tree, answer };
  }
  return performOne(call as Operation, tree);
}

/** create, set (which creates), delete, increment (which creates). */
function performOne(operation: Operation, tree: Tree): Done {
  const znode = tree.get(operation.path);
  const after = new Map(tree);
  switch (operation.kind) {
    case 'create':
      if (znode !== undefined) return { tree, answer: 'NODE_EXISTS' };
      return { tree: after.set(operation.path, { value: operation.value, version: 0 }), answer: 'v0' };
    case 'set': {
      const version = znode === undefined ? 0 : znode.version + 1;
      return { tree: after.set(operation.path, { value: operation.value, version }), answer: `v${version}` };
    }
    case 'delete':
      if (!after.delete(operation.path)) return { tree, answer: 'NO_NODE' };
      return { tree: after, answer: 'nothing' };
    case 'increment': {
      const version = znode === undefined ? 0 : znode.version + 1;
      const value = Number(znode?.value ?? 0) + Number(operation.by);
      return { tree: after.set(operation.path, { value, version }), answer: String(value) };
    }
    default:
      return { tree, answer: 'not performed here' };
  }
}
