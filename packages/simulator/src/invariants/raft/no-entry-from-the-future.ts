/**
 * NoEntryFromTheFuture: no log holds an entry of a later term than its peer's own, in memory or on disk.
 *
 * Source: Raft thesis 3.3; openraft's check of the same name.
 * Boundaries: a batch brings its hard state before its entries. On disk it matters most: a restart would find a log
 * that is ahead of its term, and might vote in a term of which it already has entries.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const noEntryFromTheFuture: Invariant = {
  name: 'NoEntryFromTheFuture',
  statement: 'No peer holds an entry of a term that it has not reached.',
  source: 'Raft thesis 3.3',
  watch({ disks }): InvariantWatch {
    return {
      stepped({ peer, output, after }) {
        for (const { batch } of output.persists) {
          const last = batch.entries?.at(-1);
          if (last === undefined || last.term <= after.term) continue;
          throw new InvariantBroken('NoEntryFromTheFuture', 'an entry is ahead of its peer', {
            member: peer.member,
            term: after.term,
            index: last.index,
            entryTerm: last.term,
          });
        }
      },
      stored({ peer, batch }) {
        const last = batch.entries?.at(-1);
        if (last === undefined) return;
        const term = batch.hardState?.term ?? disks.ofPeer(peer).term;
        if (last.term <= term) return;
        throw new InvariantBroken('NoEntryFromTheFuture', 'a disk holds an entry ahead of its term', {
          member: peer.member,
          term,
          index: last.index,
          entryTerm: last.term,
        });
      },
    };
  },
};
