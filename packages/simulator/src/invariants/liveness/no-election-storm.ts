/**
 * NoElectionStorm: once the core has settled, leaders do not change more than once a minute.
 *
 * Source: reliability.md 3.3; catalogue B08 (members that were cut off disturb the others).
 * Boundaries: a transfer that somebody asked for is no storm. Members outside of the core may still be ill; they
 * must not depose anybody.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { Patience } from './patience.ts';

const minuteMs = 60_000;

export const noElectionStorm: Invariant = {
  name: 'NoElectionStorm',
  statement: 'After the faults leaders change at most once a minute.',
  source: 'reliability.md 3.3',
  watch(): InvariantWatch {
    const patience = new Patience();
    /** Elections since the core has settled that nobody asked for. */
    let elections: readonly { readonly atMs: number; readonly member: string; readonly term: number }[] = [];
    let transfersAsked = 0;
    return {
      stepped({ peer, input, before, after }, view) {
        if (input?.kind === 'transfer') transfersAsked += 1;
        if (after.role !== 'leader' || (before.role === 'leader' && before.term === after.term)) return;
        if (view.healedAtMs === undefined) return;
        if (view.nowMs - view.healedAtMs <= patience.limitMs(view)) return;
        if (transfersAsked > 0) {
          transfersAsked -= 1;
          return;
        }
        const election = { atMs: view.nowMs, member: peer.member, term: after.term };
        elections = [...elections.filter(({ atMs }) => view.nowMs - atMs < minuteMs), election];
        if (elections.length <= 1) return;
        throw new InvariantBroken('NoElectionStorm', 'leaders change although nothing is wrong', {
          elections,
          healedAtMs: view.healedAtMs,
        });
      },
    };
  },
};
