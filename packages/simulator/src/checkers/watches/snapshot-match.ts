/** Snapshots of a watch against the state at their zxid. */
import type { WatchEvent } from '@quorate/core';
import type { WatchRecord } from '../../history/watch-record.ts';
import { znodeProblem } from '../index-guided/answers.ts';
import type { ModelTree } from '../model/model-tree.ts';
import type { Problem } from './changes-match.ts';
import { isInScope, pathsInScope, scopeOf } from './scope.ts';

/** All pages of one snapshot that were pulled. */
export interface SeenSnapshot {
  readonly watch: WatchRecord;
  readonly zxid: number;
  readonly events: readonly WatchEvent[];
  /** The final page was pulled too. */
  readonly isComplete: boolean;
}

export function snapshotsOf(watch: WatchRecord): readonly SeenSnapshot[] {
  const snapshots: SeenSnapshot[] = [];
  let pages: WatchEvent[] | undefined;
  for (const [at, { batch }] of watch.batches.entries()) {
    if (batch.kind !== 'snapshot') continue;
    pages = [...(pages ?? []), ...batch.events];
    const next = watch.batches[at + 1]?.batch;
    const isCut = next?.kind !== 'snapshot' || next.zxid !== batch.zxid;
    if (!batch.last && !isCut) continue;
    snapshots.push({ watch, zxid: batch.zxid, events: pages, isComplete: batch.last });
    pages = undefined;
  }
  return snapshots;
}

/** Ask when the tree is at the snapshot's zxid. */
export function snapshotProblem(
  { watch, events, isComplete }: SeenSnapshot,
  tree: ModelTree,
): Problem | undefined {
  const scope = scopeOf(watch);
  const paths = pathsInScope(tree, scope);
  for (const [at, event] of events.entries()) {
    if (!isInScope(event.path, scope)) {
      return { rule: 'WatchFilter', problem: `${event.path} is outside of its scope` };
    }
    if (event.kind !== 'present' || event.path !== paths[at] || event.stat === undefined) {
      const problem = `expected ${paths[at] ?? 'no more znodes'}, found ${event.kind} ${event.path}`;
      return { rule: 'WatchBookmarkable', problem };
    }
    const seen = { value: event.value ?? null, stat: event.stat };
    const problem = znodeProblem(seen, tree.view(event.path), event.path);
    if (problem !== undefined) return { rule: 'WatchBookmarkable', problem };
  }
  if (!isComplete || events.length === paths.length) return undefined;
  return { rule: 'WatchBookmarkable', problem: `${paths[events.length]} is missing in the snapshot` };
}
