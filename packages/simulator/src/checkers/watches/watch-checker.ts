/**
 * Watches against the replayed log. The names are those of the guarantees that etcd checks (its robustness tests),
 * with our meanings; semantics.md, Watches, says the same in prose:
 *
 * - Ordered: batches come with growing zxids, events within one in the order of their operations.
 * - Unique: nothing comes twice.
 * - Atomic: one batch holds all events of one transaction.
 * - Reliable: nothing in the scope is left out, and each event tells what really happened.
 * - Resumable: with `from`, the first batch is the first one after it.
 * - Bookmarkable: a snapshot is exactly the state at its zxid, so nothing before it is owed any more.
 * - PrevKV: `previous` is the value before. IsCreate: `created` exactly if there was none.
 * - Filter: nothing outside of the scope.
 * - BeforeData: what a read or write of the session reflects is in the queue before that is answered.
 */
import type { Entry } from '@quorate/core/ports';
import type { OperationRecord } from '../../history/operation.ts';
import type { WatchRecord } from '../../history/watch-record.ts';
import { ModelEnsemble } from '../model/model-ensemble.ts';
import { violation, valid, worst, type Verdict } from '../verdict.ts';
import { changesProblem, type Problem } from './changes-match.ts';
import { checkBeforeData } from './before-data.ts';
import { changesInScope, scopeOf, type ScopedChanges } from './scope.ts';
import { snapshotProblem, snapshotsOf, type SeenSnapshot } from './snapshot-match.ts';

/** What a run left behind, with its watches. */
export interface WatchedRun {
  readonly watches: readonly WatchRecord[];
  readonly operations: readonly OperationRecord[];
  /** Every committed entry from index 1 on, without a gap. */
  readonly log: readonly Entry[];
}

/** Judges every stream of a run; see the file's comment. */
export function checkWatches({ watches, operations, log }: WatchedRun): Verdict {
  const model = new ModelEnsemble();
  const snapshots = new Map<number, SeenSnapshot[]>();
  for (const watch of watches) {
    for (const snapshot of snapshotsOf(watch)) {
      const others = snapshots.get(snapshot.zxid);
      if (others === undefined) snapshots.set(snapshot.zxid, [snapshot]);
      else others.push(snapshot);
    }
  }
  const transactions: ScopedChanges[] = [];
  let wrong: Verdict = worst(judgeSnapshots(snapshots, 0, model));
  for (const { zxid, changes } of model.apply(log)) {
    if (changes.length > 0) transactions.push({ zxid, changes });
    if (wrong.kind === 'valid') wrong = worst(judgeSnapshots(snapshots, zxid, model));
  }
  if (wrong.kind === 'violation') return wrong;
  const bySession = answeredBySession(operations);
  return worst(
    watches.map((watch) => {
      const owed = changesInScope(transactions, scopeOf(watch));
      const verdict = checkStream(watch, owed, model.zxid);
      return verdict.kind === 'valid'
        ? checkBeforeData(watch, owed, bySession.get(watch.session) ?? [])
        : verdict;
    }),
  );
}

/** Operations that were answered from a known state. */
function answeredBySession(
  operations: readonly OperationRecord[],
): ReadonlyMap<string, readonly OperationRecord[]> {
  const bySession = new Map<string, OperationRecord[]>();
  for (const operation of operations) {
    if (operation.trace.zxid === undefined) continue;
    const others = bySession.get(operation.session);
    if (others === undefined) bySession.set(operation.session, [operation]);
    else others.push(operation);
  }
  return bySession;
}

function judgeSnapshots(
  snapshots: ReadonlyMap<number, readonly SeenSnapshot[]>,
  zxid: number,
  { tree }: ModelEnsemble,
): readonly Verdict[] {
  return (snapshots.get(zxid) ?? []).map((snapshot) => {
    const problem = snapshotProblem(snapshot, tree);
    return problem === undefined ? valid : accuse(snapshot.watch, problem, zxid);
  });
}

/** What one consumer pulled, batch after batch. */
function checkStream(watch: WatchRecord, owed: readonly ScopedChanges[], lastZxid: number): Verdict {
  const { from, overflow } = watch.options;
  let position = from === undefined ? 0 : firstAfter(owed, from);
  let zxid = from;
  let isPaging = false;
  for (const [at, { batch }] of watch.batches.entries()) {
    if (batch.zxid > lastZxid) {
      return accuse(watch, { rule: 'WatchOrdered', problem: 'it was never committed' }, batch.zxid);
    }
    if (batch.kind === 'snapshot') {
      const mayBegin = (at === 0 && from === undefined) || overflow === 'resync';
      if (!isPaging && !mayBegin) {
        return accuse(watch, { rule: 'WatchUnique', problem: 'a snapshot that nobody owes' }, batch.zxid);
      }
      if (zxid !== undefined && batch.zxid < zxid) {
        return accuse(watch, { rule: 'WatchOrdered', problem: `it follows zxid ${zxid}` }, batch.zxid);
      }
      isPaging = !batch.last;
      zxid = batch.zxid;
      position = firstAfter(owed, zxid);
      continue;
    }
    if (zxid === undefined || isPaging) {
      return accuse(
        watch,
        { rule: 'WatchBookmarkable', problem: 'changes before the snapshot ended' },
        batch.zxid,
      );
    }
    const problem = changesProblem(watch, batch, { owed, position, lastZxid: zxid });
    if (problem !== undefined) return accuse(watch, problem, batch.zxid);
    zxid = batch.zxid;
    position += 1;
  }
  return valid;
}

/** Position of the first that comes after a zxid. */
function firstAfter(owed: readonly ScopedChanges[], zxid: number): number {
  const position = owed.findIndex((each) => each.zxid > zxid);
  return position < 0 ? owed.length : position;
}

function accuse(watch: WatchRecord, { rule, problem }: Problem, zxid: number): Verdict {
  const { scope = 'node' } = watch.options;
  const about = `watch ${watch.id} of ${watch.client} (session ${watch.session}) on ${scope} ${watch.path}`;
  return violation(rule, `${about}, batch at zxid ${zxid}: ${problem}`, [watch.id]);
}
