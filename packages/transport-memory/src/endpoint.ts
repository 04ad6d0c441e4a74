/** One started transport, and its connections to the others of its ensemble. */
import type { TransportEvents, TransportOwner } from '@quorate/core/ports';
import type { Line } from './session-line.ts';

/** A connection between two endpoints, shared by its two links. */
export interface Connection {
  /** One end is gone or the connection was broken: ends that have not heard of it yet still hold their link. */
  isBroken: boolean;
  /** Frames on it are worth nothing any more. */
  isDropped: boolean;
}

/** One direction of a connection, with what is queued on it. */
export interface Link {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly connection: Connection;
  queuedFramesCount: number;
  queuedBytes: number;
}

export class Endpoint {
  readonly member: string;
  readonly ensemble: string;
  readonly frameBytesMax: number;
  /** Outgoing links by member: what this end believes to be connected to. */
  readonly links: Map<string, Link> = new Map();
  /** Lines to sessions, by the number of their connection. */
  readonly lines: Map<number, Line> = new Map();
  isLive = true;
  readonly #owner: TransportOwner;
  readonly #events: TransportEvents;
  #connectionsCount = 0;

  constructor(owner: TransportOwner, events: TransportEvents) {
    this.member = owner.member;
    this.ensemble = owner.ensemble;
    this.frameBytesMax = owner.frameBytesMax;
    this.#owner = owner;
    this.#events = events;
  }

  get servesSessions(): boolean {
    return this.#events.sessions !== undefined;
  }

  /** A number that no connection of a session had here. */
  nextConnection(): number {
    this.#connectionsCount += 1;
    return this.#connectionsCount;
  }

  /** A listener that throws has a bug, which must not cost the other members their frames. */
  tell(call: (events: TransportEvents) => void): void {
    if (!this.isLive) return;
    try {
      call(this.#events);
    } catch (error) {
      this.#owner.logger.error({ member: this.member, err: error }, 'a listener of the transport threw');
    }
  }
}

/** A connection between the two: their links, one each. */
export function connect(a: Endpoint, b: Endpoint): readonly [Link, Link] {
  const connection: Connection = { isBroken: false, isDropped: false };
  const forward: Link = { from: a, to: b, connection, queuedFramesCount: 0, queuedBytes: 0 };
  const backward: Link = { from: b, to: a, connection, queuedFramesCount: 0, queuedBytes: 0 };
  a.links.set(b.member, forward);
  b.links.set(a.member, backward);
  return [forward, backward];
}
