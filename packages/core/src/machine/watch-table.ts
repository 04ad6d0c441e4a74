/**
 * Which watches a transaction concerns. Not replicated: every replica knows only the watches of its own
 * sessions. Watches with the same path and scope share one group, so that a thousand watchers of one znode
 * cost one filtered transaction.
 *
 * Without a watch a transaction costs one comparison; otherwise one lookup a change and scope, and for
 * subtrees one lookup a path segment.
 */
import { invariant } from '../invariant.ts';
import { joinPath, parentOf, rootPath } from '../codec/path.ts';
import type { Tree } from '../tree/tree.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import type { Change, Transaction, WatchScope } from './contract.ts';

export interface Watch {
  readonly id: number;
  readonly path: string;
  readonly scope: WatchScope;
}

export interface WatchMatch {
  readonly id: number;
  /** Only what concerns the watch; the transaction itself when that is all of it. */
  readonly transaction: Transaction;
}

interface Group {
  readonly path: string;
  readonly scope: WatchScope;
  readonly ids: Set<number>;
}

export class WatchTable {
  readonly #groups = new Map<number, Group>();
  readonly #byScope: Readonly<Record<WatchScope, Map<string, Group>>> = {
    node: new Map(),
    children: new Map(),
    subtree: new Map(),
  };

  get size(): number {
    return this.#groups.size;
  }

  register(watch: Watch): void {
    invariant(!this.#groups.has(watch.id), 'a watch id is used once', { id: watch.id });
    const groups = this.#byScope[watch.scope];
    let group = groups.get(watch.path);
    if (group === undefined) {
      group = { path: watch.path, scope: watch.scope, ids: new Set() };
      groups.set(watch.path, group);
    }
    group.ids.add(watch.id);
    this.#groups.set(watch.id, group);
  }

  /** Unknown ids are ignored: a watch may be given up twice. */
  unregister(id: number): void {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    this.#groups.delete(id);
    group.ids.delete(id);
    if (group.ids.size === 0) this.#byScope[group.scope].delete(group.path);
  }

  /** Every watch that the transaction concerns, each once, with its changes in their order. */
  match(transaction: Transaction): readonly WatchMatch[] {
    if (this.#groups.size === 0) return [];
    const found = new Map<Group, Change[]>();
    for (const change of transaction.changes) this.#matchChange(change, found);
    const matches: WatchMatch[] = [];
    for (const [group, changes] of found) {
      const part =
        changes.length === transaction.changes.length ? transaction : { zxid: transaction.zxid, changes };
      for (const id of group.ids) matches.push({ id, transaction: part });
    }
    return matches;
  }

  #matchChange(change: Change, found: Map<Group, Change[]>): void {
    const { node, children, subtree } = this.#byScope;
    const { path } = change;
    if (node.size > 0) note(found, node.get(path), change);
    if (children.size > 0 && path !== rootPath) note(found, children.get(parentOf(path)), change);
    if (subtree.size > 0) {
      note(found, subtree.get(path), change);
      for (let ancestor = path; ancestor !== rootPath; ) {
        ancestor = parentOf(ancestor);
        note(found, subtree.get(ancestor), change);
      }
    }
  }
}

/** What a watch sees first: the whole scope, or how large it would be. */
export type WatchSnapshot =
  | { readonly kind: 'znodes'; readonly znodes: readonly ZnodeRecord[] }
  | { readonly kind: 'too-large'; readonly measured: number };

/** The scope as it is now: parents before their children, siblings in byte order. A missing path is empty. */
export function collectScope(tree: Tree, watch: Omit<Watch, 'id'>, max: number): WatchSnapshot {
  const { path, scope } = watch;
  const record = tree.get(path);
  if (record === undefined) return { kind: 'znodes', znodes: [] };
  const measured =
    scope === 'node' ? 1 : scope === 'children' ? record.childrenCount : tree.descendantsCount(path) + 1;
  if (measured > max) return { kind: 'too-large', measured };
  if (scope === 'node') return { kind: 'znodes', znodes: [record] };
  if (scope === 'subtree') return { kind: 'znodes', znodes: [...tree.walk(path)] };
  const znodes: ZnodeRecord[] = [];
  for (const name of tree.names(path, undefined, measured)) {
    const child = tree.get(joinPath(path, name));
    invariant(child !== undefined, 'a listed child exists', { path, name });
    znodes.push(child);
  }
  return { kind: 'znodes', znodes };
}

function note(found: Map<Group, Change[]>, group: Group | undefined, change: Change): void {
  if (group === undefined) return;
  const changes = found.get(group);
  if (changes === undefined) found.set(group, [change]);
  else changes.push(change);
}
