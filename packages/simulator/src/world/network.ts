/**
 * The network of a world: connections between the members that live on its hosts, and what can be done to them.
 *
 * Connections come and go as a real transport tells it: a process that dies is noticed soon (its system answers
 * for it), a machine that loses power or that is cut off silently is noticed only after a time of silence, and
 * whatever is broken is made anew when it can be.
 */
import type { Transport, TransportEvents, TransportOwner } from '@quorate/core/ports';
import { badArgument } from './bad-argument.ts';
import type { Task } from './agenda.ts';
import { type Connection, type ConnectionEnd, Endpoint, isFull } from './endpoint.ts';
import { FrameWay, type FrameWayOptions } from './frame-way.ts';
import type { Life } from './life.ts';
import { defaultLinkConditions, Link, type LinkConditions } from './link.ts';

/** How hosts are cut apart. */
export interface CutOptions {
  /** True: only frames from the first to the second vanish. */
  readonly oneWay?: boolean;
  /**
   * True (default): frames vanish and nobody is told until a time of silence has passed. False: connections break
   * at once, and both ends are told. One-way cuts are silent.
   */
  readonly silent?: boolean;
}

/** Ends one cut. Safe to call twice. */
export type Heal = () => void;

/** How connections are made and lost, in microseconds. */
export interface ConnectionConditions {
  /** Least and most until a connection is there after both ends want it. */
  connectUsMin: number;
  connectUsMax: number;
  /** Silence after which a connection to a dead machine or behind a cut is given up. */
  silenceUsMax: number;
}

export type NetworkOptions = Omit<FrameWayOptions, 'endpointOf'>;

/** The network of a world: what is between its hosts, and what can be done to it. */
export class Network {
  /** May be changed at any time. */
  readonly connections: ConnectionConditions = {
    connectUsMin: 500,
    connectUsMax: 50_000,
    silenceUsMax: 5_000_000,
  };
  readonly #options: NetworkOptions;
  readonly #way: FrameWay;
  readonly #links = new Map<string, Map<string, Link>>();
  readonly #endpoints = new Map<string, Map<string, Endpoint>>();
  readonly #heals = new Set<Heal>();
  #conditions: LinkConditions = { ...defaultLinkConditions };

  constructor(options: NetworkOptions) {
    this.#options = options;
    const endpointOf = (ensemble: string, member: string): Endpoint | undefined =>
      this.#endpoints.get(ensemble)?.get(member);
    this.#way = new FrameWay({ ...options, endpointOf });
  }

  // --- what a run does to it ----------------------------------------------------------------------------------

  /** The way from one host to another. */
  link(from: string, to: string): Link {
    const links = this.#links.get(from) ?? new Map<string, Link>();
    const link = links.get(to) ?? new Link(from, to, { ...this.#conditions });
    this.#links.set(from, links.set(to, link));
    return link;
  }

  /** Changes every link that is there, and those to come. */
  setConditions(conditions: Partial<LinkConditions>): void {
    this.#conditions = { ...this.#conditions, ...conditions };
    for (const links of this.#links.values()) {
      for (const link of links.values()) Object.assign(link.conditions, conditions);
    }
  }

  /** Cuts two hosts apart until the answer is called, or all is healed. */
  cut(a: string, b: string, options: CutOptions = {}): Heal {
    const { oneWay = false, silent = true } = options;
    const links = oneWay ? [this.link(a, b)] : [this.link(a, b), this.link(b, a)];
    this.#options.faulted('cut');
    for (const link of links) this.#cutLink(link, silent || oneWay);
    return this.#healing(() => {
      for (const link of links) link.cutsCount -= 1;
      this.#settle();
    });
  }

  /** Cuts every host of one group from every host of the others; a host in two groups joins them. */
  partition(groups: readonly (readonly string[])[], options: CutOptions = {}): Heal {
    const heals: Heal[] = [];
    const isTogether = (a: string, b: string): boolean =>
      groups.some((group) => group.includes(a) && group.includes(b));
    for (const [at, group] of groups.entries()) {
      for (const other of groups.slice(at + 1)) {
        for (const a of group) {
          for (const b of other) if (a !== b && !isTogether(a, b)) heals.push(this.cut(a, b, options));
        }
      }
    }
    return () => {
      for (const heal of heals) heal();
    };
  }

