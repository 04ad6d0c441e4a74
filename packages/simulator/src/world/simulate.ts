/**
 * Runs a world until the given function is done: takes one task after the other from the agenda, and between
 * two of them lets every promise settle.
 *
 * "Every promise" is what makes a run repeatable, and it must cost next to nothing. Node runs a callback of
 * `process.nextTick` that was asked for inside a microtask only after the queue of microtasks is empty, and
 * without a turn of its event loop: 0.2 us a task instead of 1.2 us with setImmediate (measured).
 */
import type { Invariant } from '../invariants/invariant.ts';
import {
  durationMsMaxDefault,
  realTimeMsMaxDefault,
  sweepEveryMsDefault,
  tasksPerMomentMax,
  tasksPerTurn,
} from '../limits.ts';
import { badArgument } from './bad-argument.ts';
import type { FaultCounts } from './faults.ts';
import type { TraceLine } from './trace.ts';
import { World } from './world.ts';

/** What a run is made of; everything but the seed has a default. */
export interface SimulateOptions {
  /** 0 to 2^64 - 1. The same seed, function and options are the same run. */
  readonly seed: number | bigint;
  /** Checked while the world runs; the first that does not hold fails the run. Default: none. */
  readonly invariants?: readonly Invariant[];
  /** Voters of the ensemble as it is founded. Default: the members that the first peer is opened with. */
  readonly members?: readonly string[];
  /** What the peers are given as `timing`, for the invariants. Defaults 50 and 250. */
  readonly heartbeatMs?: number;
  readonly electionTimeoutMs?: number;
  /** Virtual milliseconds between two looks of the invariants that cost the whole state. Default 1,000. */
  readonly sweepEveryMs?: number;
  /** Virtual milliseconds after which the run is told to hang. Default 3,600,000. */
  readonly durationMsMax?: number;
  /** Real milliseconds after which the run is given up. Default 600,000. */
  readonly realTimeMsMax?: number;
  /** Called for each line of a readable trace; it costs time and changes nothing. */
  readonly onTrace?: (line: TraceLine) => void;
}

/** What a run was. */
export interface Simulated<T> {
  /** What the function answered. */
  readonly result: T;
  /** 16 hexadecimal digits: two runs are the same if they are equal. */
  readonly traceHash: string;
  /** Virtual milliseconds. */
  readonly durationMs: number;
  /** Everything that reached a process, and every step of a replica. */
  readonly eventsCount: number;
  readonly faults: FaultCounts;
}

/** A run that did not end as a run does: it stood still, or it did not come to its end. */
export class SimulationStuck extends Error {
  override readonly name = 'SimulationStuck';
}

const seedMax = 0xffff_ffff_ffff_ffffn;

function seedOf(seed: number | bigint): bigint {
  if (typeof seed === 'bigint' ? seed >= 0n && seed <= seedMax : Number.isSafeInteger(seed) && seed >= 0) {
    return BigInt(seed);
  }
  throw badArgument('seed', 'an integer from 0 to 2^64 - 1');
}

/**
 * Runs `main` in a new world and resolves when it is done.
 *
 * @returns its result and what the run was.
 * @throws what `main` throws, `InvariantBroken`, or `SimulationStuck`.
 *
 * @example
 * import { simulate } from '@quorate/simulator';
 * const { traceHash } = await simulate({ seed: 7 }, async (world) => {
 *   const members = { a: '', b: '', c: '' };
 *   for (const id of Object.keys(members)) {
 *     world.host(id).start(async (ports) => {
 *       const peer = await ports.openPeer({ id, members });
 *       await peer.ready();
 *     });
 *   }
 *   await world.sleep(5_000);
 *   world.host('a').crash();
 *   await world.sleep(5_000);
 * });
 */
export async function simulate<T>(
  options: SimulateOptions,
  main: (world: World) => Promise<T>,
): Promise<Simulated<T>> {
  return await new Run<T>(options).start(main);
}

