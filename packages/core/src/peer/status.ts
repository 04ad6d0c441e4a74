/** What a peer tells of itself: one frozen value, made when asked. */
import type { Membership } from '../raft/membership.ts';
import type { Replica } from '../replica/replica.ts';
import type { MemberInfo, PeerStatus } from './peer-types.ts';
import type { Timings } from './timings.ts';

export interface StatusSources {
  readonly replica: Replica;
  readonly id: string;
  readonly ensemble: string;
  readonly incarnation: number;
  readonly role: PeerStatus['role'];
  readonly leader: string | undefined;
  readonly members: readonly MemberInfo[];
  readonly timings: Timings;
  readonly inputs: number;
  readonly persists: number;
  readonly localSessions: number;
  readonly servedSessions: number;
}

export function describePeer(sources: StatusSources): PeerStatus {
  const { replica, id, ensemble, incarnation, role, leader, members } = sources;
  const { raft, machine } = replica;
  return Object.freeze({
    id,
    ensemble,
    identity: raft.membership.identity === '' ? undefined : raft.membership.identity,
    incarnation,
    isAdmitted: raft.admitted,
    role,
    leader,
    term: raft.term,
    zxid: machine.zxid,
    members,
    positions: Object.freeze({
      firstIndex: raft.firstIndex,
      lastIndex: raft.lastIndex,
      commitIndex: raft.commitIndex,
      appliedIndex: machine.appliedIndex,
      snapshotIndex: raft.snapshotIndex,
      durableIndex: raft.durableIndex,
    }),
    queues: Object.freeze({
      inputs: sources.inputs,
      persists: sources.persists,
      reads: replica.pendingReadsCount,
      watches: replica.watchesCount,
      sessions: sources.localSessions,
      servedSessions: sources.servedSessions,
    }),
    znodesCount: machine.tree.size,
    sessionsCount: machine.sessionsCount,
    digest: machine.digest(),
    timings: sources.timings.read(raft.membership.voters.length),
  });
}

export function membersOf(
  membership: Membership,
  health: ReadonlyMap<string, boolean>,
): readonly MemberInfo[] {
  const learners = new Set(membership.learners);
  return Object.freeze(
    Object.entries(membership.members).map(([id, { address }]) =>
      Object.freeze({
        id,
        address,
        kind: learners.has(id) ? ('learner' as const) : ('voter' as const),
        isHealthy: health.get(id),
      }),
    ),
  );
}
