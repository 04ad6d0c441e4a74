/**
 * Does harm: one loop for each class of faults that the seed has, each with a stream of its own. It keeps to what
 * an ensemble may demand of its world: disks are wiped one minority at a time (a majority that has lost its data
 * has lost it), everything else may happen at any time and together.
 */
import type { Peer } from '@quorate/core';
import type { RandomStream } from '../world/random-stream.ts';
import type { World } from '../world/world.ts';
import type { FaultClass } from './fault-classes.ts';
import { FileTrouble } from './file-trouble.ts';
import type { Knobs } from './knobs.ts';
import type { Moment, Moments } from './moments.ts';

/** What a nemesis needs of its run. */
export interface NemesisOptions {
  readonly world: World;
  readonly knobs: Knobs;
  /** The peer that runs on a member's host now. */
  readonly peerOf: (member: string) => Peer | undefined;
  /** Peers keep their log in files, so these may rot as well as be wiped. */
  readonly hasFiles: boolean;
  readonly moments: Moments;
}

type Strike = (stream: RandomStream) => void;

export class Nemesis {
  readonly #options: NemesisOptions;
  /** Undefined: no peer has files. */
  readonly #files: FileTrouble | undefined;
  readonly #strikes: Readonly<Record<FaultClass, Strike>>;
  /** Wiped, and not seen admitted again since. */
  readonly #amnesiacs = new Set<string>();
  /** Peers that are being closed politely: their hosts are to be restarted. */
  readonly #closing = new Set<string>();
  /** Somebody is cut off from all others. */
  #isIsolating = false;
  /** Undefined as long as harm is done. */
  #core: readonly string[] | undefined;

  constructor(options: NemesisOptions) {
    this.#options = options;
    const { hasFiles, world } = options;
    const losePower = (member: string, stream: RandomStream): void => {
      if (world.host(member).isRunning) this.#crash(member, { of: 'machine' }, stream);
      else world.host(member).crash({ of: 'machine' });
    };
    this.#files = hasFiles ? new FileTrouble({ world, isOver: () => this.#isOver, losePower }) : undefined;
    this.#strikes = this.#createStrikes();
  }

  /** Members whose disk was wiped and that may not have been admitted again. */
  get amnesiacs(): ReadonlySet<string> {
    const { view } = this.#options.world;
    for (const { member, replica } of view.peers) {
      if (replica.raft.admitted && replica.raft.lastIndex > 0) this.#amnesiacs.delete(member);
    }
    return this.#amnesiacs;
  }

  /** From now on, or from the moment on in which a new ensemble works: one that is never founded tells little. */
  async start(): Promise<void> {
    const { knobs, moments, world } = this.#options;
    if (knobs.foundsInPeace) await Promise.race([moments.next('proposal'), world.sleep(knobs.safetyMs / 4)]);
    for (const fault of knobs.faults) void this.#loop(fault, world.random(`nemesis:${fault}`));
  }

