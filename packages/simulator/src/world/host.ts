/**
 * A host: one machine of the world with one process on it, its clock, its disk and its place in the network.
 * The machine outlives the process.
 */
import type { Clock, Directory, Logger, Random, Storage, Transport } from '@quorate/core/ports';
import type { Peer, PeerOptions } from '@quorate/core';
import { badArgument } from './bad-argument.ts';
import type { FileDisk } from './file-disk.ts';
import type { HostClock, TimerConditions } from './host-clock.ts';
import { Life } from './life.ts';
import type { RandomStream } from './random-stream.ts';
import type { StorageDisk } from './storage-disk.ts';

/** What a process gets of its world. A dead process's ports do nothing, and their promises never settle. */
export interface HostPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The host's disk as a storage: fast, and what most runs use. One peer at a time. */
  readonly storage: Storage;
  /** The host's disk as files: for storages that keep files, and for what else a process stores. */
  readonly directory: Directory;
  /** This process's place in the network; for one peer, or for sessions that dial. */
  readonly transport: Transport;
  /** Resolves after so many milliseconds of this host's clock. */
  readonly sleep: (delayMs: number) => Promise<void>;
  /** `openPeer` with these ports unless the options name others, and watched by the invariants of the world. */
  readonly openPeer: (options: PeerOptions) => Promise<Peer>;
}

/** What runs on a host. When it throws or rejects, its process ends with that error. */
export type HostMain = (ports: HostPorts) => void | Promise<void>;

/** How a process is started. */
export interface StartOptions {
  /** Called when the main function failed. Default: the whole run fails with its error. */
  readonly exited?: (error: unknown) => void;
}

/** How a process ends. */
export interface CrashOptions {
  /**
   * `machine` (default): power is lost, with everything that was not synced, and nobody is told. `process`: its
   * memory is lost, the system keeps what was written, and others see their connections break.
   */
  readonly of?: 'machine' | 'process';
  /** True: the disk is empty afterwards. */
  readonly wipe?: boolean;
}

/** What a host needs of its world. */
export interface HostWorld {
  nextLife(): number;
  portsOf(life: Life, random: RandomStream): HostPorts;
  /** A change of a process, for the trace and the counts. */
  note(
    host: Host,
    what: 'start' | 'crash' | 'wipe' | 'pause' | 'resume' | 'stall' | 'exit',
    text: string,
  ): void;
  ended(life: Life, facts: { readonly isWiped: boolean }): void;
  wiped(host: Host): void;
  woken(life: Life): void;
  later(delayUs: number, action: () => void): void;
  fail(error: unknown): void;
}

/** What a host is made of. */
export interface HostParts {
  readonly name: string;
  /** Counts the hosts of the world, from 1. */
  readonly number: number;
  readonly clock: HostClock;
  readonly disk: StorageDisk;
  readonly files: FileDisk;
  readonly timers: TimerConditions;
  /** What its processes draw from, one after the other. */
  readonly random: RandomStream;
}

/** One machine of a world, with one process on it; the machine outlives the process. */
export class Host {
  readonly name: string;
  readonly number: number;
  /** Its rate and its wall can be changed at any time. */
  readonly clock: HostClock;
  /** The disk behind `ports.storage`. Its conditions can be changed at any time. */
  readonly disk: StorageDisk;
  /** The disk behind `ports.directory`. Its conditions can be changed at any time. */
  readonly files: FileDisk;
  readonly timers: TimerConditions;
  readonly #world: HostWorld;
  readonly #random: RandomStream;
  #life: Life | undefined;
  #main: HostMain | undefined;
  #startOptions: StartOptions = {};
  #isPaused = false;
  readonly #stalls = new Set<object>();
  /** Whether its machine has power: a machine that lost it answers nobody, not even with a refusal. */
  #isPowered = true;

