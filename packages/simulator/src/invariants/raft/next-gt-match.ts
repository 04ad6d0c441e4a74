/**
 * NextGtMatch: the next index of a follower lies above its match index, and at most one after the leader's log.
 *
 * Source: Raft thesis figure 3.1; openraft's progress checks.
 * Boundaries: a follower that has everything: next is last + 1. Only the follower that has just answered, and at a
 * sweep all of them.
 */
import type { FollowerView } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const nextGtMatch: Invariant = {
  name: 'NextGtMatch',
  statement: 'match < next <= last + 1 for every follower.',
  source: 'Raft thesis figure 3.1',
  watch(): InvariantWatch {
    const judge = (leader: string, view: FollowerView, lastIndex: number): void => {
      if (view.matchIndex < view.nextIndex && view.nextIndex <= lastIndex + 1) return;
      throw new InvariantBroken('NextGtMatch', 'a follower is expected where it cannot be', {
        leader,
        follower: view.member,
        matchIndex: view.matchIndex,
        nextIndex: view.nextIndex,
        lastIndex,
      });
    };
    return {
      stepped({ peer, input, after }) {
        if (after.role !== 'leader' || input?.kind !== 'message') return;
        if (input.message.kind !== 'append-reply') return;
        const view = peer.replica.raft.progressOf(input.message.from);
        if (view !== undefined) judge(peer.member, view, after.lastIndex);
      },
      swept({ peers }) {
        for (const { member, replica } of peers) {
          for (const view of replica.raft.progress()) judge(member, view, replica.raft.lastIndex);
        }
      },
    };
  },
};
