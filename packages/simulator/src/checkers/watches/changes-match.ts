/** One batch of changes against the transaction that it should tell. */
import type { WatchBatch, WatchEvent } from '@quorate/core';
import { showPlain } from '../../history/operation.ts';
import type { WatchRecord } from '../../history/watch-record.ts';
import { isStat } from '../index-guided/answers.ts';
import type { ModelChange } from '../model/model-tree.ts';
import { isValue, valueOf } from '../model/model-value.ts';
import { isInScope, scopeOf, type ScopedChanges } from './scope.ts';

/** What is wrong, and which guarantee that breaks. */
export interface Problem {
  readonly rule: string;
  readonly problem: string;
}

/** Where a stream is. */
interface Place {
  /** Everything in its scope, in order. */
  readonly owed: readonly ScopedChanges[];
  /** Of the next one. */
  readonly position: number;
  /** Of the batch before. */
  readonly lastZxid: number;
}

export function changesProblem(watch: WatchRecord, batch: WatchBatch, place: Place): Problem | undefined {
  const { owed, position, lastZxid } = place;
  const expected = owed[position];
  const scope = scopeOf(watch);
  const foreign = batch.events.find(({ path }) => !isInScope(path, scope));
  if (foreign !== undefined)
    return { rule: 'WatchFilter', problem: `${foreign.path} is outside of its scope` };
  if (batch.zxid < lastZxid) return { rule: 'WatchOrdered', problem: `it follows zxid ${lastZxid}` };
  if (batch.zxid === lastZxid) return repeated(batch, owed[position - 1]);
  if (expected === undefined || expected.zxid > batch.zxid) {
    return { rule: 'WatchFilter', problem: 'nothing in the scope changed at this zxid' };
  }
  if (expected.zxid < batch.zxid) {
    const comesLater = watch.batches.some((later) => later.batch.zxid === expected.zxid);
    const isFirst = watch.options.from !== undefined && watch.batches[0]?.batch === batch;
    const problem = `the changes at zxid ${expected.zxid} are missing: ${describeChanges(expected.changes)}`;
    if (comesLater) return { rule: 'WatchOrdered', problem: `zxid ${expected.zxid} comes after it` };
    return { rule: isFirst ? 'WatchResumable' : 'WatchReliable', problem };
  }
  return eventsProblem(batch.events, expected.changes);
}

/** Either the same events again, or the rest of a transaction that was torn. */
function repeated(batch: WatchBatch, previous: ScopedChanges | undefined): Problem {
  const isRest = previous === undefined || eventsProblem(batch.events, previous.changes) !== undefined;
  return isRest
    ? { rule: 'WatchAtomic', problem: 'a second batch of the same transaction' }
    : { rule: 'WatchUnique', problem: 'the same batch again' };
}

function eventsProblem(events: readonly WatchEvent[], changes: readonly ModelChange[]): Problem | undefined {
  if (events.length < changes.length) {
    return { rule: 'WatchAtomic', problem: `expected ${describeChanges(changes)}, some are missing` };
  }
  if (events.length > changes.length) {
    return { rule: 'WatchUnique', problem: `expected ${describeChanges(changes)} and no more` };
  }
  for (const [at, change] of changes.entries()) {
    const event = events[at];
    if (event === undefined) continue;
    if (event.path !== change.path) {
      return { rule: 'WatchOrdered', problem: `expected ${describeChanges(changes)} in this order` };
    }
    const problem = eventProblem(event, change);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function eventProblem(event: WatchEvent, { path, before, after }: ModelChange): Problem | undefined {
  const kind = after === undefined ? 'deleted' : before === undefined ? 'created' : 'changed';
  if (event.kind !== kind) {
    return { rule: 'WatchIsCreate', problem: `${path} was ${kind}, the event says ${event.kind}` };
  }
  const previous = before?.bytes;
  if (previous === undefined ? event.previous !== undefined : !isValue(event.previous ?? null, previous)) {
    const expected = previous === undefined ? 'no value' : showPlain(valueOf(previous));
    return { rule: 'WatchPrevKV', problem: `the value of ${path} before was ${expected}` };
  }
  if (after === undefined ? event.value !== undefined : !isValue(event.value ?? null, after.bytes)) {
    const expected = after === undefined ? 'no value' : showPlain(valueOf(after.bytes));
    return { rule: 'WatchReliable', problem: `${path} has ${expected} after it` };
  }
  const stat = (after ?? before)?.stat;
  if (stat === undefined || event.stat === undefined || !isStat(event.stat, stat)) {
    return { rule: 'WatchReliable', problem: `expected for ${path} the stat ${showPlain(stat)}` };
  }
  return undefined;
}

function describeChanges(changes: readonly ModelChange[]): string {
  return changes.map(({ path, after }) => `${path}${after === undefined ? ' deleted' : ''}`).join(', ');
}