  /** No fault begins any more, and members of `core` come back at once from one that is still under way. */
  stop(core: readonly string[]): void {
    this.#core = core;
    for (const member of core) {
      const host = this.#options.world.host(member);
      if (this.#closing.has(member) || !host.isRunning) host.restart();
    }
  }

  /** Starts a member's host again after a while, unless somebody did. */
  restartLater(member: string, stream: RandomStream): void {
    const { world } = this.#options;
    const delayMs = this.#isOver ? 1 : 50 + stream.exponential(1_500);
    void world.sleep(delayMs).then(() => {
      if (this.#core?.includes(member) !== false && !world.host(member).isRunning)
        world.host(member).restart();
    });
  }

  get #isOver(): boolean {
    return this.#core !== undefined;
  }

  async #loop(fault: FaultClass, stream: RandomStream): Promise<void> {
    const { knobs, world } = this.#options;
    for (;;) {
      await world.sleep(200 + stream.exponential(knobs.faultEveryMs));
      if (this.#isOver) return;
      // Nothing else happens while a leader is cut off: the others must be able to find another one.
      if (!this.#isIsolating) this.#strikes[fault](stream);
    }
  }

  #createStrikes(): Readonly<Record<FaultClass, Strike>> {
    return {
      loss: (stream) => this.#spell(stream, { lossPpm: stream.pick([20_000, 100_000, 300_000]) }),
      duplicate: (stream) => this.#spell(stream, { duplicatePpm: stream.pick([20_000, 200_000, 500_000]) }),
      reorder: (stream) => this.#spell(stream, { reorderPpm: stream.pick([20_000, 200_000]) }),
      corrupt: (stream) => this.#spell(stream, { corruptPpm: stream.pick([1_000, 50_000]) }),
      replay: (stream) => this.#spell(stream, { replayPpm: stream.pick([10_000, 100_000]) }),
      'slow-network': (stream) => this.#spell(stream, { delayUsMean: stream.pick([3_000, 30_000]) }),
      partition: (stream) => this.#partition(stream),
      'one-way': (stream) => this.#oneWay(stream),
      isolate: (stream) => void this.#isolate(stream),
      flap: (stream) => void this.#flap(stream),
      clog: (stream) => this.#clog(stream),
      break: (stream) => this.#break(stream),
      crash: (stream) => {
        const remote = this.#options.knobs.remotes[0];
        if (remote !== undefined && stream.chance(200_000)) this.#crash(remote, { of: 'process' }, stream);
        else void this.#crashSomebody({ of: 'process' }, stream);
      },
      power: (stream) => {
        if (this.#files !== undefined && stream.chance(250_000))
          void this.#files.flicker(this.#anyone(stream));
        else void this.#crashSomebody({ of: 'machine' }, stream);
      },
      blackout: (stream) => {
        if (!stream.chance(300_000)) return;
        for (const member of this.#options.knobs.members) this.#crash(member, { of: 'machine' }, stream);
      },
      wipe: (stream) => this.#wipe(stream),
      shutdown: (stream) => this.#shutdown(stream),
      pause: (stream) => this.#pause(stream),
      stall: (stream) => {
        const { electionTimeoutMs } = this.#options.knobs;
        const durationMs = stream.between(10, electionTimeoutMs * stream.pick([1, 2, 6]));
        this.#options.world.host(this.#anyHost(stream)).stall(durationMs);
      },
      'clock-rate': (stream) => {
        this.#options.world.host(this.#anyHost(stream)).clock.ratePpm = stream.between(-50_000, 50_000);
      },
      'clock-jump': (stream) => {
        const jumpMs = stream.between(-3_600_000, 3_600_000);
        this.#options.world.host(this.#anyHost(stream)).clock.wallOffsetMs = jumpMs;
      },
      'slow-disk': (stream) => this.#slowDisk(stream),
      'failing-disk': (stream) => this.#failingDisk(stream),
      transfer: (stream) => this.#transfer(stream),
    };
  }

  #anyone(stream: RandomStream): string {
    return stream.pick(this.#options.knobs.members);
  }

  /** Also a host without a peer, if there is one. */
  #anyHost(stream: RandomStream): string {
    const { members, remotes } = this.#options.knobs;
    return stream.pick([...members, ...remotes]);
  }

  #pair(stream: RandomStream): readonly [string, string] {
    return [this.#anyHost(stream), this.#anyHost(stream)];
  }

  /** Undoes something after a while, or at the end of all faults at the latest (ending.ts). */
  #later(stream: RandomStream, meanMs: number, undo: () => void): void {
    void this.#options.world.sleep(20 + stream.exponential(meanMs)).then(() => {
      if (!this.#isOver) undo();
    });
  }

