/**
 * OnlyTheHolderActs: after a resumption the requests of an earlier holder are refused, and a resumption takes a session
 * only from the holder that it names.
 *
 * Source: semantics.md, Sessions (resumption).
 * How: the holder is followed from the answers of openings and resumptions in the order of the log. The batches of a
 * session that was resumed are read from the log: whoever does not hold it must have been refused.
 * Boundaries: a resumption that arrives twice is answered twice and changes nothing. The entry with a resumption may
 * hold batches of the holders before and after it. A session that was opened before anybody watched is taken as it
 * comes.
 */
import { type AppliedItem, decodeBatch, isSystemBatch, splitBatches } from '@quorate/core/inspect';
import type { Entry } from '@quorate/core/ports';
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { systemOpsOf } from './system-ops.ts';

export const onlyTheHolderActs: Invariant = {
  name: 'OnlyTheHolderActs',
  statement: 'After a resumption only the new holder of a session acts in it.',
  source: 'semantics.md, Sessions',
  watch({ fresh }): InvariantWatch {
    const holders = new Map<number, number>();
    /** Sessions that somebody has resumed: few, and only their batches are read. */
    const resumed = new Set<number>();
    const judge = (items: readonly AppliedItem[], entry: Entry): void => {
      const before = new Map(holders);
      follow(items, entry, holders, resumed);
      const touched = items.filter((item) => item.kind === 'replies' && resumed.has(item.sessionId));
      if (touched.length === 0) return;
      for (const { sessionId, holder } of sessionBatchesOf(entry)) {
        if (!resumed.has(sessionId) || holder === before.get(sessionId)) continue;
        if (holder === (holders.get(sessionId) ?? holder) || isRefused(items, sessionId, holder)) continue;
        const facts = { index: entry.index, sessionId, holder, expected: holders.get(sessionId) };
        throw new InvariantBroken('OnlyTheHolderActs', 'an earlier holder acts in a session', facts);
      }
    };
    return {
      stepped({ peer, output }) {
        for (const { items, index } of output.applied) {
          if (index <= fresh.index || !items.some(isOfInterest)) continue;
          judge(items, peer.replica.raft.entryAt(index));
        }
      },
    };

    function isOfInterest(item: AppliedItem): boolean {
      return item.kind === 'system' || (item.kind === 'replies' && resumed.has(item.sessionId));
    }
  },
};

/** Takes openings, resumptions and ends of an entry into account; throws for a resumption that names another holder. */
function follow(
  items: readonly AppliedItem[],
  entry: Entry,
  holders: Map<number, number>,
  resumed: Set<number>,
): void {
  const ops = systemOpsOf(entry);
  let at = 0;
  for (const item of items) {
    if (item.kind === 'session-ended') {
      holders.delete(item.sessionId);
      resumed.delete(item.sessionId);
    }
    if (item.kind !== 'system') continue;
    const op = ops[at];
    at += 1;
    const { result } = item.reply;
    if (result.kind !== 'session') continue;
    const { sessionId, holder } = result;
    const before = holders.get(sessionId);
    holders.set(sessionId, holder);
    if (op?.kind !== 'resume-session') continue;
    resumed.add(sessionId);
    if (before === undefined || before === holder || op.heldBy === before) continue;
    const facts = { index: entry.index, sessionId, holder, before, heldBy: op.heldBy };
    throw new InvariantBroken('OnlyTheHolderActs', 'a session was taken from a later holder', facts);
  }
}

function isRefused(items: readonly AppliedItem[], sessionId: number, holder: number): boolean {
  return items.some(
    (item) => item.kind === 'refused' && item.sessionId === sessionId && item.holder === holder,
  );
}

function sessionBatchesOf({
  kind,
  body,
}: Entry): readonly { readonly sessionId: number; readonly holder: number }[] {
  if (kind !== 'commands') return [];
  const batches: { sessionId: number; holder: number }[] = [];
  for (const { start, end } of splitBatches(body)) {
    if (isSystemBatch(body, start)) continue;
    const batch = decodeBatch(body, start, end);
    if (batch?.kind === 'session') batches.push(batch);
  }
  return batches;
}
