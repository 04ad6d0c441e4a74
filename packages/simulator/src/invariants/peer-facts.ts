/** The numbers of a replica that invariants compare before and after a step. Taken once a step, for all of them. */
import type { Replica, Role } from '@quorate/core/inspect';

/** One replica at one moment. */
export interface PeerFacts {
  readonly role: Role;
  readonly term: number;
  /** Who leads, as far as this peer knows. */
  readonly leader: string | undefined;
  /** First index that the log in memory answers. */
  readonly firstIndex: number;
  readonly snapshotIndex: number;
  readonly appliedIndex: number;
  readonly durableIndex: number;
  readonly commitIndex: number;
  readonly lastIndex: number;
  readonly ticksUntilCampaign: number;
  /** Everything in the log up to here is durable here, as the peer counts it. */
  readonly persistedIndex: number;
  readonly zxid: number;
}

/** The facts as they are now. */
export function factsOf({ raft, machine }: Replica): PeerFacts {
  return {
    role: raft.role,
    term: raft.term,
    leader: raft.leader,
    firstIndex: raft.firstIndex,
    snapshotIndex: raft.snapshotIndex,
    appliedIndex: machine.appliedIndex,
    durableIndex: raft.durableIndex,
    commitIndex: raft.commitIndex,
    lastIndex: raft.lastIndex,
    ticksUntilCampaign: raft.ticksUntilCampaign,
    persistedIndex: raft.persistedIndex,
    zxid: machine.zxid,
  };
}
