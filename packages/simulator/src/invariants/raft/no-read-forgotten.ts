/**
 * NoReadForgotten: every read index that a peer asks for is given or refused, also when the leader that it waited at
 * leads no more.
 *
 * Source: Raft thesis 6.4; semantics.md, Reads (a read waits for a leader, not for ever); catalogue B29.
 * How: ids count up, so one that is passed by later ones was asked for before them. At a leader they are settled in
 * their order; what was sent to a leader or waits for one fails after an election time-out. So an id that is still
 * open an election time-out after a later one was settled is forgotten. Counted as the timers count ticks.
 * Boundaries: the last ids of a life are not missed, because nothing passes them.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import { timerTicks } from './timer-ticks.ts';

interface Reads {
  /** The highest id that was settled. */
  last: number;
  /** Lower ids that are not settled, with the ticks since a higher one was. */
  readonly open: Map<number, number>;
}

export const noReadForgotten: Invariant = {
  name: 'NoReadForgotten',
  statement: 'A read index that is asked for is given or refused.',
  source: 'Raft thesis 6.4; semantics.md, Reads',
  watch(): InvariantWatch {
    const peers = new WeakMap<ObservedPeer, Reads>();
    return {
      stepped({ peer, input, output, after }) {
        let reads = peers.get(peer);
        const { electionTicks } = peer.replica.config.raft;
        if (reads !== undefined && reads.open.size > 0) age(reads, timerTicks(input, electionTicks));
        for (const notice of output.notices) {
          if (notice.kind !== 'read-index' && notice.kind !== 'read-failed') continue;
          if (reads === undefined) peers.set(peer, (reads = { last: 0, open: new Map() }));
          for (const id of notice.ids) settle(reads, id);
        }
        if (reads === undefined || reads.open.size === 0) return;
        for (const [id, ticks] of reads.open) {
          if (ticks < electionTicks) continue;
          throw new InvariantBroken('NoReadForgotten', 'a read was asked for and nobody answers it', {
            member: peer.member,
            role: after.role,
            term: after.term,
            id,
            settled: reads.last,
            ticks,
            electionTicks,
          });
        }
      },
    };
  },
};

function age({ open }: Reads, ticks: number): void {
  if (ticks === 0) return;
  for (const [id, before] of open) open.set(id, before + ticks);
}

function settle(reads: Reads, id: number): void {
  reads.open.delete(id);
  for (let passed = reads.last + 1; passed < id; passed += 1) reads.open.set(passed, 0);
  reads.last = Math.max(reads.last, id);
}
