/**
 * SequenceNamesUnique: the number of a sequential name is never given twice by one parent, as long as it lives.
 *
 * Source: semantics.md, Tree (sequential: the parent's create counter, never repeated); catalogue B46.
 * How: the create counter rises by one with each creation; and a name that looks sequential and was there before
 * is looked up in the log, whether it was asked for as a sequential one.
 * Boundaries: deleting children gives no number back; a parent that is created again begins at 0. A name with ten
 * digits may be created plainly, as often as one likes.
 */
import { decodeBatch, splitBatches, type Op } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedStep } from '../invariant.ts';
import { ChildrenCounters } from './children-counters.ts';

export const sequenceNamesUnique: Invariant = {
  name: 'SequenceNamesUnique',
  statement: 'A parent gives each sequence number once.',
  source: 'semantics.md, Tree',
  watch(ledger): InvariantWatch {
    const counters = new ChildrenCounters(ledger);
    /** Names that end like sequential ones, with their parent's czxid. */
    const seen = new Set<string>();
    const judgeName = (step: ObservedStep, path: string): void => {
      if (!/\d{10}$/.test(path)) return;
      const parent = path.slice(0, Math.max(1, path.lastIndexOf('/')));
      const czxid = step.peer.replica.machine.tree.read(parent)?.czxid;
      if (czxid === undefined) return;
      const key = `${czxid} ${path}`;
      if (!seen.has(key)) {
        seen.add(key);
        return;
      }
      if (!isAskedSequentially(step, path)) return;
      throw new InvariantBroken('SequenceNamesUnique', 'a sequential name was given twice', {
        member: step.peer.member,
        path,
        parentCzxid: czxid,
      });
    };
    return {
      stepped(step) {
        if (step.after.zxid === step.before.zxid) return;
        for (const { path, record, before, createdCount } of counters.changedIn(step)) {
          if (before === undefined || record.createCount === before.createCount + createdCount) continue;
          throw new InvariantBroken('SequenceNamesUnique', 'a create counter does not count creations', {
            member: step.peer.member,
            path,
            before: before.createCount,
            createdCount,
            actual: record.createCount,
          });
        }
        for (const { changes } of ledger.fresh.transactionsOf(step)) {
          for (const change of changes) if (change.before === undefined) judgeName(step, change.path);
        }
      },
    };
  },
};

/** Whether an entry of this step asks for a sequential name that may have become this path. */
function isAskedSequentially({ peer, before, after }: ObservedStep, path: string): boolean {
  const asks = (op: Op): boolean => {
    if (op.kind === 'multi') return op.ops.some(asks);
    return op.kind === 'create' && op.sequential && path.startsWith(op.path);
  };
  const { raft } = peer.replica;
  for (
    let index = Math.max(before.appliedIndex + 1, after.firstIndex);
    index <= after.appliedIndex;
    index += 1
  ) {
    const { kind, body } = raft.entryAt(index);
    if (kind !== 'commands') continue;
    for (const { start, end } of splitBatches(body)) {
      const batch = decodeBatch(body, start, end);
      if (batch?.kind === 'session' && batch.ops.some(asks)) return true;
    }
  }
  return false;
}
