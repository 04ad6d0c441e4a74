/**
 * SilentLeaderIsReplaced: a voter that hears no leader of its own term, and gives nobody its vote, campaigns within
 * two election time-outs.
 *
 * Source: Raft thesis 3.4 (a follower that is not heard from begins an election); catalogue B11 (the words of a
 * deposed leader put elections off).
 * How: counted in the ticks that the peer itself was given, as its timers count them.
 * Boundaries: the time-out is drawn, from one to two election time-outs. Who may not campaign (not admitted, no
 * voter, no room on its disk) waits. What a broken connection to the leader left on its way counts here as heard:
 * so this asks for less than the peer promises.
 */
import type { ReplicaMessage } from '@quorate/core/inspect';
import {
  InvariantBroken,
  type Invariant,
  type InvariantWatch,
  type ObservedPeer,
  type ObservedStep,
} from '../invariant.ts';
import { timerTicks } from './timer-ticks.ts';

interface Silence {
  ticks: number;
  isStorageFull: boolean;
}

export const silentLeaderIsReplaced: Invariant = {
  name: 'SilentLeaderIsReplaced',
  statement: 'A voter that hears no leader campaigns within two election time-outs.',
  source: 'Raft thesis 3.4',
  watch(): InvariantWatch {
    const silences = new WeakMap<ObservedPeer, Silence>();
    return {
      stepped(step) {
        const { peer, input, after } = step;
        let silence = silences.get(peer);
        if (silence === undefined) silences.set(peer, (silence = { ticks: 0, isStorageFull: false }));
        if (input?.kind === 'storage') silence.isStorageFull = input.full;
        if (endsSilence(step)) {
          // Also the tick in which a leader steps down: what it counts belongs to the time before.
          silence.ticks = 0;
          return;
        }
        if (input?.kind !== 'tick' || silence.isStorageFull) return;
        const { config, raft } = peer.replica;
        if (!raft.admitted || !raft.membership.voters.includes(peer.member)) silence.ticks = 0;
        const { electionTicks } = config.raft;
        silence.ticks += timerTicks(input, electionTicks);
        if (after.role !== 'follower') silence.ticks = 0;
        if (silence.ticks < 2 * electionTicks) return;
        throw new InvariantBroken('SilentLeaderIsReplaced', 'a voter waits for a leader that is silent', {
          member: peer.member,
          term: after.term,
          leader: after.leader,
          ticks: silence.ticks,
          electionTicks,
        });
      },
    };
  },
};

/** A leader of the peer's own term speaks, or the peer does something about it, or votes. */
function endsSilence({ input, output, before, after }: ObservedStep): boolean {
  if (after.role !== 'follower' || before.role !== 'follower') return true;
  if (input?.kind !== 'message') return input?.kind === 'storage';
  const { message } = input;
  if (message.kind === 'append' || message.kind === 'install-snapshot') return message.term === after.term;
  return message.kind === 'vote' && [...output.sendNow, ...output.sendAfterPersist].some(grantsVote);
}

function grantsVote(message: ReplicaMessage): boolean {
  return message.kind === 'vote-reply' && message.granted;
}
