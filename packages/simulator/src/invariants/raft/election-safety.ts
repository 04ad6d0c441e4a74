/**
 * ElectionSafety: at most one peer leads in a term.
 *
 * Source: Raft thesis 3.4 and figure 3.2.
 * Boundaries: a life, not a member, is what may lead a term: a peer that was restarted has forgotten that it led,
 * so its next leadership needs a later term. Two leaders at one time are fine, if their terms differ. A leader that
 * stepped down within the step of its election shows itself by what it sends.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';

export const electionSafety: Invariant = {
  name: 'ElectionSafety',
  statement: 'At most one peer leads in a term.',
  source: 'Raft thesis 3.4, figure 3.2',
  watch(): InvariantWatch {
    const leaders = new Map<number, ObservedPeer>();
    const claim = (peer: ObservedPeer, term: number): void => {
      const known = leaders.get(term);
      if (known === undefined) leaders.set(term, peer);
      else if (known.life !== peer.life) {
        throw new InvariantBroken('ElectionSafety', 'two peers lead in one term', {
          term,
          first: known.member,
          firstLife: known.life,
          second: peer.member,
          secondLife: peer.life,
        });
      }
    };
    return {
      stepped({ peer, before, after }) {
        if (after.role !== 'leader') return;
        if (before.role !== 'leader' || before.term !== after.term) claim(peer, after.term);
      },
      sent({ peer, message }) {
        const { kind } = message;
        if (kind === 'append' || kind === 'install-snapshot' || kind === 'timeout-now')
          claim(peer, message.term);
      },
    };
  },
};
