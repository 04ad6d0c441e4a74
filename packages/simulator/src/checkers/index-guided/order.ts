/**
 * The order of the log against the orders that clients know: real time, and the order of each session.
 *
 * Real time: what returned before something was called must come before it, for writes and linearizable reads
 * (Herlihy and Wing, Linearizability, TOPLAS 1990). A session read may be older than what others have seen.
 * Session: all calls of a session take effect in the order in which they were made, reads as well as writes.
 */
import { describeOperation, type OperationRecord } from '../../history/operation.ts';
import { valid, violation, type Verdict } from '../verdict.ts';
import type { PlacedOperation } from './placement.ts';

/** Whether an operation must see everything that returned before it was called. */
function isOrderedByTime({ operation, isWrite }: PlacedOperation): boolean {
  const { call } = operation;
  if (isWrite || call.kind === 'sync') return true;
  return 'options' in call && 'consistency' in call.options && call.options.consistency === 'linearizable';
}

/** See the file's comment. */
export function checkRealTime(placed: readonly PlacedOperation[]): Verdict {
  const known = placed.filter((each): each is Known => each.zxid !== undefined);
  const returned = known.filter(({ operation }) => isDefinite(operation));
  returned.sort((a, b) => a.operation.returnedAt - b.operation.returnedAt);
  const called = known.filter(isOrderedByTime).sort((a, b) => a.operation.calledAt - b.operation.calledAt);
  let next = 0;
  let newest: Known | undefined;
  for (const each of called) {
    for (let before = returned[next]; before !== undefined; before = returned[next]) {
      if (before.operation.returnedAt >= each.operation.calledAt) break;
      if (newest === undefined || before.zxid > newest.zxid) newest = before;
      next += 1;
    }
    if (newest === undefined || isAfter(each, newest)) continue;
    return broken(
      'Linearizable',
      'this one began after the other one had returned, and took effect before it',
      {
        accused: each,
        earlier: newest,
      },
    );
  }
  return valid;
}

/** See the file's comment. */
export function checkSessionOrder(placed: readonly PlacedOperation[]): Verdict {
  const newestOf = new Map<string, Known>();
  const inOrder = placed.filter((each): each is Known => each.zxid !== undefined);
  inOrder.sort((a, b) => a.operation.calledAt - b.operation.calledAt);
  for (const each of inOrder) {
    const { session, call } = each.operation;
    // It reads in its place and writes when its recipe has run.
    if (call.kind === 'update') continue;
    const newest = newestOf.get(session);
    if (newest !== undefined && !isAfter(each, newest)) {
      const rule = newest.isWrite && !each.isWrite ? 'ReadYourWrites' : 'SessionSequential';
      return broken(
        rule,
        'this one was called after the other one of its session, and took effect before it',
        {
          accused: each,
          earlier: newest,
        },
      );
    }
    if (newest === undefined || each.zxid > newest.zxid) newestOf.set(session, each);
  }
  return valid;
}

type Known = PlacedOperation & { readonly zxid: number };

/** A write has a zxid of its own; a read may be answered from the state that the earlier one left or saw. */
function isAfter(later: Known, earlier: Known): boolean {
  return later.isWrite ? later.zxid > earlier.zxid : later.zxid >= earlier.zxid;
}

/** Its client learnt of the answer: of a call that was given up, nobody knows what the answer was. */
function isDefinite({ returnedAt, trace }: OperationRecord): boolean {
  return returnedAt < Infinity && trace.answeredAt <= returnedAt;
}

function broken(
  rule: string,
  problem: string,
  { accused, earlier }: { readonly accused: Known; readonly earlier: Known },
): Verdict {
  const lines = [problem, describeOperation(accused.operation), describeOperation(earlier.operation)];
  return violation(rule, lines.join('\n'), [accused.operation.id, earlier.operation.id]);
}
