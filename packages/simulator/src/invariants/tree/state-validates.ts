/**
 * StateValidates: everything that a replica derives from its log and its records agrees with them.
 *
 * Source: style.md 20 (state types have validate()).
 * How: the replica's own `validate`, at sweeps: it costs as much as the state is large.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import { InTurn } from '../in-turn.ts';

export const stateValidates: Invariant = {
  name: 'StateValidates',
  statement: 'What a replica derives from its state agrees with it.',
  source: 'style.md, 20',
  watch(): InvariantWatch {
    const inTurn = new InTurn();
    return {
      swept({ peers }) {
        for (const peer of inTurn.next(peers)) judge(peer);
      },
      ended({ peers }) {
        for (const peer of peers) judge(peer);
      },
    };
  },
};

function judge({ member, replica }: ObservedPeer): void {
  try {
    replica.validate();
  } catch (error) {
    throw new InvariantBroken('StateValidates', String(error), { member });
  }
}
