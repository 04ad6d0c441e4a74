/**
 * A world: hosts, a network and a clock, all made from one seed. Nothing real reaches it: its time is its agenda's,
 * its randomness its seed's, and between two tasks every promise that can settle has settled, so the same seed
 * is the same run, whatever the machine does meanwhile.
 */
import type { Logger } from '@quorate/core/ports';
import type { Invariant, WorldView } from '../invariants/invariant.ts';
import { hostsMax, timerLatenessUsMax } from '../limits.ts';
import { badArgument } from './bad-argument.ts';
import { Agenda, type Task } from './agenda.ts';
import { describeFrame } from './describe-frame.ts';
import { FaultCounter, type FaultCounts, type FaultKind } from './faults.ts';
import { FileDisk } from './file-disk.ts';
import { HostClock, LifeClock } from './host-clock.ts';
import { Host, type HostPorts, type HostWorld } from './host.ts';
import type { Life } from './life.ts';
import { Network } from './network.ts';
import { Observation } from './observation.ts';
import { type RandomStream, streamOf } from './random-stream.ts';
import { type DiskStreams, StorageDisk } from './storage-disk.ts';
import { Time } from './time.ts';
import { digestOfText, Trace, type TraceKind, type TraceLine } from './trace.ts';

/** What a world is made of beside its seed. */
export interface WorldOptions {
  readonly seed: bigint;
  readonly invariants: readonly Invariant[];
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  readonly members: readonly string[] | undefined;
  readonly onTrace: ((line: TraceLine) => void) | undefined;
  /** Ends the run. */
  readonly fail: (error: unknown) => void;
}

/** Hosts, a network and a clock, all made from one seed. */
export class World {
  readonly seed: bigint;
  readonly network: Network;
  readonly #options: WorldOptions;
  readonly #agenda = new Agenda();
  readonly #trace: Trace;
  readonly #faults = new FaultCounter();
  readonly #observation: Observation;
  readonly #hosts = new Map<string, Host>();
  readonly #time = new Time(this.#agenda);
  readonly #lateness: RandomStream;
  #livesCount = 0;

