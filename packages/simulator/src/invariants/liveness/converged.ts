/**
 * Converged: after the faults, every member of the core gets to what was committed, and all know the same leader.
 *
 * Source: reliability.md 3.3 (one leader, not joint, equal applied index on all core members).
 * How: what anybody knew as committed at a sweep must be applied by the whole core a while later. So it can be asked
 * while clients go on writing; that states are equal is DigestAgreement's business.
 * Boundaries: right after the healing there is patience; a run that ends before that shows nothing.
 */
import {
  InvariantBroken,
  type Invariant,
  type InvariantWatch,
  type ObservedPeer,
  type WorldView,
} from '../invariant.ts';
import { Patience } from './patience.ts';

export const converged: Invariant = {
  name: 'Converged',
  statement: 'After the faults the whole core gets to what was committed, under one leader.',
  source: 'reliability.md 3.3',
  watch({ commits }): InvariantWatch {
    const patience = new Patience();
    /** What was committed at earlier sweeps. */
    let frontiers: readonly { readonly atMs: number; readonly index: number }[] = [];
    const judge = (view: WorldView): void => {
      if (view.healedAtMs === undefined) return;
      const limitMs = patience.limitMs(view);
      const core = view.peers.filter(({ member }) => view.core.includes(member));
      frontiers = [...frontiers, { atMs: view.nowMs, index: commits.index }];
      const due = frontiers.findLast(({ atMs }) => atMs <= view.nowMs - limitMs);
      if (due !== undefined) frontiers = frontiers.filter(({ atMs }) => atMs >= due.atMs);
      for (const peer of core) {
        const { appliedIndex } = peer.replica.machine;
        if (due === undefined || appliedIndex >= due.index) continue;
        throw new InvariantBroken('Converged', 'a member stays behind', {
          member: peer.member,
          appliedIndex,
          committedIndex: due.index,
          sinceMs: view.nowMs - due.atMs,
        });
      }
      const waitedMs = patience.waited('leaders', agree(core) ? undefined : 'differ', view);
      if (waitedMs <= limitMs) return;
      throw new InvariantBroken('Converged', 'the core does not agree who leads', {
        waitedMs,
        leaders: core.map(({ member, replica: { raft } }) => `${member}: ${raft.leader} in ${raft.term}`),
        isJoint: core.some(({ replica: { raft } }) => raft.membership.outgoing.length > 0),
      });
    };
    return { swept: judge };
  },
};

function agree(core: readonly ObservedPeer[]): boolean {
  const leaders = core.map(({ replica: { raft } }) => {
    const isJoint = raft.membership.outgoing.length > 0;
    return raft.leader === undefined || isJoint ? undefined : `${raft.leader} ${raft.term}`;
  });
  return leaders.every((leader) => leader !== undefined && leader === leaders[0]);
}
