/**
 * A whole ensemble in this process, over a network that a test can disturb. Timing is short and real; nothing
 * here sleeps to wait for something: `until` looks again and again and says what it saw when it gives up.
 *
 * Every ensemble has a seed. A failing test prints it with what each peer was at that moment.
 */
import { inspect } from 'node:util';
import { strictEqual } from 'node:assert/strict';
import {
  connect,
  memoryStorage,
  openPeer,
  type ConnectOptions,
  type Limits,
  type Peer,
  type Session,
  type SessionOptions,
} from '@quorate/core';
import type { Storage } from '@quorate/core/ports';
import {
  memoryNetwork,
  type FaultDecision,
  type FrameInTransit,
  type MemoryNetwork,
} from '@quorate/transport-memory';
import { onTestFailed } from 'vitest';
import { SeededRandom } from './seeded-random.ts';

/** Shares of frames that go wrong, from 0 to 1. */
export interface FaultRates {
  readonly drop?: number;
  readonly duplicate?: number;
  /** Held for a few turns of the event loop, so that later frames overtake it. */
  readonly delay?: number;
}

/** `local`: at the peer. `remote`: without a replica, served by the peer. */
export type SessionKind = 'local' | 'remote';

/** What holds for every session is tested with both. */
export const sessionKinds: readonly SessionKind[] = ['local', 'remote'];

export interface EnsembleOptions {
  readonly size: 1 | 2 | 3 | 4 | 5 | 7;
  readonly seed?: number;
  /** Where the sessions of {@link Ensemble.session} are. Default: local. */
  readonly sessions?: SessionKind;
  readonly limits?: Partial<Limits>;
  readonly timing?: { readonly heartbeatMs: number; readonly electionTimeoutMs: number };
}

export const heartbeatMs = 20;
export const electionTimeoutMs = 100;

/** The longest wait for anything: far beyond what a busy machine needs. */
export const patienceMs = 25_000;

const delayTurnsMax = 40;
const sessionFaultsRarer = 10;

export class Ensemble implements AsyncDisposable {
  readonly ids: readonly string[];
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  /** What no peer may ever report. */
  readonly fatals: unknown[] = [];
  readonly #options: EnsembleOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #storages = new Map<string, Storage>();
  readonly #notes: string[] = [];
  readonly #openedAt = performance.now();
  #rates: FaultRates = {};
  /** A failed test is told of after its ensemble is gone. */
  #lastSeen: string | undefined;

