/** Which changes a watch is owed. */
import type { WatchRecord } from '../../history/watch-record.ts';
import { isWithin } from '../index-guided/answers.ts';
import { parentPath, type ModelChange, type ModelTree } from '../model/model-tree.ts';

/** The changes of one transaction, or those of them that are in a scope. */
export interface ScopedChanges {
  readonly zxid: number;
  readonly changes: readonly ModelChange[];
}

/** The part of the tree that a watch is about. */
export interface Scope {
  readonly path: string;
  readonly kind: 'node' | 'children' | 'subtree';
}

export function scopeOf(watch: WatchRecord): Scope {
  return { path: watch.path, kind: watch.options.scope ?? 'node' };
}

export function isInScope(path: string, scope: Scope): boolean {
  switch (scope.kind) {
    case 'node':
      return path === scope.path;
    case 'children':
      return path !== '/' && parentPath(path) === scope.path;
    case 'subtree':
      return isWithin(path, scope.path);
  }
}

/** Transactions without a change in the scope are left out. */
export function changesInScope(
  transactions: readonly ScopedChanges[],
  scope: Scope,
): readonly ScopedChanges[] {
  const owed: ScopedChanges[] = [];
  for (const { zxid, changes } of transactions) {
    const inScope = changes.filter(({ path }) => isInScope(path, scope));
    if (inScope.length > 0) owed.push({ zxid, changes: inScope });
  }
  return owed;
}

/** Paths of the scope that exist now, in byte order. */
export function pathsInScope(tree: ModelTree, scope: Scope): readonly string[] {
  return tree
    .subtree(scope.path)
    .filter((path) => isInScope(path, scope))
    .sort();
}