  /** All links, or one, for a while. */
  #spell(stream: RandomStream, conditions: Partial<Parameters<World['network']['setConditions']>[0]>): void {
    const { network } = this.#options.world;
    const [from, to] = this.#pair(stream);
    const isEverywhere = from === to || stream.chance(500_000);
    const target = isEverywhere ? undefined : network.link(from, to).conditions;
    const quiet = Object.fromEntries(
      Object.keys(conditions).map((name) => [name, name === 'delayUsMean' ? 300 : 0]),
    );
    if (target === undefined) network.setConditions(conditions);
    else Object.assign(target, conditions);
    this.#later(stream, 3_000, () => {
      if (target === undefined) network.setConditions(quiet);
      else Object.assign(target, quiet);
    });
  }

  /** Between two hosts; or a client without a replica loses whoever serves it. */
  #break(stream: RandomStream): void {
    const { knobs, world } = this.#options;
    const remote = knobs.remotes[0];
    if (remote !== undefined && stream.chance(600_000)) {
      for (const member of knobs.members) world.network.breakConnections(remote, member);
    } else world.network.breakConnections(...this.#pair(stream));
  }

  #partition(stream: RandomStream): void {
    const { knobs, world } = this.#options;
    const groups: string[][] = [[], []];
    for (const host of [...knobs.members, ...knobs.remotes]) groups[stream.below(2)]?.push(host);
    // Sometimes one belongs to both sides: a bridge, as in the outage that many learned from.
    if (stream.chance(250_000)) groups[stream.below(2)]?.push(this.#anyone(stream));
    const silent = stream.chance(700_000);
    this.#later(stream, 3_000, world.network.partition(groups, { silent }));
  }

  #oneWay(stream: RandomStream): void {
    const { network } = this.#options.world;
    const from = this.#leaderOrAnyone(stream);
    const to = this.#anyone(stream);
    if (from !== to) this.#later(stream, 3_000, network.cut(from, to, { oneWay: true }));
  }

  /**
   * Mostly a leader, often when it has just appended something that nobody else has yet: that, and what it appends
   * meanwhile, is cut off later. One at a time, or nobody would ever follow it.
   */
  async #isolate(stream: RandomStream): Promise<void> {
    const moment = stream.pick([undefined, 'membership', 'proposal', 'proposal'] as const);
    const victim = moment === undefined ? this.#leaderOrAnyone(stream) : await this.#at(moment, stream);
    await this.#cutOff(victim, stream);
  }

  /**
   * For about as long as an election, or longer; or until the others have just found a leader or compacted their
   * logs: then what the victim has appended meanwhile meets what they have at the same places.
   */
  async #cutOff(victim: string, stream: RandomStream): Promise<void> {
    if (this.#isOver || this.#isIsolating) return;
    this.#isIsolating = true;
    const { knobs, moments, world } = this.#options;
    const { electionTimeoutMs } = knobs;
    const others = knobs.members.filter((member) => member !== victim);
    const silent = stream.chance(700_000);
    const heal = world.network.partition([[victim], others], { silent });
    const isLeader = world.view.peers.some(
      ({ member, replica }) => member === victim && replica.raft.role === 'leader',
    );
    const until = stream.pick([undefined, 'leadership', 'leadership', 'compact'] as const);
    if (until === undefined || !isLeader || others.length < 2) {
      const meanMs = stream.pick([electionTimeoutMs, 3 * electionTimeoutMs, 3_000]);
      await world.sleep(20 + stream.exponential(meanMs));
    } else {
      const come = moments.next('leadership', { except: victim });
      const isDone = until === 'leadership' ? come : come.then(() => moments.next(until, { except: victim }));
      await Promise.race([isDone, world.sleep(6 * electionTimeoutMs)]);
      await world.sleep(stream.pick([0, 2, 20, 100]));
    }
    if (!this.#isOver) heal();
    this.#isIsolating = false;
  }

  /** Most of what can go wrong goes wrong where somebody leads. */
  #leaderOrAnyone(stream: RandomStream): string {
    const { peers } = this.#options.world.view;
    const leader = peers.find(({ replica }) => replica.raft.role === 'leader')?.member;
    return stream.chance(700_000) ? (leader ?? this.#anyone(stream)) : this.#anyone(stream);
  }

  async #flap(stream: RandomStream): Promise<void> {
    const { network } = this.#options.world;
    const [from, to] = this.#pair(stream);
    if (from === to) return;
    for (let count = stream.between(2, 12); count > 0 && !this.#isOver; count -= 1) {
      const heal = network.cut(from, to, { silent: stream.chance(500_000) });
      await this.#options.world.sleep(stream.between(1, 500));
      heal();
      await this.#options.world.sleep(stream.between(1, 500));
    }
  }

  #clog(stream: RandomStream): void {
    const [from, to] = this.#pair(stream);
    if (from === to) return;
    const { network } = this.#options.world;
    const { conditions } = network.link(from, to);
    // What waits may be so much that the rest is refused.
    conditions.queueFramesMax = stream.pick([4, 8_192]);
    const open = network.clog(from, to);
    this.#later(stream, 1_500, () => {
      conditions.queueFramesMax = 8_192;
      open();
    });
  }

  /** Often in the middle of an election, when votes, terms and the first entries of a leader are half durable. */
  async #crashSomebody(options: { readonly of: 'machine' | 'process' }, stream: RandomStream): Promise<void> {
    const drawn = stream.pick([undefined, 'term', 'term', 'proposal', 'chunk', 'install'] as const);
    const moment = this.#files === undefined ? drawn : this.#files.momentOr(drawn);
    const member = moment === undefined ? this.#anyone(stream) : await this.#at(moment, stream);
    if (!this.#isOver) this.#crash(member, options, stream);
  }

  /** Whom it happens to, right then or a little later. */
  async #at(moment: Moment, stream: RandomStream): Promise<string> {
    const { moments, world } = this.#options;
    const member = await moments.next(moment);
    await world.sleep(stream.pick([0, 0.1, 0.3, 0.5, 1, 5]));
    return member;
  }

  #crash(member: string, options: { of: 'machine' | 'process'; wipe?: boolean }, stream: RandomStream): void {
    const host = this.#options.world.host(member);
    if (!host.isRunning) return;
    this.#closing.delete(member);
    host.crash(options);
    if (options.of === 'process' && this.#options.knobs.members.includes(member))
      void this.#files?.relapse(member);
    this.restartLater(member, stream);
  }

  #wipe(stream: RandomStream): void {
    const { knobs } = this.#options;
    const isRot = this.#files?.rots() === true;
    const drawn = this.#anyone(stream);
    const member = isRot ? (this.#files?.rottenOr(drawn) ?? drawn) : drawn;
    const { amnesiacs } = this;
    const wiped = amnesiacs.has(member) ? amnesiacs.size : amnesiacs.size + 1;
    if (wiped > Math.floor((knobs.members.length - 1) / 2)) return;
    if (!this.#options.world.host(member).isRunning) return;
    this.#amnesiacs.add(member);
    if (isRot) {
      // One bit of what was durable: a storage finds any of them. More at a time, or beside a loss of power, may
      // hide each other.
      const host = this.#options.world.host(member);
      this.#closing.delete(member);
      host.crash({ of: 'process' });
      host.files.rot(1);
      this.restartLater(member, stream);
      return;
    }
    this.#crash(member, { of: 'machine', wipe: true }, stream);
    // Whoever lists the new incarnation may be cut off with that entry: it is taken back then.
    if (stream.chance(300_000))
      void this.#at('membership', stream).then((leader) => void this.#cutOff(leader, stream));
  }

  #shutdown(stream: RandomStream): void {
    const { peerOf, world } = this.#options;
    const member = this.#anyone(stream);
    const host = world.host(member);
    const { life } = host;
    const peer = peerOf(member);
    if (peer === undefined || life === undefined) return;
    this.#closing.add(member);
    void peer.close().then(() => {
      if (host.life === life) this.#crash(member, { of: 'process' }, stream);
    });
  }

  #pause(stream: RandomStream): void {
    const host = this.#options.world.host(this.#anyHost(stream));
    host.pause();
    this.#later(stream, stream.pick([300, 2_000, 8_000]), () => host.resume());
  }

  #slowDisk(stream: RandomStream): void {
    const { disk, files } = this.#options.world.host(this.#leaderOrAnyone(stream));
    disk.conditions.latencyUsMean = stream.pick([5_000, 50_000, 500_000]);
    // A write of files is some calls, and an election time-out has to be enough for a few of them.
    files.conditions.latencyUsMean = disk.conditions.latencyUsMean / 4;
    this.#later(stream, 3_000, () => {
      disk.conditions.latencyUsMean = 200;
      files.conditions.latencyUsMean = 50;
    });
  }

  #failingDisk(stream: RandomStream): void {
    const member = this.#anyone(stream);
    const { disk } = this.#options.world.host(member);
    disk.conditions.writeFailurePpm = stream.pick([20_000, 1_000_000]);
    disk.conditions.writeFailure = stream.pick(['EIO', 'ENOSPC']);
    disk.conditions.readFailurePpm = stream.pick([0, 200_000]);
    const meanMs = this.#files?.fail(member, disk.conditions) ?? 1_000;
    this.#later(stream, meanMs, () => {
      disk.conditions.writeFailurePpm = 0;
      disk.conditions.readFailurePpm = 0;
      this.#files?.mend(member);
    });
  }

  #transfer(stream: RandomStream): void {
    const peer = this.#options.peerOf(this.#leaderOrAnyone(stream));
    const to = stream.chance(500_000) ? this.#anyone(stream) : undefined;
    peer?.transferLeadership(to, { deadlineMs: 1_000 }).catch(() => undefined);
  }
}