  constructor(options: WorldOptions) {
    const { seed, fail } = options;
    this.seed = seed;
    this.#options = options;
    this.#trace = new Trace(options.onTrace);
    this.#lateness = this.random('timer-lateness');
    this.#observation = new Observation({ ...options, nowMs: () => this.nowMs, fail });
    this.network = new Network({
      time: this.#time,
      streams: {
        delay: this.random('network-delay'),
        loss: this.random('network-loss'),
        duplicate: this.random('network-duplicate'),
        reorder: this.random('network-reorder'),
        corrupt: this.random('network-corrupt'),
        replay: this.random('network-replay'),
        connect: this.random('network-connect'),
        flap: this.random('network-flap'),
      },
      faulted: (kind) => this.#faults.add(kind),
      describe: describeFrame,
    });
  }

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.#time.nowUs / 1_000;
  }

  /** What the invariants see. */
  get view(): WorldView {
    return this.#observation.view;
  }

  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  /** How often each kind of fault took effect so far. */
  get faults(): FaultCounts {
    return this.#faults.read();
  }

  /** What happened so far, counted: everything that reached a process, and every step of a replica. */
  get eventsCount(): number {
    return this.#trace.count + this.#observation.stepsCount;
  }

  /** 16 hexadecimal digits that name this run so far. */
  get traceHash(): string {
    return this.#trace.hash;
  }

  /** A stream of this seed: the same name gives the same draws, whatever else is drawn. */
  random(name: string): RandomStream {
    return streamOf(this.seed, name);
  }

  /** The host with this name; made when it is asked for first. */
  host(name: string): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    if (this.#hosts.size >= hostsMax) throw badArgument('host', `a world has at most ${hostsMax}`);
    const faulted = (kind: FaultKind): void => this.#faults.add(kind);
    const startUs = this.random(`clock:${name}`).below(1_000_000_000);
    const losePower = (life: Life): void => {
      if (!life.isDead) life.host.crash();
    };
    const disk = { time: this.#time, faulted, losePower };
    const host = new Host(
      {
        name,
        number: this.#hosts.size + 1,
        clock: new HostClock(this.#time, { startUs, faulted }),
        disk: new StorageDisk({ ...disk, streams: this.#diskStreams('disk', name) }),
        files: new FileDisk({
          ...disk,
          streams: this.#diskStreams('files', name),
          path: `/simulated/${name}`,
          kill: (life) => {
            if (!life.isDead) life.host.crash({ of: 'process' });
          },
          rotted: (file) => this.#observation.rotted(name, file),
          syncFailed: (life) => this.#observation.syncFailed(life),
        }),
        timers: { latenessUsMax: timerLatenessUsMax },
        random: this.random(`host:${name}`),
      },
      this.#hostWorld,
    );
    this.#hosts.set(name, host);
    return host;
  }

  /** Resolves after so many virtual milliseconds. For the code that runs the world; a process has `ports.sleep`. */
  sleep(delayMs: number): Promise<void> {
    if (!Number.isFinite(delayMs) || delayMs < 0) throw badArgument('delayMs', 'a number of at least 0');
    return new Promise((resolve) => this.#time.after('sleep', Math.round(delayMs * 1_000), resolve));
  }

  /** From now on these members have no faults any more: the invariants may expect progress of them. */
  healed(core: readonly string[]): void {
    this.#observation.healed(core);
  }

  /** A line of the run's own for the trace; part of its hash. */
  log(text: string): void {
    this.#note('log', undefined, text);
  }

  // --- what runs it -------------------------------------------------------------------------------------------

  /** When something happens next; undefined: never. */
  get nextAtMs(): number | undefined {
    const { nextAtUs } = this.#agenda;
    return nextAtUs === undefined ? undefined : nextAtUs / 1_000;
  }

  /** Lets the next thing happen. Everything that it settles must settle before the next call. */
  step(): void {
    const task = this.#agenda.take();
    if (task === undefined) return;
    this.#time.nowUs = Math.max(this.#time.nowUs, task.atUs);
    if (task.isCancelled) return;
    const { life } = task;
    if (life?.isDead === true) return;
    // A task that is held comes here twice, and a write must not reach the disk twice.
    const { arrive } = task;
    if (arrive !== undefined) task.arrive = undefined;
    arrive?.();
    if (life?.isSuspended === true) {
      life.hold(task);
      return;
    }
    this.#trace.add(task.kind, life?.host.number ?? 0, this.#time.nowUs, task.payload);
    if (this.#trace.isRead && isTold(task)) {
      this.#trace.tell({
        atMs: this.nowMs,
        kind: task.kind,
        host: life?.host.name,
        text: task.describe?.() ?? '',
      });
    }
    task.run();
  }

  /** Lets the invariants look at whole states. */
  sweep(): void {
    this.#observation.sweep();
  }

  /** The run is over. */
  end(): void {
    this.#observation.end();
  }

  // --- for hosts ----------------------------------------------------------------------------------------------

  get #hostWorld(): HostWorld {
    return {
      nextLife: () => {
        this.#livesCount += 1;
        return this.#livesCount;
      },
      portsOf: (life, random) => this.#portsOf(life, random),
      note: (host, kind, text) => {
        const fault = faultOfNote[kind];
        if (fault !== undefined) this.#faults.add(fault);
        if (kind === 'crash' && !host.isPowered) this.#faults.add('power-loss');
        this.#note(kind, host, text);
      },
      ended: (life, facts) => {
        this.#observation.lifeEnded(life, facts);
        this.network.settle();
      },
      wiped: (host) => this.#observation.wiped(host.name),
      woken: (life) => {
        for (const task of life.wake()) {
          task.atUs = this.#time.nowUs;
          this.#agenda.add(task);
        }
      },
      later: (delayUs, action) => this.#time.after('stall', delayUs, action),
      fail: this.#options.fail,
    };
  }

  #diskStreams(disk: 'disk' | 'files', host: string): DiskStreams {
    return {
      latency: this.random(`${disk}-latency:${host}`),
      failure: this.random(`${disk}-failure:${host}`),
      crash: this.random(`${disk}-crash:${host}`),
      power: this.random(`${disk}-power:${host}`),
    };
  }

  #portsOf(life: Life, random: RandomStream): HostPorts {
    const { host } = life;
    const clock = new LifeClock({
      time: this.#time,
      life,
      hostClock: host.clock,
      conditions: host.timers,
      lateness: this.#lateness,
    });
    const storage = host.disk.storageOf(life);
    const transport = this.network.transportOf(life);
    const logger = this.#loggerOf(life);
    const ports = { clock, random, logger, storage, transport };
    return {
      ...ports,
      directory: host.files.directoryOf(life),
      sleep: (delayMs) => life.promise((resolve) => clock.once(delayMs, () => resolve(undefined))),
      openPeer: (options) => this.#observation.open(life, { ...ports, ...options }),
    };
  }

  #loggerOf(life: Life): Logger {
    const write = (level: string) => (facts: object, message: string) => {
      if (!this.#trace.isRead || life.isDead) return;
      const text = `${level}: ${message} ${JSON.stringify(facts)}`;
      this.#trace.tell({ atMs: this.nowMs, kind: 'log', host: life.host.name, text });
    };
    return { debug: () => undefined, info: write('info'), warn: write('warn'), error: write('error') };
  }

  #note(kind: TraceKind, host: Host | undefined, text: string): void {
    this.#trace.add(kind, host?.number ?? 0, this.#time.nowUs, digestOfText(text));
    if (this.#trace.isRead) this.#trace.tell({ atMs: this.nowMs, kind, host: host?.name, text });
  }
}

const faultOfNote: Readonly<Partial<Record<TraceKind, FaultKind>>> = {
  crash: 'crash',
  wipe: 'wipe',
  pause: 'pause',
  stall: 'stall',
};

/** Timers and turns of an event loop are most of a trace and tell nothing. */
function isTold(task: Task): boolean {
  return task.describe !== undefined;
}
