/**
 * Connections between the members that live on a world's hosts, made and lost as a real transport tells it: a
 * process that dies is noticed soon (its system answers for it), a machine that loses power or that is cut off
 * silently only after a time of silence, and whatever is broken is made anew when it can be.
 */
import type { Transport, TransportEvents, TransportOwner } from '@quorate/core/ports';
import { badArgument } from './bad-argument.ts';
import { type Connection, type ConnectionEnd, Endpoint, isFull } from './endpoint.ts';
import type { FrameWay, FrameWayOptions } from './frame-way.ts';
import type { Host } from './host.ts';
import type { Life } from './life.ts';
import type { Link } from './link.ts';
import { plainTask } from './time.ts';

/** How connections are made and lost, in microseconds. */
export interface ConnectionConditions {
  /** Least and most until a connection is there after both ends want it. */
  connectUsMin: number;
  connectUsMax: number;
  /** Silence after which a connection to a dead machine or behind a cut is given up; each wait is drawn. */
  silenceUsMax: number;
}

/** What connections stand on. */
export interface ConnectionsOptions extends Omit<FrameWayOptions, 'endpointOf' | 'describe'> {
  readonly conditions: ConnectionConditions;
  readonly way: FrameWay;
  readonly link: (from: string, to: string) => Link;
  readonly afterSilence: (run: () => void) => void;
  /** Who is connected, or lives, has changed. */
  readonly changed: () => void;
}

export class MemberConnections {
  readonly #options: ConnectionsOptions;
  readonly #endpoints = new Map<string, Map<string, Endpoint>>();
  readonly #hosts = new Map<string, Map<string, Host>>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** The host on which a member lives, or lived last. */
  hostOf(ensemble: string, member: string): Host | undefined {
    return this.#hosts.get(ensemble)?.get(member);
  }

  /** Who is this member now. */
  endpointOf(ensemble: string, member: string): Endpoint | undefined {
    return this.#endpoints.get(ensemble)?.get(member);
  }

  /** The members' part of a transport of one life; `endpoint` answers what it became. */
  transportOf(life: Life): Required<Pick<Transport, 'start' | 'send' | 'close'>> & {
    readonly endpoint: () => Endpoint | undefined;
  } {
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
      endpoint: () => endpoint,
    };
  }

  /** Ends the connections between two hosts. They are made anew when they can be. */
  breakBetween(a: string, b: string): void {
    for (const end of this.#endsBetween(a, b)) {
      if (!end.connection.isBroken) this.#options.faulted('break');
      this.#break(end.connection, true);
    }
    this.settle();
  }

  /** Both hosts of a link have noticed that it is cut. */
  linkBroken(link: Link): void {
    for (const end of this.#endsBetween(link.from, link.to)) {
      this.#break(end.connection, true);
      this.#tellEnd(end, this.#options.time.nowUs);
    }
  }

  /** Brings connections in line with who lives and what is cut; called after each change of either. */
  settle(): void {
    for (const endpoints of this.#endpoints.values()) {
      const all = [...endpoints.values()];
      for (const endpoint of all) for (const end of endpoint.ends.values()) this.#settleEnd(end);
      for (const [at, a] of all.entries()) for (const b of all.slice(at + 1)) this.#dial(a, b);
    }
  }

  #start(life: Life, owner: TransportOwner, events: TransportEvents): Endpoint {
    const endpoint = new Endpoint(life, owner, events);
    const { ensemble, member } = endpoint;
    const endpoints = this.#endpoints.get(ensemble) ?? new Map<string, Endpoint>();
    if (endpoints.has(member)) {
      throw badArgument('transport', `member ${JSON.stringify(member)} runs already`);
    }
    this.#endpoints.set(ensemble, endpoints.set(member, endpoint));
    const hosts = this.#hosts.get(ensemble) ?? new Map<string, Host>();
    this.#hosts.set(ensemble, hosts.set(member, life.host));
    this.#options.changed();
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
    this.#options.changed();
  }

  #send(endpoint: Endpoint, to: string, bytes: Uint8Array): boolean {
    const end = endpoint.ends.get(to);
    if (end === undefined || !end.isUp || !endpoint.isLive) return false;
    if (bytes.length > endpoint.frameBytesMax) return false;
    if (isFull(end, bytes.length)) {
      this.#options.faulted('overflow');
      return false;
    }
    this.#options.way.send(end, bytes);
    return true;
  }

  #break(connection: Connection, isDropped: boolean): void {
    connection.isBroken = true;
    connection.isDropped ||= isDropped;
  }

  /** Whoever ended a connection says so over the way back; if that is closed, silence does. */
  #settleEnd(end: ConnectionEnd): void {
    if (!end.connection.isBroken || end.endsAtUs !== undefined) return;
    const wayBack = this.#options.link(end.other.host, end.owner.host);
    if (!wayBack.isCut && end.other.life.host.isPowered) {
      this.#tellEnd(end, this.#options.way.arrivalUs(wayBack));
    } else if (!end.isSilent) {
      end.isSilent = true;
      this.#options.afterSilence(() => this.#tellEnd(end, this.#options.time.nowUs));
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
        this.settle();
      },
    });
  }

  #dial(a: Endpoint, b: Endpoint): void {
    if (!this.#isWanted(a, b) || a.dialled.has(b)) return;
    a.dialled.add(b);
    b.dialled.add(a);
    const { conditions, time, streams } = this.#options;
    const delayUs = streams.connect.between(conditions.connectUsMin, conditions.connectUsMax);
    time.after('network', delayUs, () => {
      a.dialled.delete(b);
      b.dialled.delete(a);
      if (this.#isWanted(a, b)) this.#connect(a, b);
    });
  }

  /** Both live, the way is open in both directions, and neither holds a connection to the other that works. */
  #isWanted(a: Endpoint, b: Endpoint): boolean {
    const { link } = this.#options;
    if (!a.isLive || !b.isLive) return false;
    if (link(a.host, b.host).isCut || link(b.host, a.host).isCut) return false;
    const held = [a.ends.get(b.member), b.ends.get(a.member)];
    return held.every((end) => end === undefined || end.connection.isBroken);
  }

  #connect(a: Endpoint, b: Endpoint): void {
    const { link, way, time } = this.#options;
    const connection: Connection = { isBroken: false, isDropped: false };
    const forward = link(a.host, b.host);
    const fresh = { connection, isUp: false, isSilent: false, queuedFrames: 0, queuedBytes: 0 };
    const ends: readonly ConnectionEnd[] = [
      { ...fresh, owner: a, other: b, link: forward, endsAtUs: undefined },
      { ...fresh, owner: b, other: a, link: link(b.host, a.host), endsAtUs: undefined },
    ];
    for (const end of ends) {
      const old = end.owner.ends.get(end.other.member);
      if (old !== undefined) this.#tellEnd(old, time.nowUs);
      end.owner.ends.set(end.other.member, end);
      // The second hears of it over the link on which the first one's frames follow.
      const toldAtUs = end.owner === a ? time.nowUs : way.arrivalUs(forward);
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

  #add(
    kind: 'connected' | 'disconnected',
    end: ConnectionEnd,
    when: { readonly atUs: number; readonly run: () => void },
  ): void {
    const describe = (): string => `${end.owner.member} > ${end.other.member}`;
    this.#options.time.add({ ...plainTask, kind, life: end.owner.life, describe, ...when });
  }
}
