/**
 * QueueBounds: a replica keeps nothing for callers who were answered or have left.
 *
 * Source: style.md 15 (every queue has a bound); catalogue B58 (callers without a majority come and go).
 * How: reads and watches are counted from what goes in and comes out; the replica must not hold more.
 * Boundaries: a watch that could not begin (`compacted`, `too-large`) is over. What the sessions may have in flight
 * is their own bound; here it is about what is forgotten.
 */
import {
  InvariantBroken,
  type Invariant,
  type InvariantWatch,
  type ObservedPeer,
  type ObservedStep,
} from '../invariant.ts';

interface Waiting {
  readonly reads: Set<number>;
  readonly watches: Set<number>;
}

export const queueBounds: Invariant = {
  name: 'QueueBounds',
  statement: 'A replica keeps nothing for callers who were answered or have left.',
  source: 'style.md, 15',
  watch(): InvariantWatch {
    const all = new WeakMap<ObservedPeer, Waiting>();
    return {
      opened(peer) {
        all.set(peer, { reads: new Set(), watches: new Set() });
      },
      stepped(step) {
        const waiting = all.get(step.peer);
        if (waiting !== undefined) follow(waiting, step);
      },
      swept({ peers }) {
        for (const peer of peers) {
          const { replica } = peer;
          const { reads, watches } = all.get(peer) ?? { reads: new Set(), watches: new Set() };
          const isBounded =
            replica.pendingReadsCount <= reads.size + watches.size && replica.watchesCount <= watches.size;
          if (isBounded) continue;
          throw new InvariantBroken('QueueBounds', 'a replica keeps what nobody waits for', {
            member: peer.member,
            pendingReads: replica.pendingReadsCount,
            watches: replica.watchesCount,
            readsAsked: reads.size,
            watchesAsked: watches.size,
          });
        }
      },
    };
  },
};

function follow({ reads, watches }: Waiting, { input, output }: ObservedStep): void {
  switch (input?.kind) {
    case 'read':
      reads.add(input.request.id);
      break;
    case 'cancel-read':
      reads.delete(input.id);
      break;
    case 'watch':
      watches.add(input.request.id);
      break;
    case 'unwatch':
      watches.delete(input.id);
      break;
    default:
  }
  for (const { id } of output.reads) reads.delete(id);
  for (const { kind, id } of output.watches) {
    if (kind === 'compacted' || kind === 'too-large') watches.delete(id);
  }
}
