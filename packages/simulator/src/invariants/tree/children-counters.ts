/**
 * The counters of parents as an invariant expects them: what a creation or a deletion of a child adds to them. Two
 * invariants compare the machine with it (CversionMonotone, SequenceNamesUnique).
 */
import type { Change, ZnodeRecord } from '@quorate/core/inspect';
import type { ObservedStep } from '../invariant.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** A parent whose children changed in a step, and what was known of it before. */
export interface ChangedParent {
  readonly path: string;
  /** As the tree shows it now. */
  readonly record: ZnodeRecord;
  /** Counters at the last look at the same life of the znode; undefined: it was not seen before. */
  readonly before: { readonly cversion: number; readonly createCount: number } | undefined;
  readonly createdCount: number;
  readonly deletedCount: number;
}

export class ChildrenCounters {
  readonly #ledger: Ledger;
  readonly #known = new Map<string, { czxid: number; cversion: number; createCount: number }>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Parents whose children changed in transactions that nobody had applied before. */
  changedIn(step: ObservedStep): readonly ChangedParent[] {
    const { fresh } = this.#ledger;
    if (fresh.hasGap(step)) {
      this.#known.clear();
      return [];
    }
    const transactions = fresh.transactionsOf(step);
    if (transactions.length === 0) return [];
    const counts = new Map<string, { created: number; deleted: number }>();
    for (const { changes } of transactions) for (const change of changes) count(counts, change);
    const changed: ChangedParent[] = [];
    for (const [path, { created, deleted }] of counts) {
      const record = step.peer.replica.machine.tree.read(path);
      if (record === undefined) {
        this.#known.delete(path);
        continue;
      }
      const { czxid, cversion, createCount } = record;
      const known = this.#known.get(path);
      this.#known.set(path, { czxid, cversion, createCount });
      const before = known?.czxid === czxid ? known : undefined;
      changed.push({ path, record, before, createdCount: created, deletedCount: deleted });
    }
    return changed;
  }
}

function count(counts: Map<string, { created: number; deleted: number }>, change: Change): void {
  const { path, before, after } = change;
  if (before !== undefined && after !== undefined) return;
  const parent = path.slice(0, Math.max(1, path.lastIndexOf('/')));
  let known = counts.get(parent);
  if (known === undefined) counts.set(parent, (known = { created: 0, deleted: 0 }));
  if (before === undefined) known.created += 1;
  else known.deleted += 1;
}
