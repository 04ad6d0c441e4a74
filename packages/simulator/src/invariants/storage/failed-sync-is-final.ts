/**
 * FailedSyncIsFinal: when a sync has failed, the storage confirms no write any more until it is opened again.
 *
 * Source: the storage port (core/src/ports/storage.ts: a rejected promise poisons the storage); Rebello et al., "Can
 * Applications Recover from fsync Failures?", ATC 2020; catalogue B45.
 * Why it matters: the system may have marked clean what it could not write, so a sync that is passed over, or that a
 * retry seems to repair, has lost bytes that nobody will miss before the power goes.
 * Boundaries: syncs while a storage opens are not heard of here; DurableIsFound asks for what such an opening has told.
 * A write that is confirmed before its process hears of the failure was durable.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const failedSyncIsFinal: Invariant = {
  name: 'FailedSyncIsFinal',
  statement: 'After a sync that failed a storage confirms nothing until it is opened again.',
  source: 'ports/storage.ts; ATC 2020',
  watch(): InvariantWatch {
    /** Lives whose storage may confirm nothing any more. */
    const poisoned = new Set<number>();
    return {
      syncFailed({ life }) {
        poisoned.add(life);
      },
      stored({ peer: { member, life }, batch }) {
        if (!poisoned.has(life)) return;
        throw new InvariantBroken(
          'FailedSyncIsFinal',
          'a storage confirms a write although a sync of it has failed',
          { member, life, batch },
        );
      },
      crashed({ life }) {
        poisoned.delete(life);
      },
    };
  },
};
