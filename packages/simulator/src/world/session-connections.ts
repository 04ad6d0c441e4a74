/**
 * Connections of sessions that have no replica of their own (`connect()`): dialled by a process anywhere, served
 * by a member. Each is a pair of streams; it ends when one side hangs up or dies, or after a time of silence.
 */
import type { DialerEvents, SessionOwner, Transport } from '@quorate/core/ports';
import { badArgument } from './bad-argument.ts';
import { type Attempt, Dialer, type Dialing, type SessionConnection, type Side } from './dialer.ts';
import type { Endpoint } from './endpoint.ts';
import type { Host } from './host.ts';
import type { Life } from './life.ts';
import type { Link } from './link.ts';
import type { ConnectionsOptions } from './member-connections.ts';
import { Stream, type StreamReader } from './stream.ts';
import { plainTask } from './time.ts';

export interface SessionConnectionsOptions extends Omit<ConnectionsOptions, 'changed'> {
  readonly endpointOf: (ensemble: string, member: string) => Endpoint | undefined;
  /** The host on which a member lives, or lived last. */
  readonly hostOf: (ensemble: string, member: string) => Host | undefined;
}

export class SessionConnections {
  readonly #options: SessionConnectionsOptions;
  readonly #connections = new Map<number, SessionConnection>();
  #number = 0;

  constructor(options: SessionConnectionsOptions) {
    this.#options = options;
  }

  /** The sessions' part of a transport of one life. */
  transportOf(
    life: Life,
    endpoint: () => Endpoint | undefined,
  ): Required<Pick<Transport, 'sendToSession' | 'hangUpSession' | 'startSession'>> {
    const served = (number: number): SessionConnection | undefined => {
      const connection = this.#connections.get(number);
      return connection?.endpoint === endpoint() && !connection?.server.isOver ? connection : undefined;
    };
    return {
      sendToSession: (number, bytes) => served(number)?.down.send(bytes) ?? false,
      hangUpSession: (number) => {
        const connection = served(number);
        if (connection !== undefined) this.#hangUp(connection, connection.server, false);
      },
      startSession: async (owner, events) => {
        if (endpoint() !== undefined) throw badArgument('transport', 'it serves a member already');
        return new Dialer(this.#dialing(life, owner, events));
      },
    };
  }

  /** Ends the connections between two hosts at once; both sides are told. */
  breakBetween(a: string, b: string): void {
    for (const connection of [...this.#connections.values()]) {
      const hosts = [connection.client.life.host.name, connection.server.life.host.name];
      if (!hosts.includes(a) || !hosts.includes(b)) continue;
      for (const side of [connection.client, connection.server]) this.#tellEnd(connection, side);
    }
  }

  /** Brings connections in line with who lives and what is cut. */
  settle(): void {
    for (const connection of [...this.#connections.values()]) {
      const { client, server, endpoint, up, down } = connection;
      if (!client.isOver && client.life.isDead) this.#hangUp(connection, client, true);
      if (!server.isOver && (server.life.isDead || !endpoint.isLive)) {
        this.#hangUp(connection, server, server.life.isDead);
      }
      up.settle();
      down.settle();
    }
  }

  /** One side ends it: the other hears of it behind what is queued, or after a time of silence. */
  #hangUp(connection: SessionConnection, side: Side, isAbrupt: boolean): void {
    const { client, server, up, down } = connection;
    side.isOver = true;
    const other = side === client ? server : client;
    const stream = side === client ? up : down;
    if (other.isOver) this.#connections.delete(connection.number);
    else if (side.life.host.isPowered) stream.end(isAbrupt && this.#options.streams.connect.below(2) === 0);
    if (!other.isOver) {
      this.#options.afterSilence(() => {
        // Frames that still get through are not silence.
        const isOpen = side.life.host.isPowered && !this.#linkOf(side, other).isCut;
        if (!isOpen) this.#tellEnd(connection, other);
      });
    }
  }

  #linkOf(from: Side, to: Side): Link {
    return this.#options.link(from.life.host.name, to.life.host.name);
  }