  /** Ends all cuts and opens all clogged links; conditions stay. */
  heal(): void {
    for (const heal of [...this.#heals]) heal();
    for (const links of this.#links.values()) for (const link of links.values()) this.#open(link);
  }

  /** Frames from one host to another wait until the answer is called; they are not lost. */
  clog(from: string, to: string): Heal {
    const link = this.link(from, to);
    link.isClogged = true;
    this.#options.faulted('clog');
    return () => this.#open(link);
  }

  /** Breaks the connections between two hosts. They are made anew when they can be. */
  breakConnections(a: string, b: string): void {
    for (const end of this.#endsBetween(a, b)) {
      if (!end.connection.isBroken) this.#options.faulted('break');
      this.#break(end.connection, true);
    }
    this.#settle();
  }

  /** The machine has lost its power, or has it again: what is known about its connections changes. */
  settle(): void {
    this.#settle();
  }

  // --- what a process does with it ----------------------------------------------------------------------------

  /** A transport for one peer of one life. */
  transportOf(life: Life): Transport {
    let endpoint: Endpoint | undefined;
    const close = (abrupt: boolean): void => {
      if (endpoint !== undefined) this.#remove(endpoint, abrupt);
    };
    return {
      start: async (owner, events) => {
        if (life.isDead) return;
        if (endpoint !== undefined) throw badArgument('transport', 'a transport starts once');
        endpoint = this.#start(life, owner, events);
        life.onEnd(() => close(true));
      },
      send: (to, bytes) => endpoint !== undefined && this.#send(endpoint, to, bytes),
      close: async (options) => close(options?.abrupt === true),
    };
  }

  #start(life: Life, owner: TransportOwner, events: TransportEvents): Endpoint {
    const endpoint = new Endpoint(life, owner, events);
    const { ensemble, member } = endpoint;
    const endpoints = this.#endpoints.get(ensemble) ?? new Map<string, Endpoint>();
    if (endpoints.has(member))
      throw badArgument('transport', `member ${JSON.stringify(member)} runs already`);
    this.#endpoints.set(ensemble, endpoints.set(member, endpoint));
    this.#settle();
    return endpoint;
  }

  #remove(endpoint: Endpoint, abrupt: boolean): void {
    if (!endpoint.isLive) return;
    endpoint.isLive = false;
    this.#endpoints.get(endpoint.ensemble)?.delete(endpoint.member);
    for (const end of endpoint.ends.values()) {
      // What a process has given to its system may be sent after its death, or not.
      this.#break(end.connection, abrupt && this.#options.streams.connect.below(2) === 0);
    }
    this.#settle();
  }

  #send(endpoint: Endpoint, to: string, bytes: Uint8Array): boolean {
    const end = endpoint.ends.get(to);
    if (end === undefined || !end.isUp || !endpoint.isLive || bytes.length > endpoint.frameBytesMax)
      return false;
    if (isFull(end, bytes.length)) {
      this.#options.faulted('overflow');
      return false;
    }
    this.#way.send(end, bytes);
    return true;
  }

  // --- connections --------------------------------------------------------------------------------------------

