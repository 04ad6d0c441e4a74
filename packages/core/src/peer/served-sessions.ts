/**
 * The connections of sessions that have no replica of their own: at most so many, each greeted in time, and each
 * heard of from time to time. A session is served by any peer, whether it leads or not.
 */
import type { ServedSessionEvents } from '../ports/transport.ts';
import { heldSession, openSession, type Openings } from './openings.ts';
import type { PeerParts } from './peer-parts.ts';
import { ServedConnection, type Serving } from './served-connection.ts';
import type { SessionHub } from './session-hub.ts';

/** A connection that has not become a session's by then is ended. */
const greetingMsMax = 15_000;
/** Sessions speak at least once a second: one that was silent for so long is gone, though nobody said so. */
const silenceMsMax = 30_000;
/** How often connections are looked at. */
const sweepMs = 1_000;

/** What serving sessions needs of a peer. */
export interface ServingPeer {
  readonly parts: PeerParts;
  readonly hub: SessionHub;
  readonly openings: Openings;
  /** This peer cannot go on. */
  readonly failed: (cause: unknown) => void;
}

/** The sessions of one peer. */
export function serveSessions({ parts, hub, openings, failed }: ServingPeer): ServedSessions {
  const { checked, checksum, clock, logger, replica, transport } = parts;
  return new ServedSessions({
    hub,
    ensemble: checked.ensemble,
    limits: checked.peerLimits,
    checksum,
    logger,
    open: (opening, signal) => openSession(openings, opening, { signal }),
    session: (claim) => heldSession(replica.machine, claim),
    send: (connection, bytes) => transport?.sendToSession?.(connection, bytes) ?? false,
    hangUp: (connection) => transport?.hangUpSession?.(connection),
    later: (callback) => clock.afterInput(callback),
    failed,
  });
}

export class ServedSessions implements ServedSessionEvents {
  readonly #serving: Serving;
  readonly #connections = new Map<number, ServedConnection>();
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(serving: Serving) {
    this.#serving = {
      ...serving,
      hangUp: (connection) => {
        this.#connections.delete(connection);
        serving.hangUp(connection);
      },
    };
  }

  /** Sessions that are served now. */
  get count(): number {
    let count = 0;
    for (const connection of this.#connections.values()) if (connection.isServing) count += 1;
    return count;
  }

  opened(connection: number): void {
    const served = new ServedConnection(this.#serving, connection);
    const { servedSessionsMax } = this.#serving.limits;
    const measured = this.#connections.size + 1;
    this.#connections.set(connection, served);
    if (measured <= servedSessionsMax) return;
    served.refuse('OVERLOADED', { limit: 'servedSessionsMax', limitValue: servedSessionsMax, measured });
  }

  frame(connection: number, bytes: Uint8Array): void {
    this.#connections.get(connection)?.receive(bytes);
  }

  drained(connection: number): void {
    this.#connections.get(connection)?.drained();
  }

  closed(connection: number): void {
    const served = this.#connections.get(connection);
    this.#connections.delete(connection);
    served?.closed();
  }

  tick(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < sweepMs) return;
    this.#sweptAtMs = nowMs;
    for (const served of this.#connections.values()) {
      const silentMs = nowMs - served.heardAtMs;
      if (silentMs > (served.isServing ? silenceMsMax : greetingMsMax)) served.tooSilent();
    }
  }

  /** The peer is gone: so are its connections, and the sessions look for another one. */
  end(): void {
    for (const served of this.#connections.values()) served.closed();
    this.#connections.clear();
  }
}
