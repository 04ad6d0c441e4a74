/**
 * ElectionTimeoutsDiffer: election time-outs are drawn anew each time, spread between one and two of them.
 *
 * Source: Raft thesis 3.4 (randomised time-outs); catalogue B08 (all members draw alike, and split their votes).
 * How: whenever a word of the leader begins a new wait, its length is a draw. Of so many in a row, over all peers, not
 * every one may lie in the same eighth: by chance that happens once in 8^15 times.
 * Boundaries: peers may have different time-outs, so the share is compared. A word that begins no new wait (what a
 * broken connection left on its way) is none.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

/** Draws that are looked at together, and parts of a time-out in which each may lie. */
const drawsCount = 16;
const partsCount = 8;

export const electionTimeoutsDiffer: Invariant = {
  name: 'ElectionTimeoutsDiffer',
  statement: 'Election time-outs are spread over a whole election time-out.',
  source: 'Raft thesis 3.4',
  watch(): InvariantWatch {
    let lastPart = -1;
    let inARow = 0;
    return {
      stepped({ peer, input, before, after }) {
        if (input?.kind !== 'message' || input.message.kind !== 'append') return;
        if (after.ticksUntilCampaign === before.ticksUntilCampaign) return;
        if (before.role !== 'follower' || after.role !== 'follower') return;
        const { electionTicks } = peer.replica.config.raft;
        const part = Math.floor(((after.ticksUntilCampaign - electionTicks) * partsCount) / electionTicks);
        inARow = part === lastPart ? inARow + 1 : 1;
        lastPart = part;
        if (inARow < drawsCount) return;
        throw new InvariantBroken('ElectionTimeoutsDiffer', 'the time-outs of elections are all alike', {
          member: peer.member,
          inARow,
          part,
          partsCount,
        });
      },
    };
  },
};
