/**
 * What a seed decides before its run begins: how many take part, what they do, what is done to them, and limits
 * so small that their edges are met all the time (swarm testing: Groce et al., ISSTA 2012: a run that lacks some
 * features goes deeper into the others).
 */
import type { Limits } from '@quorate/core';
import type { RandomStream } from '../world/random-stream.ts';
import { type Feature, features } from './clients/features.ts';
import { type FaultClass, faultClasses } from './fault-classes.ts';

/** What a run is made of. */
export interface Knobs {
  readonly members: readonly string[];
  /** Hosts of clients that have no replica. */
  readonly remotes: readonly string[];
  /** Clients on the host of each member, by the order of members. */
  readonly clientsPerMember: number;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  readonly faults: ReadonlySet<FaultClass>;
  /** Mean time between two faults of one class, in milliseconds. */
  readonly faultEveryMs: number;
  readonly features: ReadonlySet<Feature>;
  /** Mean pause of a client between two rounds of calls, in milliseconds. */
  readonly thinkMs: number;
  /** Calls that a client makes at most without waiting. */
  readonly burstMax: number;
  readonly sessionTimeoutMs: number;
  /** Limits of each member, by the order of members: usually the same for all. */
  readonly limits: readonly Partial<Limits>[];
  /** Virtual milliseconds with faults, and after them. */
  readonly safetyMs: number;
  readonly livenessMs: number;
  /** The faults begin when the ensemble works. */
  readonly foundsInPeace: boolean;
  /** The faults end in the middle of an election. */
  readonly endsInElection: boolean;
  /** Clients make no calls after the faults: nothing may depend on the next write. */
  readonly isQuietAtTheEnd: boolean;
}

/** What decides how fast things happen. */
export type Pace =
  | 'heartbeatMs'
  | 'electionTimeoutMs'
  | 'sessionTimeoutMs'
  | 'thinkMs'
  | 'burstMax'
  | 'faultEveryMs';

/** What may be taken away from a seed, to find out what its failure needs. */
export interface Reduction {
  readonly membersMax?: number;
  readonly clientsPerMemberMax?: number;
  readonly withoutFaults?: readonly FaultClass[];
  /** Faults that the run has, whatever was drawn: for looking where a bug can show. */
  readonly withFaults?: readonly FaultClass[];
  readonly withoutFeatures?: readonly Feature[];
  /** Features that the run has, whatever was drawn. */
  readonly withFeatures?: readonly Feature[];
  /** Limits that every member has, whatever was drawn. */
  readonly limits?: Partial<Limits>;
  /** Timing and load, whatever was drawn. */
  readonly pace?: Partial<Pick<Knobs, Pace>>;
  /** Virtual milliseconds of the whole run, the quarter after the faults included. */
  readonly durationMs?: number;
}

const memberNames = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;
/** Three is what most users run; the others are there for their edges. */
const membersCounts = [1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 5, 5] as const;
/** Seeds of a million that have seven: they cost as much as four others. */
const sevenMembersPpm = 20_000;

export function drawKnobs(stream: (name: string) => RandomStream, reduction: Reduction = {}): Knobs {
  const shape = stream('knobs-shape');
  const ending = stream('knobs-ending');
  const drawnMembers = shape.chance(sevenMembersPpm) ? 7 : shape.pick(membersCounts);
  const members = memberNames.slice(0, Math.min(drawnMembers, reduction.membersMax ?? drawnMembers));
  const drawnClients = drawnMembers <= 3 ? shape.between(1, 2) : 1;
  const heartbeatMs = shape.pick([50, 100, 100, 200, 200]);
  const durationMs = reduction.durationMs ?? 60_000;
  const chosenFeatures = new Set([
    ...drawSet(features, stream('knobs-features'), reduction.withoutFeatures),
    ...(reduction.withFeatures ?? []),
  ]);
  return {
    members,
    remotes: chosenFeatures.has('remote') ? ['x'] : [],
    clientsPerMember: Math.min(drawnClients, reduction.clientsPerMemberMax ?? drawnClients),
    heartbeatMs,
    electionTimeoutMs: heartbeatMs * shape.pick([5, 5, 4, 6]),
    faults: new Set([
      ...drawSet(faultClasses, stream('knobs-faults'), reduction.withoutFaults),
      ...(reduction.withFaults ?? []),
    ]),
    faultEveryMs: shape.pick([1_500, 4_000, 4_000, 10_000]),
    features: chosenFeatures,
    thinkMs: shape.pick([100, 300, 600]),
    burstMax: shape.pick([1, 3, 6]),
    sessionTimeoutMs: shape.pick([1_000, 2_000, 2_000, 5_000]),
    limits: drawLimits(members.length, stream('knobs-limits')).map((limits) => ({
      ...limits,
      ...reduction.limits,
    })),
    safetyMs: Math.floor((durationMs * 3) / 4),
    livenessMs: durationMs - Math.floor((durationMs * 3) / 4),
    isQuietAtTheEnd: ending.chance(250_000),
    endsInElection: ending.chance(200_000),
    foundsInPeace: ending.chance(900_000),
    ...reduction.pace,
  };
}

/** Each with the same share, which is itself drawn: so there are runs with almost none and with almost all. */
function drawSet<T>(all: readonly T[], stream: RandomStream, without: readonly T[] = []): ReadonlySet<T> {
  const share = stream.pick([150_000, 350_000, 600_000, 900_000]);
  // Drawn for all, so that taking one away moves no other.
  const drawn = all.filter(() => stream.chance(share));
  return new Set(drawn.filter((one) => !without.includes(one)));
}

/** Bounds of sizes are coupled: what they allow must fit into a frame (peer/options.ts of core). */
function drawLimits(membersCount: number, stream: RandomStream): readonly Partial<Limits>[] {
  const tiny = (): Partial<Limits> => ({
    appendEntriesMax: stream.pick([1, 2, 8, 256]),
    appendBytesMax: stream.pick([256, 4_096, 262_144]),
    followerMessagesInFlightMax: stream.pick([1, 2, 4, 64]),
    followerBytesInFlightMax: stream.pick([512, 16_384, 1_048_576]),
    uncommittedBytesMax: stream.pick([2_048, 16_384, 1_048_576]),
    snapshotAfterEntries: stream.pick([10, 50, 100, 300]),
    logEntriesKept: stream.pick([1, 1, 8, 64]),
    snapshotChunkBytes: stream.pick([1_024, 4_096, 16_384]),
    applyCommandsPerStepMax: stream.pick([1, 4, 2_048]),
    batchCommandsMax: stream.pick([1, 4, 1_024]),
  });
  const shared: Partial<Limits> = {
    historyChangesMax: stream.pick([8, 50, 1_000]),
    repliesPerSessionMax: stream.pick([4, 16, 8_192]),
    containerGraceMs: stream.pick([500, 3_000]),
    sessionTimeoutMsMin: 1_000,
  };
  // Members may differ in what judges their own edge, and even in what they would have founded the ensemble with.
  const differ = stream.chance(300_000);
  const common = { ...shared, ...tiny() };
  return Array.from({ length: membersCount }, () => {
    if (!differ) return common;
    const own = {
      valueBytesMax: stream.pick([24, 64, 1_048_576]),
      multiOperationsMax: stream.pick([2, 1_024]),
    };
    return { ...shared, ...tiny(), ...own };
  });
}
