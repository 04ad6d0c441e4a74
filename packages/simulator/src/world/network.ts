/** The network of a world: its links, and the connections of members and of sessions over them. */
import type { Transport } from '@quorate/core/ports';
import { FrameWay, type NetworkStreams } from './frame-way.ts';
import type { FaultKind } from './faults.ts';
import type { Life } from './life.ts';
import type { Link, LinkConditions } from './link.ts';
import { type CutOptions, type FlapOptions, type Heal, Links } from './links.ts';
import { type ConnectionConditions, MemberConnections } from './member-connections.ts';
import { SessionConnections } from './session-connections.ts';
import type { RandomStream } from './random-stream.ts';
import type { Time } from './time.ts';

/** What a network needs of its world. */
export interface NetworkOptions {
  readonly time: Time;
  readonly streams: NetworkStreams & { readonly flap: RandomStream };
  readonly faulted: (kind: FaultKind) => void;
  /** For a trace that is read. */
  readonly describe: (bytes: Uint8Array) => string;
}

/** The network of a world: what is between its hosts, and what can be done to it. */
export class Network {
  /** May be changed at any time. */
  readonly connections: ConnectionConditions = {
    connectUsMin: 500,
    connectUsMax: 50_000,
    silenceUsMax: 5_000_000,
  };
  readonly #options: NetworkOptions;
  readonly #links: Links;
  readonly #members: MemberConnections;
  readonly #sessions: SessionConnections;

  constructor(options: NetworkOptions) {
    this.#options = options;
    const { time, streams } = options;
    const afterSilence = (run: () => void): void =>
      time.after('network', 1 + streams.connect.below(this.connections.silenceUsMax), run);
    this.#links = new Links({
      ...options,
      afterSilence,
      broken: (link) => {
        this.#members.linkBroken(link);
        this.#sessions.breakBetween(link.from, link.to);
      },
      opened: () => this.settle(),
    });
    const endpointOf: MemberConnections['endpointOf'] = (ensemble, member) =>
      this.#members.endpointOf(ensemble, member);
    const shared = {
      ...options,
      afterSilence,
      conditions: this.connections,
      way: new FrameWay({ ...options, endpointOf }),
      link: (from: string, to: string) => this.#links.between(from, to),
    };
    this.#members = new MemberConnections({ ...shared, changed: () => this.settle() });
    this.#sessions = new SessionConnections({
      ...shared,
      endpointOf,
      hostOf: (ensemble, member) => this.#members.hostOf(ensemble, member),
    });
  }

  /** The way from one host to another; its conditions may be changed at any time. */
  link(from: string, to: string): Link {
    return this.#links.between(from, to);
  }

  /** Changes every link that is there, and those to come. */
  setConditions(conditions: Partial<LinkConditions>): void {
    this.#links.setConditions(conditions);
  }

  /** Cuts two hosts apart until the answer is called, or all is healed. Cuts add up. */
  cut(a: string, b: string, options: CutOptions = {}): Heal {
    return this.#links.cut(a, b, options);
  }

  /** Cuts every host of one group from every host of the others; a host in two groups joins them. */
  partition(groups: readonly (readonly string[])[], options: CutOptions = {}): Heal {
    const heals: Heal[] = [];
    const isTogether = (a: string, b: string): boolean =>
      groups.some((group) => group.includes(a) && group.includes(b));
    for (const [at, group] of groups.entries()) {
      for (const other of groups.slice(at + 1)) {
        for (const a of group) {
          for (const b of other) if (!isTogether(a, b)) heals.push(this.cut(a, b, options));
        }
      }
    }
    return () => {
      for (const heal of heals) heal();
    };
  }

  /** Cuts and heals the way between two hosts in turn, for drawn times, until the answer is called. */
  flap(a: string, b: string, options: FlapOptions): Heal {
    return this.#links.flap(a, b, { options, stream: this.#options.streams.flap });
  }

  /** Frames from one host to another wait until the answer is called; they are not lost. */
  clog(from: string, to: string): Heal {
    return this.#links.clog(from, to);
  }

  /** Ends all cuts, clogs and flapping; conditions stay. */
  heal(): void {
    this.#links.heal();
  }

  /** Breaks the connections between two hosts. They are made anew when they can be. */
  breakConnections(a: string, b: string): void {
    this.#members.breakBetween(a, b);
    this.#sessions.breakBetween(a, b);
  }

  /** A transport for one life: for one peer, or for sessions that dial. */
  transportOf(life: Life): Transport {
    const { endpoint, ...members } = this.#members.transportOf(life);
    return { ...members, ...this.#sessions.transportOf(life, endpoint) };
  }

  /** Who lives, who has power or what is cut has changed. */
  settle(): void {
    this.#members.settle();
    this.#sessions.settle();
  }
}