  #break(connection: Connection, isDropped: boolean): void {
    connection.isBroken = true;
    connection.isDropped ||= isDropped;
  }

  /** Brings connections in line with who lives and what is cut; called after each change of either. */
  #settle(): void {
    for (const endpoints of this.#endpoints.values()) {
      const all = [...endpoints.values()];
      for (const endpoint of all) for (const end of endpoint.ends.values()) this.#settleEnd(end);
      for (const [at, a] of all.entries()) for (const b of all.slice(at + 1)) this.#dial(a, b);
    }
  }

  /** Whoever ended a connection says so over the way back; if that is closed, silence does. */
  #settleEnd(end: ConnectionEnd): void {
    if (!end.connection.isBroken || end.endsAtUs !== undefined) return;
    const wayBack = this.link(end.other.host, end.owner.host);
    if (!wayBack.isCut && end.other.life.host.isPowered) {
      this.#tellEnd(end, this.#way.arrivalUs({ link: wayBack }));
    } else if (!end.isSilent) {
      end.isSilent = true;
      this.#afterSilence(() => this.#tellEnd(end, this.#options.time.nowUs));
    }
  }

  #tellEnd(end: ConnectionEnd, atUs: number): void {
    if (end.endsAtUs !== undefined || !end.owner.isLive) return;
    end.endsAtUs = atUs;
    this.#add('disconnected', end, {
      atUs,
      run: () => {
        if (end.owner.ends.get(end.other.member) === end) end.owner.ends.delete(end.other.member);
        if (end.isUp && end.owner.isLive) end.owner.events.disconnected(end.other.member);
        end.isUp = false;
        this.#settle();
      },
    });
  }

  #dial(a: Endpoint, b: Endpoint): void {
    if (!this.#isWanted(a, b) || a.dialled.has(b)) return;
    a.dialled.add(b);
    b.dialled.add(a);
    const { connectUsMin, connectUsMax } = this.connections;
    const { time, streams } = this.#options;
    const run = (): void => {
      a.dialled.delete(b);
      b.dialled.delete(a);
      if (this.#isWanted(a, b)) this.#connect(a, b);
    };
    const atUs = time.nowUs + streams.connect.between(connectUsMin, connectUsMax);
    time.add({ ...plainTask, atUs, kind: 'network', life: undefined, run });
  }

  /** Both live, the way is open in both directions, and neither holds a connection to the other that works. */
  #isWanted(a: Endpoint, b: Endpoint): boolean {
    if (!a.isLive || !b.isLive) return false;
    if (this.link(a.host, b.host).isCut || this.link(b.host, a.host).isCut) return false;
    const held = [a.ends.get(b.member), b.ends.get(a.member)];
    return held.every((end) => end === undefined || end.connection.isBroken);
  }

  #connect(a: Endpoint, b: Endpoint): void {
    const connection: Connection = { isBroken: false, isDropped: false };
    const forward = this.link(a.host, b.host);
    const fresh = { connection, isUp: false, isSilent: false, queuedFrames: 0, queuedBytes: 0 };
    const ends: readonly ConnectionEnd[] = [
      { ...fresh, owner: a, other: b, link: forward, endsAtUs: undefined },
      { ...fresh, owner: b, other: a, link: this.link(b.host, a.host), endsAtUs: undefined },
    ];
    for (const end of ends) {
      const { nowUs } = this.#options.time;
      const old = end.owner.ends.get(end.other.member);
      if (old !== undefined) this.#tellEnd(old, nowUs);
      end.owner.ends.set(end.other.member, end);
      // The second hears of it over the link on which the first one's frames follow.
      const toldAtUs = end.owner === a ? nowUs : this.#way.arrivalUs({ link: forward });
      const atUs = Math.max(toldAtUs, old?.endsAtUs ?? 0);
      this.#add('connected', end, { atUs, run: () => this.#connected(end) });
    }
  }

  #connected(end: ConnectionEnd): void {
    const { owner, other, connection } = end;
    // Its end is told, or not worth telling, by whoever broke it.
    if (connection.isBroken || !owner.isLive) return;
    end.isUp = true;
    owner.events.connected(other.member);
  }

  // --- cuts ---------------------------------------------------------------------------------------------------

  #cutLink(link: Link, isSilent: boolean): void {
    link.cutsCount += 1;
    if (link.cutsCount === 1) link.cutAtUs = this.#options.time.nowUs;
    const breakAll = (): void => {
      for (const end of this.#endsBetween(link.from, link.to)) {
        this.#break(end.connection, true);
        this.#tellEnd(end, this.#options.time.nowUs);
      }
    };
    if (!isSilent) {
      breakAll();
      return;
    }
    const { cutAtUs } = link;
    this.#afterSilence(() => {
      if (link.isCut && link.cutAtUs === cutAtUs) breakAll();
    });
  }

  #healing(heal: () => void): Heal {
    const once = (): void => {
      if (this.#heals.delete(once)) heal();
    };
    this.#heals.add(once);
    return once;
  }

  #open(link: Link): void {
    if (!link.isClogged) return;
    link.isClogged = false;
    const { time } = this.#options;
    for (const task of link.waiting) {
      task.atUs = Math.max(task.atUs, time.nowUs);
      time.add(task);
    }
    link.waiting = [];
  }

  #endsBetween(a: string, b: string): readonly ConnectionEnd[] {
    const ends: ConnectionEnd[] = [];
    for (const endpoints of this.#endpoints.values()) {
      for (const { ends: held, host } of endpoints.values()) {
        for (const end of held.values()) {
          const other = end.other.host;
          if ((host === a && other === b) || (host === b && other === a)) ends.push(end);
        }
      }
    }
    return ends;
  }

  #afterSilence(run: () => void): void {
    const { time, streams } = this.#options;
    const atUs = time.nowUs + 1 + streams.connect.below(this.connections.silenceUsMax);
    time.add({ ...plainTask, atUs, kind: 'network', life: undefined, run });
  }

  #add(
    kind: 'connected' | 'disconnected',
    end: ConnectionEnd,
    when: { readonly atUs: number; readonly run: () => void },
  ): void {
    const describe = (): string => `${end.owner.member} > ${end.other.member}`;
    this.#options.time.add({ ...plainTask, kind, life: end.owner.life, describe, ...when });
  }
}

const plainTask: Pick<Task, 'sequence' | 'isTimer' | 'isCancelled' | 'payload'> = {
  sequence: 0,
  isTimer: false,
  isCancelled: false,
  payload: 0,
};