  /** In a task of its own: events never come from inside of a call. */
  #tellEnd(connection: SessionConnection, side: Side): void {
    const { time } = this.#options;
    const run = (): void => this.#ended(connection, side, 'the connection broke');
    time.add({ ...plainTask, atUs: time.nowUs, kind: 'session', life: side.life, run });
  }

  #ended(connection: SessionConnection, side: Side, cause: string): void {
    if (side.isOver) return;
    side.isOver = true;
    const { client, server } = connection;
    if (client.isOver && server.isOver) this.#connections.delete(connection.number);
    side.ended(cause);
  }

  // --- dialling -----------------------------------------------------------------------------------------------

  #dialing(life: Life, owner: SessionOwner, events: DialerEvents): Dialing {
    const { time, streams, conditions } = this.#options;
    return {
      life,
      owner,
      events,
      dial: (attempt) => this.#dial(attempt),
      hangUp: (connection) => this.#hangUp(connection, connection.client, false),
      later: (run) => {
        const atUs = time.nowUs + 1 + streams.connect.below(conditions.silenceUsMax);
        time.add({ ...plainTask, atUs, kind: 'session', life, run });
      },
    };
  }

  #dial(attempt: Attempt): void {
    const { endpointOf, hostOf, link, time, way } = this.#options;
    const { owner, life } = attempt.dialing;
    const host = hostOf(owner.ensemble, attempt.peer);
    // Nobody answers: the attempt's own time-out ends it.
    if (host === undefined) return;
    const there = link(life.host.name, host.name);
    const back = link(host.name, life.host.name);
    if (there.isCut) return;
    time.after('session', way.delayUs(there), () => {
      const endpoint = endpointOf(owner.ensemble, attempt.peer);
      if (there.isCut || back.isCut || attempt.isOver || life.isDead) return;
      if (endpoint?.events.sessions !== undefined) this.#accept(attempt, endpoint);
      else if (host.isPowered) {
        const run = (): void => attempt.failed('the connection was refused');
        time.add({ ...plainTask, atUs: time.nowUs + way.delayUs(back), kind: 'session', life, run });
      }
    });
  }

  #accept(attempt: Attempt, endpoint: Endpoint): void {
    const { time } = this.#options;
    const { dialing } = attempt;
    const { sessions } = endpoint.events;
    if (sessions === undefined) return;
    this.#number += 1;
    const number = this.#number;
    const client: Side = {
      life: dialing.life,
      isOver: false,
      frame: (bytes) => dialing.events.frame(bytes),
      drained: () => dialing.events.drained(),
      ended: (cause) => attempt.failed(cause),
    };
    const server: Side = {
      life: endpoint.life,
      isOver: false,
      frame: (bytes) => sessions.frame(number, bytes),
      drained: () => sessions.drained(number),
      ended: () => sessions.closed(number),
    };
    const stream = (from: Side, to: Side, connected: () => void): Stream => {
      const ended = (): void => this.#ended(connection, to, 'the other side hung up');
      const link = this.#linkOf(from, to);
      return new Stream({
        ...this.#options,
        link,
        reader: readerOf(to, connected, ended),
        writer: writerOf(from),
      });
    };
    const up = stream(client, server, () => undefined);
    const down = stream(server, client, () => {
      if (!client.isOver && !attempt.connected(connection)) this.#hangUp(connection, client, false);
    });
    const connection: SessionConnection = { number, client, server, endpoint, up, down };
    this.#connections.set(number, connection);
    const run = (): void => {
      if (server.isOver || !endpoint.isLive) return;
      sessions.opened(number);
      down.connect();
    };
    time.add({ ...plainTask, atUs: time.nowUs, kind: 'session', life: endpoint.life, run });
  }
}

function readerOf(side: Side, connected: () => void, ended: () => void): StreamReader {
  return {
    life: side.life,
    connected,
    ended,
    frame: (bytes) => {
      if (!side.isOver) side.frame(bytes);
    },
  };
}

function writerOf(side: Side): { life: Life; drained(): void } {
  return {
    life: side.life,
    drained: () => {
      if (!side.isOver) side.drained();
    },
  };
}
