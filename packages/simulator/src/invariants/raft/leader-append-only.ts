/**
 * LeaderAppendOnly: a leader never overwrites or deletes entries of its own log; it only appends.
 *
 * Source: Raft thesis 3.5 and figure 3.2.
 * Boundaries: compaction behind a snapshot is no deletion, the entries live on in it. A step that ends the
 * leadership may truncate, and so may the step of the election, before which the peer was no leader.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const leaderAppendOnly: Invariant = {
  name: 'LeaderAppendOnly',
  statement: 'A leader only appends to its log.',
  source: 'Raft thesis 3.5, figure 3.2',
  watch(): InvariantWatch {
    return {
      stepped({ peer, before, after, output }) {
        if (before.role !== 'leader' || after.role !== 'leader') return;
        const facts = { member: peer.member, term: after.term, lastIndex: after.lastIndex };
        if (after.lastIndex < before.lastIndex) {
          throw new InvariantBroken('LeaderAppendOnly', "a leader's log became shorter", {
            ...facts,
            lastIndexBefore: before.lastIndex,
          });
        }
        for (const { batch } of output.persists) {
          if (batch.truncateFrom === undefined && batch.install === undefined) continue;
          throw new InvariantBroken('LeaderAppendOnly', 'a leader removes entries from its disk', {
            ...facts,
            truncateFrom: batch.truncateFrom,
            install: batch.install?.index,
          });
        }
      },
    };
  },
};