  constructor(options: EnsembleOptions) {
    this.#options = options;
    this.ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].slice(0, options.size);
    this.random = new SeededRandom(options.seed ?? 1);
    this.network = memoryNetwork({ faults: (frame) => this.#decide(frame) });
    onTestFailed(() => console.error(this.#lastSeen ?? this.describe()));
  }

  /** Remembers what a test did, for the case that it fails. */
  note(what: string): void {
    this.#notes.push(`${Math.round(performance.now() - this.#openedAt)} ms: ${what}`);
  }

  /** From now on frames go wrong at these rates; none: all arrive. */
  disturb(rates: FaultRates): void {
    this.#rates = rates;
  }

  /** Everybody reaches everybody again, and all frames arrive. */
  heal(): void {
    this.#rates = {};
    this.network.heal();
  }

  /** Peers that run, in the order of their ids. */
  get peers(): readonly Peer[] {
    return this.ids.flatMap((id) => this.#peers.get(id) ?? []);
  }

  peer(id: string): Peer {
    const peer = this.#peers.get(id);
    if (peer === undefined) throw new RangeError(`peer ${id} does not run`);
    return peer;
  }

  isRunning(id: string): boolean {
    return this.#peers.has(id);
  }

  /** Starts a member that does not run. `wiped`: it has lost its data. */
  async start(id: string, options: { readonly wiped?: boolean } = {}): Promise<Peer> {
    const storage = (options.wiped === true ? undefined : this.#storages.get(id)) ?? memoryStorage();
    this.#storages.set(id, storage);
    const { timing = { heartbeatMs, electionTimeoutMs }, limits = {} } = this.#options;
    const peer = await openPeer({
      id,
      members: Object.fromEntries(this.ids.map((member) => [member, ''])),
      transport: this.network.transport(),
      storage,
      timing,
      limits: { sessionTimeoutMsMin: 100, ...limits },
    });
    peer.on('fatal', (error) => this.fatals.push({ id, error }));
    this.#peers.set(id, peer);
    return peer;
  }

  /** Stops a peer as if its process had died. */
  async kill(id: string): Promise<void> {
    const peer = this.peer(id);
    this.#peers.delete(id);
    await peer.close({ graceful: false });
  }

  async closeGracefully(id: string): Promise<void> {
    const peer = this.peer(id);
    this.#peers.delete(id);
    await peer.close();
  }

  async restart(id: string, options: { readonly wiped?: boolean } = {}): Promise<Peer> {
    if (this.isRunning(id)) await this.kill(id);
    return await this.start(id, options);
  }

  /** Waits until one of the named peers leads and all of them know it. Default: all that run. */
  async leader(among: readonly string[] = this.peers.map((peer) => peer.id)): Promise<Peer> {
    return await this.until('a leader that all of them know', () => {
      const known = new Set(among.map((id) => this.peer(id).leader));
      const [leader] = known;
      if (known.size !== 1 || leader === undefined || !among.includes(leader)) return undefined;
      const peer = this.peer(leader);
      return peer.role === 'leader' ? peer : undefined;
    });
  }

  /** Running peers that do not lead now. */
  async followers(): Promise<readonly Peer[]> {
    const leader = await this.leader();
    return this.peers.filter((peer) => peer !== leader);
  }

  /** Waits until all peers that run stand at the same position, and checks that their states are equal. */
  async agree(): Promise<void> {
    const positionsOf = (): readonly number[] =>
      this.peers.flatMap((peer) => [peer.zxid, peer.status().positions.appliedIndex]);
    await this.until('all peers at one position', () => {
      const [zxid, index] = positionsOf();
      return this.peers.every((peer) => {
        const { positions } = peer.status();
        return peer.zxid === zxid && positions.appliedIndex === index && positions.commitIndex === index;
      });
    });
    const digests = this.peers.map((peer) => `${peer.zxid}: ${peer.status().digest}`);
    strictEqual(new Set(digests).size, 1, `equal digests, seed ${this.random.seed}: ${digests.join(', ')}`);
  }

  /** A session at this peer: of its own process, or (`sessions: 'remote'`) one that it serves. */
  session(id: string, options: SessionOptions = {}): Promise<Session> {
    const asked = { timeoutMs: 2_000, deadlineMs: patienceMs, ...options };
    if (this.#options.sessions !== 'remote') return this.peer(id).openSession(asked);
    return connect({ transport: this.network.transport(), peers: { [id]: '' }, ...asked });
  }

  /** A session without a replica that any peer may serve. The network knows it as `name`. */
  connect(name: string, options: Partial<ConnectOptions> = {}): Promise<Session> {
    return connect({
      transport: this.network.transport({ sessionName: name }),
      peers: Object.fromEntries(this.ids.map((id) => [id, ''])),
      timeoutMs: 2_000,
      deadlineMs: patienceMs,
      ...options,
    });
  }

  /** Looks until `look` answers something other than undefined or false. */
  async until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    return await until(what, look, { describe: () => this.describe() });
  }

  describe(): string {
    const lines = this.peers.map((peer) => {
      const { positions, role, leader, term, zxid, isAdmitted, digest } = peer.status();
      return `  ${peer.id}: ${JSON.stringify({ role, leader, term, zxid, isAdmitted, digest, ...positions })}`;
    });
    const stopped = this.fatals.map((fatal) => `  stopped: ${inspect(fatal, { depth: 5 })}`);
    const notes = this.#notes.map((note) => `  ${note}`);
    return [`ensemble of ${this.ids.length}, seed ${this.random.seed}:`, ...notes, ...lines, ...stopped].join(
      '\n',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lastSeen = this.describe();
    this.heal();
    await Promise.all(this.peers.map((peer) => this.kill(peer.id)));
    strictEqual(this.fatals.length, 0, `no peer stops by itself\n${this.describe()}`);
  }

  #decide({ from, to }: FrameInTransit): FaultDecision {
    const { drop = 0, duplicate = 0, delay = 0 } = this.#rates;
    if (drop + duplicate + delay === 0) return 'deliver';
    // Each fault ends the connection of a session: as many as between peers would leave no time to say anything.
    const isBetweenPeers = this.ids.includes(from) && this.ids.includes(to);
    const share = this.random.next() * (isBetweenPeers ? 1 : sessionFaultsRarer);
    if (share < drop) return 'drop';
    if (share < drop + duplicate) return 'duplicate';
    if (share < drop + duplicate + delay) return { delayTurns: 1 + this.random.below(delayTurnsMax) };
    return 'deliver';
  }
}

/** A running ensemble with a leader that everybody knows. */
export async function openEnsemble(options: EnsembleOptions): Promise<Ensemble> {
  const ensemble = new Ensemble(options);
  await Promise.all(ensemble.ids.map((id) => ensemble.start(id)));
  await ensemble.leader();
  return ensemble;
}

/** Looks again and again; the wait between two looks is no synchronisation, only politeness. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false,
  options: { readonly waitMs?: number; readonly describe?: () => string } = {},
): Promise<T> {
  const { waitMs = patienceMs, describe = () => '' } = options;
  const giveUpAt = performance.now() + waitMs;
  for (;;) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > giveUpAt) throw new Error(`waited ${waitMs} ms for ${what}\n${describe()}`);
    await pause(2);
  }
}

/** Looks for a while, and fails as soon as something is not so. */
export async function stays(what: string, forMs: number, look: () => boolean): Promise<void> {
  const endAt = performance.now() + forMs;
  while (performance.now() < endAt) {
    if (!look()) throw new Error(`not so all the time: ${what}`);
    await pause(5);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
