/**
 * MonotonicMatch: what a leader knows to be durable at a follower never falls within its leadership.
 *
 * Source: Raft thesis figure 3.1 (matchIndex increases monotonically).
 * Boundaries: another incarnation of the follower has lost everything and begins at 0; late answers of the old one
 * may come between its own. Only the follower that has just answered is looked at.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';

interface Match {
  readonly term: number;
  readonly incarnation: number;
  readonly matchIndex: number;
}

export const monotonicMatch: Invariant = {
  name: 'MonotonicMatch',
  statement: "A follower's match index never falls within a leadership.",
  source: 'Raft thesis figure 3.1',
  watch(): InvariantWatch {
    const matches = new WeakMap<ObservedPeer, Map<string, Match>>();
    return {
      stepped({ peer, input, after }) {
        if (after.role !== 'leader' || input?.kind !== 'message') return;
        const { message } = input;
        if (message.kind !== 'append-reply' && message.kind !== 'install-snapshot-reply') return;
        const view = peer.replica.raft.progressOf(message.from);
        if (view === undefined || message.term !== after.term) return;
        let known = matches.get(peer);
        if (known === undefined) matches.set(peer, (known = new Map()));
        const before = known.get(message.from);
        const { incarnation } = message;
        known.set(message.from, { term: after.term, incarnation, matchIndex: view.matchIndex });
        if (before?.term !== after.term || before.incarnation !== incarnation) return;
        if (view.matchIndex >= before.matchIndex) return;
        throw new InvariantBroken('MonotonicMatch', 'a match index went back', {
          leader: peer.member,
          follower: message.from,
          before: before.matchIndex,
          after: view.matchIndex,
        });
      },
    };
  },
};
