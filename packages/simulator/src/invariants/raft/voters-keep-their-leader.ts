/**
 * VotersKeepTheirLeader: a request for votes changes nothing at a leader, nor at a voter that has heard its leader
 * within an election time-out, unless the leader itself sent the candidate.
 *
 * Source: Raft thesis 4.2.3; catalogue B06.
 * How: counted in the ticks that the voter itself was given, as its timers count them.
 * Boundaries: a broken connection to the leader ends the protection, and what was sent before it gives none; it
 * begins again with a new connection.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import { timerTicks } from './timer-ticks.ts';

interface Heard {
  ticksAgo: number;
  readonly broken: Set<string>;
}

export const votersKeepTheirLeader: Invariant = {
  name: 'VotersKeepTheirLeader',
  statement: 'A request for votes changes nothing where a leader is heard.',
  source: 'Raft thesis 4.2.3',
  watch(): InvariantWatch {
    const heards = new WeakMap<ObservedPeer, Heard>();
    return {
      stepped({ peer, input, before, after }) {
        if (input === undefined) return;
        const { electionTicks } = peer.replica.config.raft;
        let heard = heards.get(peer);
        if (heard === undefined) heards.set(peer, (heard = { ticksAgo: electionTicks, broken: new Set() }));
        switch (input.kind) {
          case 'tick':
            heard.ticksAgo += timerTicks(input, electionTicks);
            return;
          case 'disconnected':
            heard.broken.add(input.member);
            if (before.leader === input.member) heard.ticksAgo = electionTicks;
            return;
          case 'connected':
            heard.broken.delete(input.member);
            return;
          case 'message':
            break;
          default:
            return;
        }
        const { message } = input;
        if (message.kind === 'append' || message.kind === 'install-snapshot') {
          if (message.term === after.term && !heard.broken.has(message.from)) heard.ticksAgo = 0;
          return;
        }
        if (message.kind !== 'vote' || message.transfer || after.term === before.term) return;
        const isLed = before.leader !== undefined && heard.ticksAgo < electionTicks;
        if (before.role !== 'leader' && !isLed) return;
        throw new InvariantBroken('VotersKeepTheirLeader', 'a candidate deposes a leader that is heard', {
          member: peer.member,
          leader: before.leader,
          candidate: message.from,
          termBefore: before.term,
          term: after.term,
          ticksAgo: heard.ticksAgo,
        });
      },
    };
  },
};
