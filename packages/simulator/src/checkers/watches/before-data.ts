/**
 * Before a read or a write of a session is answered with a change, that change is in the queue of the session's
 * streams: whoever keeps a cache by a watch never reads something newer than what the cache will show next.
 */
import { describeOperation, type OperationRecord } from '../../history/operation.ts';
import type { RecordedDelivery, WatchRecord } from '../../history/watch-record.ts';
import { valid, violation, type Verdict } from '../verdict.ts';
import type { ScopedChanges } from './scope.ts';

/** `operations` are those of the watch's session that were answered. */
export function checkBeforeData(
  watch: WatchRecord,
  owed: readonly ScopedChanges[],
  operations: readonly OperationRecord[],
): Verdict {
  // A queue that was full dropped what it held, and that is told in another way.
  if (watch.options.overflow === 'resync') return valid;
  const first = watch.deliveries[0];
  const start = watch.options.from ?? first?.zxid;
  // Nothing ever came: there is nothing that could have come late.
  if (start === undefined) return valid;
  for (const operation of operations) {
    const { calledAt, trace } = operation;
    if (trace.zxid === undefined || calledAt < watch.calledAt || trace.answeredAt >= watch.endedAt) continue;
    const needed = lastThrough(owed, trace.zxid);
    if (needed === undefined || needed <= start) continue;
    const delivered = deliveredBefore(watch.deliveries, trace.answeredAt);
    if (delivered !== undefined && delivered >= needed) continue;
    const problem = `the change at zxid ${needed} was not in the queue of watch ${watch.id} when this was answered`;
    return violation('WatchBeforeData', `${problem}\n${describeOperation(operation)}`, [
      watch.id,
      operation.id,
    ]);
  }
  return valid;
}

/** The last zxid that is owed up to this one. */
function lastThrough(owed: readonly ScopedChanges[], zxid: number): number | undefined {
  let low = 0;
  let high = owed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((owed[middle]?.zxid ?? 0) <= zxid) low = middle + 1;
    else high = middle;
  }
  return owed[low - 1]?.zxid;
}

function deliveredBefore(deliveries: readonly RecordedDelivery[], at: number): number | undefined {
  let low = 0;
  let high = deliveries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((deliveries[middle]?.at ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return deliveries[low - 1]?.zxid;
}
