/**
 * StateValidates: everything that a replica derives from its log and its records agrees with them.
 *
 * Source: style.md 20 (state types have validate()).
 * How: the replica's own `validate`, at sweeps: it costs as much as the state is large.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const stateValidates: Invariant = {
  name: 'StateValidates',
  statement: 'What a replica derives from its state agrees with it.',
  source: 'style.md, 20',
  watch(): InvariantWatch {
    return {
      swept({ peers }) {
        for (const { member, replica } of peers) {
          try {
            replica.validate();
          } catch (error) {
            throw new InvariantBroken('StateValidates', String(error), { member });
          }
        }
      },
    };
  },
};
