/**
 * CversionMonotone: a parent's cversion counts every creation and deletion of a child, once, as long as it lives.
 *
 * Source: ZooKeeper's stat (cversion); semantics.md, Tree.
 * Boundaries: a parent that was deleted and created again begins anew. What is rolled back counts nothing.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { ChildrenCounters } from './children-counters.ts';

export const cversionMonotone: Invariant = {
  name: 'CversionMonotone',
  statement: 'The cversion of a parent counts each change of its children once.',
  source: 'semantics.md, Tree; ZooKeeper',
  watch(ledger): InvariantWatch {
    const counters = new ChildrenCounters(ledger);
    return {
      stepped(step) {
        if (step.after.zxid === step.before.zxid) return;
        for (const { path, record, before, createdCount, deletedCount } of counters.changedIn(step)) {
          if (before === undefined) continue;
          const expected = before.cversion + createdCount + deletedCount;
          if (record.cversion === expected) continue;
          throw new InvariantBroken('CversionMonotone', 'a cversion does not count its children', {
            member: step.peer.member,
            path,
            before: before.cversion,
            createdCount,
            deletedCount,
            expected,
            actual: record.cversion,
          });
        }
      },
    };
  },
};