  constructor(parts: HostParts, world: HostWorld) {
    this.name = parts.name;
    this.number = parts.number;
    this.clock = parts.clock;
    this.disk = parts.disk;
    this.files = parts.files;
    this.timers = parts.timers;
    this.#random = parts.random;
    this.#world = world;
  }

  /** The process that runs now. */
  get life(): Life | undefined {
    return this.#life;
  }

  get isRunning(): boolean {
    return this.#life !== undefined;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isPowered(): boolean {
    return this.#isPowered;
  }

  /** Starts a process. There must be none. */
  start(main: HostMain, options: StartOptions = {}): void {
    if (this.#life !== undefined) throw badArgument('host', `${this.name} runs already: crash it first`);
    this.#main = main;
    this.#startOptions = options;
    const life = new Life(this, this.#world.nextLife());
    this.#life = life;
    this.#isPowered = true;
    this.#world.note(this, 'start', `life ${life.number}`);
    void this.#run(life, main, options);
  }

  /** Ends the process, if there is one, and starts the last main function again. */
  restart(): void {
    if (this.#main === undefined) throw badArgument('host', `${this.name} was never started`);
    this.crash({ of: 'process' });
    this.start(this.#main, this.#startOptions);
  }

  /** Ends the process at once. Without one, only a wipe or the loss of power has an effect. */
  crash(options: CrashOptions = {}): void {
    const { of = 'machine', wipe = false } = options;
    const life = this.#life;
    if (of === 'machine') this.#isPowered = false;
    if (life !== undefined) {
      this.#world.note(this, 'crash', `${of}${wipe ? ', its disk is wiped' : ''}`);
      this.#end(life, { isWiped: wipe });
    }
    if (of === 'machine') this.files.losePower();
    if (wipe) this.wipe();
  }

  /** Empties the disk of a host that does not run. */
  wipe(): void {
    if (this.#life !== undefined) throw badArgument('host', `${this.name} runs: crash it first`);
    this.#world.note(this, 'wipe', 'its disk is empty');
    this.disk.wipe();
    this.files.wipe();
    this.#world.wiped(this);
  }

  /** SIGSTOP: the process does nothing, and what comes for it waits. */
  pause(): void {
    if (this.#life === undefined || this.#isPaused) return;
    this.#isPaused = true;
    this.#world.note(this, 'pause', '');
    this.#life.suspend();
  }

  /** SIGCONT. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#world.note(this, 'resume', '');
    this.#wakeUp();
  }

  /** Blocks the event loop of the process for so many milliseconds of the world, as a long computation does. */
  stall(durationMs: number): void {
    const life = this.#life;
    if (life === undefined) return;
    const stall = {};
    this.#stalls.add(stall);
    this.#world.note(this, 'stall', `${durationMs} ms`);
    life.suspend();
    this.#world.later(Math.max(1, Math.round(durationMs * 1_000)), () => {
      if (this.#stalls.delete(stall)) this.#wakeUp();
    });
  }

  /** Ends whatever holds the process up: a pause, and all stalls before their time. */
  release(): void {
    this.resume();
    if (this.#stalls.size === 0) return;
    this.#stalls.clear();
    this.#wakeUp();
  }

  #wakeUp(): void {
    const life = this.#life;
    if (life === undefined || this.#isPaused || this.#stalls.size > 0) return;
    this.#world.woken(life);
  }

  async #run(life: Life, main: HostMain, options: StartOptions): Promise<void> {
    try {
      await main(this.#world.portsOf(life, this.#random));
    } catch (error) {
      if (life.isDead) return;
      this.#world.note(this, 'exit', String(error));
      this.#end(life, { isWiped: false });
      if (options.exited === undefined) this.#world.fail(error);
      else options.exited(error);
    }
  }

  #end(life: Life, facts: { readonly isWiped: boolean }): void {
    this.#life = undefined;
    this.#isPaused = false;
    this.#stalls.clear();
    life.end();
    this.#world.ended(life, facts);
  }
}
