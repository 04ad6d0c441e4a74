/**
 * LeaderHasQuorum: a leader that a majority has not answered for two election time-outs leads no more.
 *
 * Source: Raft thesis 6.2 (a leader steps down when it cannot reach a majority); catalogue B07.
 * How: counted in the ticks that the leader itself was given, each as one however many it stands for: after a stall
 * a leader first hears what has arrived meanwhile. One time-out is what it promises, the other one is for answers
 * that come in between.
 * Boundaries: every answer of a voter in the leader's term counts here, also of an incarnation that the leader must
 * not count; so this asks for less than the leader promises.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import { hasMajority } from './quorum.ts';

/** One leadership, in the leader's ticks. */
interface Heard {
  readonly term: number;
  ticks: number;
  readonly byMember: Map<string, number>;
}

export const leaderHasQuorum: Invariant = {
  name: 'LeaderHasQuorum',
  statement: 'A leader that no majority answers steps down.',
  source: 'Raft thesis 6.2',
  watch(): InvariantWatch {
    const leaderships = new WeakMap<ObservedPeer, Heard>();
    return {
      stepped({ peer, input, after }) {
        if (after.role !== 'leader') return;
        let heard = leaderships.get(peer);
        if (heard === undefined || heard.term !== after.term) {
          heard = { term: after.term, ticks: 0, byMember: new Map() };
          leaderships.set(peer, heard);
        }
        if (input?.kind === 'message' && 'term' in input.message && input.message.term === after.term) {
          heard.byMember.set(input.message.from, heard.ticks);
        }
        if (input?.kind !== 'tick') return;
        heard.ticks += 1;
        const { config, raft } = peer.replica;
        const since = heard.ticks - 2 * config.raft.electionTicks;
        const { byMember } = heard;
        const answers = (voter: string): boolean =>
          voter === peer.member || (byMember.get(voter) ?? 0) >= since;
        if (since <= 0 || hasMajority(raft.membership, answers)) return;
        throw new InvariantBroken('LeaderHasQuorum', 'a leader goes on although nobody answers', {
          member: peer.member,
          term: after.term,
          ticks: heard.ticks,
          electionTicks: config.raft.electionTicks,
          answered: Object.fromEntries(byMember),
        });
      },
    };
  },
};
