/** One started transport of one life, and its ends of connections to the other members. */
import type { TransportEvents, TransportOwner } from '@quorate/core/ports';
import type { Life } from './life.ts';
import type { Link } from './link.ts';

/** A connection between two endpoints. */
export interface Connection {
  /** One end is gone or it was broken: ends that have not heard of it yet still hold theirs. */
  isBroken: boolean;
  /** Frames on it are worth nothing any more. */
  isDropped: boolean;
}

/** What one endpoint holds of a connection. */
export interface ConnectionEnd {
  readonly owner: Endpoint;
  readonly other: Endpoint;
  readonly connection: Connection;
  /** The way from the owner to the other. */
  readonly link: Link;
  /** Whether the owner was told of it: from then on it may send. */
  isUp: boolean;
  /** When the owner is told of its end; undefined: nobody tells it yet. */
  endsAtUs: number | undefined;
  /** Whether its end waits for a time of silence. */
  isSilent: boolean;
  /** Sent and not read yet. */
  queuedFrames: number;
  queuedBytes: number;
}

export class Endpoint {
  readonly life: Life;
  readonly member: string;
  readonly ensemble: string;
  readonly frameBytesMax: number;
  readonly events: TransportEvents;
  /** By member: what this endpoint believes to be connected to. */
  readonly ends: Map<string, ConnectionEnd> = new Map();
  /** Endpoints to which a connection is being made. */
  readonly dialled: Set<Endpoint> = new Set();
  isLive = true;

  constructor(life: Life, owner: TransportOwner, events: TransportEvents) {
    this.life = life;
    this.member = owner.member;
    this.ensemble = owner.ensemble;
    this.frameBytesMax = owner.frameBytesMax;
    this.events = events;
  }

  get host(): string {
    return this.life.host.name;
  }
}

/** One frame of any size passes an empty link, or it never could. */
export function isFull(end: ConnectionEnd, byteCount: number): boolean {
  if (end.queuedFrames === 0) return false;
  const { queueFramesMax, queueBytesMax } = end.link.conditions;
  return end.queuedFrames >= queueFramesMax || end.queuedBytes + byteCount > queueBytesMax;
}
