/**
 * One seed from its knobs to its verdict: peers, clients and faults in a world, every invariant on, then a phase
 * in which a majority must serve, then the checkers of the whole history.
 */
import { CommittedLog } from '../checkers/committed-log.ts';
import { History } from '../history/history.ts';
import { InvariantBroken, type Invariant } from '../invariants/invariant.ts';
import { type FaultCounts, noFaults } from '../world/faults.ts';
import { simulate, SimulationStuck } from '../world/simulate.ts';
import type { TraceLine } from '../world/trace.ts';
import { streamOf } from '../world/random-stream.ts';
import type { World } from '../world/world.ts';
import { FencedResource } from './clients/lock-user.ts';
import { type Coverage, CoverageCounter } from './coverage.ts';
import { drainedBy, fallInElection, heal, proveService } from './ending.ts';
import { type Drained, judgeHistory } from './judge-history.ts';
import { drawKnobs, type Knobs, type Reduction } from './knobs.ts';
import { type Crew, isStorageFailure, memberMain, PeerFailed, type StorageOf } from './member.ts';
import { Moments } from './moments.ts';
import { Nemesis } from './nemesis.ts';
import { remoteMain } from './remote.ts';
import { SessionBook } from './session-book.ts';
import { demandSettled } from './settled-calls.ts';

/** Virtual milliseconds between two looks at whole states: each costs about as much as a hundred steps. */
const sweepEveryMs = 3_000;

/** How a seed is run. */
export interface RunSeedOptions {
  /** 0 to 2^64 - 1. */
  readonly seed: bigint;
  /** Checked while it runs. */
  readonly invariants: readonly Invariant[];
  /** What is taken away from it; default: nothing. */
  readonly reduction?: Reduction;
  /** The storage that each life of a peer opens; default: `ports.storage`, the host's disk without files. */
  readonly storageOf?: StorageOf;
  /** Called for each line of a readable trace. */
  readonly onTrace?: (line: TraceLine) => void;
}

/** What was found. */
export interface Violation {
  /** The invariant or checker that was broken. */
  readonly checker: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** Virtual milliseconds; undefined for what is judged after the run. */
  readonly atMs: number | undefined;
}

/** What became of one seed. */
export interface SeedResult {
  readonly seed: bigint;
  readonly knobs: Knobs;
  readonly violation: Violation | undefined;
  readonly traceHash: string;
  /** Virtual milliseconds. */
  readonly durationMs: number;
  readonly eventsCount: number;
  readonly operationsCount: number;
  readonly faults: FaultCounts;
  readonly coverage: Coverage;
}

/** Runs one seed and judges it. Never rejects for what the run did: that is its violation. */
export async function runSeed(options: RunSeedOptions): Promise<SeedResult> {
  const { seed, reduction, onTrace } = options;
  const knobs = drawKnobs((name) => streamOf(seed, name), reduction);
  const coverage = new CoverageCounter();
  const log = new CommittedLog();
  const moments = new Moments();
  const book = new SessionBook();
  const areClocksEqual = !knobs.faults.has('clock-rate');
  const { heartbeatMs, electionTimeoutMs, members } = knobs;
  let world: World | undefined;
  const history = new History({ nowMs: () => world?.nowMs ?? 0 });
  let violation: Violation | undefined;
  let drained: Drained;
  try {
    await simulate(
      {
        seed,
        members,
        heartbeatMs,
        electionTimeoutMs,
        invariants: [
          ...options.invariants,
          log,
          coverage.asInvariant(),
          moments.asInvariant(),
          book.asInvariant({ areClocksEqual }),
        ],
        sweepEveryMs,
        durationMsMax: 4 * (knobs.safetyMs + knobs.livenessMs),
        ...(onTrace === undefined ? {} : { onTrace }),
      },
      async (made) => {
        world = made;
        const resource = new FencedResource(history);
        const facts = { world: made, knobs, history, resource };
        const sessions = { book, movable: new Set<string>() };
        const crew = {
          ...facts,
          ...sessions,
          peers: new Map(),
          clients: new Map(),
          clientsCount: 0,
          isQuiet: false,
        };
        const { storageOf } = options;
        drained = await play({ ...crew, ...(storageOf === undefined ? {} : { storageOf }) }, moments);
      },
    );
    judgeHistory(history, log.entries, drained);
  } catch (error) {
    violation = describe(error, world?.nowMs);
  }
  return {
    seed,
    knobs,
    violation,
    operationsCount: history.operationsCount,
    coverage: coverage.read(),
    ...factsOf(world),
  };
}

/** What a run was; nothing, if it failed before its world was made. */
function factsOf(
  world: World | undefined,
): Pick<SeedResult, 'traceHash' | 'durationMs' | 'eventsCount' | 'faults'> {
  if (world === undefined) return { traceHash: '', durationMs: 0, eventsCount: 0, faults: noFaults };
  const { traceHash, nowMs, eventsCount, faults } = world;
  return { traceHash, durationMs: nowMs, eventsCount, faults };
}

/** Both phases of a run; answers what is left in its queue. */
async function play(crew: Crew, moments: Moments): Promise<Drained> {
  const { clients, history, knobs, peers, world } = crew;
  const nemesis = new Nemesis({
    world,
    knobs,
    peerOf: (member) => peers.get(member),
    moments,
    hasFiles: crew.storageOf !== undefined,
  });
  const failed = new Promise<never>((_resolve, reject) => {
    for (const member of knobs.members) {
      const stream = world.random(`restart:${member}`);
      world.host(member).start(memberMain(crew, member), {
        exited: (error) => {
          peers.delete(member);
          clients.delete(member);
          if (isStorageFailure(error)) nemesis.restartLater(member, stream);
          else reject(new PeerFailed(member, error));
        },
      });
    }
  });
  const phases = async (): Promise<Drained> => {
    for (const host of knobs.remotes) world.host(host).start(remoteMain(crew, host));
    void nemesis.start();
    await world.sleep(knobs.safetyMs);
    const fallen = knobs.endsInElection ? await fallInElection(crew, moments) : undefined;
    const core = heal(crew, nemesis, fallen);
    const healedAtMs = world.nowMs;
    crew.isQuiet = knobs.isQuietAtTheEnd;
    // Half of the time to find a leader and to catch up, the rest to show it.
    await world.sleep(Math.floor(knobs.livenessMs / 2));
    await proveService(crew, core);
    await world.sleep(Math.max(0, knobs.safetyMs + knobs.livenessMs - world.nowMs));
    demandSettled({
      operations: history.operations(),
      clients: new Set([...core, ...knobs.remotes].flatMap((host) => clients.get(host) ?? [])),
      healedAtMs,
      nowMs: world.nowMs,
      sessionTimeoutMs: knobs.sessionTimeoutMs,
    });
    return drainedBy(crew);
  };
  return await Promise.race([phases(), failed]);
}

function describe(error: unknown, atMs: number | undefined): Violation {
  if (error instanceof InvariantBroken) {
    return { checker: error.invariant, message: error.message, facts: error.facts, atMs };
  }
  if (error instanceof PeerFailed) {
    return { checker: `core: ${error.reason}`, message: error.message, facts: {}, atMs };
  }
  if (error instanceof SimulationStuck) {
    return { checker: 'Progress', message: error.message, facts: {}, atMs };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { checker: 'error', message, facts: {}, atMs };
}