class Run<T> {
  readonly #world: World;
  readonly #sweepEveryMs: number;
  readonly #durationMsMax: number;
  readonly #realTimeMsMax: number;
  readonly #startedAtMs = performance.now();
  #settled: { readonly result: T } | undefined;
  #failure: { readonly error: unknown } | undefined;
  #sweepAtMs: number;
  #tasksCount = 0;
  #momentMs = -1;
  #momentTasks = 0;

  constructor(options: SimulateOptions) {
    const seed = seedOf(options.seed);
    this.#sweepEveryMs = options.sweepEveryMs ?? sweepEveryMsDefault;
    this.#sweepAtMs = this.#sweepEveryMs;
    this.#durationMsMax = options.durationMsMax ?? durationMsMaxDefault;
    this.#realTimeMsMax = options.realTimeMsMax ?? realTimeMsMaxDefault;
    this.#world = new World({
      seed,
      invariants: options.invariants ?? [],
      heartbeatMs: options.heartbeatMs ?? 50,
      electionTimeoutMs: options.electionTimeoutMs ?? 250,
      members: options.members,
      onTrace: options.onTrace,
      fail: (error) => {
        this.#failure ??= { error };
      },
    });
  }

  start(main: (world: World) => Promise<T>): Promise<Simulated<T>> {
    return new Promise((resolve, reject) => {
      const world = this.#world;
      const settled = Promise.resolve();
      const next = (): void => process.nextTick(turn);
      const finish = (): void => {
        try {
          if (this.#failure === undefined) world.end();
        } catch (error) {
          this.#failure ??= { error };
        }
        const simulated = this.#settled === undefined ? undefined : this.#describe(this.#settled.result);
        for (const host of world.hosts) host.crash({ of: 'process' });
        if (this.#failure !== undefined) reject(this.#failure.error);
        else if (simulated !== undefined) resolve(simulated);
      };
      const turn = (): void => {
        if (this.#isOver()) {
          finish();
          return;
        }
        try {
          world.step();
        } catch (error) {
          this.#failure ??= { error };
        }
        // Signals and messages of the real process must get through; nothing in the world depends on it.
        if (this.#tasksCount % tasksPerTurn === 0) setImmediate(turn);
        else void settled.then(next);
      };
      void main(world).then(
        (result) => {
          this.#settled = { result };
        },
        (error: unknown) => {
          this.#failure ??= { error };
        },
      );
      void settled.then(next);
    });
  }

  /** Also looks whether the world still gets on. */
  #isOver(): boolean {
    const world = this.#world;
    if (this.#settled !== undefined || this.#failure !== undefined) return true;
    const nextAtMs = world.nextAtMs;
    if (nextAtMs === undefined) {
      this.#stuck('nothing is left to happen, and the main function still waits');
    } else if (nextAtMs > this.#durationMsMax) {
      this.#stuck(`the main function was not done after ${this.#durationMsMax} virtual ms`);
    } else if (nextAtMs >= this.#sweepAtMs) {
      this.#sweepAtMs = nextAtMs + this.#sweepEveryMs;
      world.sweep();
    }
    this.#count(nextAtMs ?? 0);
    return this.#failure !== undefined;
  }

  #count(nextAtMs: number): void {
    this.#tasksCount += 1;
    this.#momentTasks = nextAtMs === this.#momentMs ? this.#momentTasks + 1 : 0;
    this.#momentMs = nextAtMs;
    if (this.#momentTasks > tasksPerMomentMax) {
      this.#stuck(`more than ${tasksPerMomentMax} tasks at ${nextAtMs} ms: time stands still`);
    }
    if (this.#tasksCount % tasksPerTurn !== 0) return;
    const realMs = performance.now() - this.#startedAtMs;
    if (realMs > this.#realTimeMsMax) {
      this.#stuck(`given up after ${this.#realTimeMsMax} real ms, at ${nextAtMs} virtual ms`);
    }
  }

  #stuck(problem: string): void {
    this.#failure ??= { error: new SimulationStuck(`seed ${this.#world.seed}: ${problem}`) };
  }

  #describe(result: T): Simulated<T> {
    const { traceHash, nowMs, eventsCount, faults } = this.#world;
    return { result, traceHash, durationMs: nowMs, eventsCount, faults };
  }
}
