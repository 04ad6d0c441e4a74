/** What was applied, item by item, at the replica that came to each entry first. */
import type { AppliedItem } from '@quorate/core/inspect';
import type { ObservedStep } from '../invariant.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Calls for every item of an entry that no replica had applied before, in the order of the log. */
export function forEachFreshItem(
  { fresh }: Ledger,
  { output }: ObservedStep,
  visit: (item: AppliedItem, index: number) => void,
): void {
  for (const { items, index } of output.applied) {
    if (index <= fresh.index) continue;
    for (const item of items) visit(item, index);
  }
}
