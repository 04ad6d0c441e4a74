/**
 * HistoryBounded: the history keeps to the ensemble's limits on changes and bytes.
 *
 * Source: limits.ts (historyChangesMax, historyBytesMax); semantics.md, Watches.
 * Boundaries: exactly the limit is allowed; a transaction that exceeds it alone is forgotten at once.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const historyBounded: Invariant = {
  name: 'HistoryBounded',
  statement: 'The history keeps to its limits.',
  source: 'limits.ts; semantics.md, Watches',
  watch(): InvariantWatch {
    return {
      swept({ peers }) {
        for (const { member, replica } of peers) {
          const { machine } = replica;
          const found = machine.transactionsAfter(machine.oldestZxid);
          let changesCount = 0;
          let byteCount = 0;
          for (const { changes } of found === 'compacted' ? [] : found) {
            changesCount += changes.length;
            for (const { before, after } of changes) {
              byteCount += before === undefined ? 0 : before.end - before.start;
              byteCount += after === undefined ? 0 : after.end - after.start;
            }
          }
          const { historyChangesMax, historyBytesMax } = machine.limits;
          if (changesCount <= historyChangesMax && byteCount <= historyBytesMax) continue;
          throw new InvariantBroken('HistoryBounded', 'a history is longer than its limits', {
            member,
            changesCount,
            historyChangesMax,
            byteCount,
            historyBytesMax,
          });
        }
      },
    };
  },
};
