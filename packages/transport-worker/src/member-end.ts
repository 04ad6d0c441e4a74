/** One started member in its thread: its connections to the others of its ensemble, and to the sessions it serves. */
import type { MessagePort } from 'node:worker_threads';
import { CoordinationError } from '@quorate/core';
import type { TransportEvents, TransportOwner } from '@quorate/core/ports';
import { ChannelEnd } from './channel-end.ts';
import { badTransport, type EndpointPlace } from './endpoint-place.ts';
import type { Notice, Request } from './introduction.ts';
import { channelLimits, closeMsMax } from './limits.ts';

/** How `start` ends. */
interface Starting {
  resolve(): void;
  reject(error: CoordinationError): void;
}

export class MemberEnd {
  readonly #place: EndpointPlace;
  readonly #owner: TransportOwner;
  readonly #events: TransportEvents;
  readonly #port: MessagePort;
  readonly #links = new Map<string, ChannelEnd>();
  readonly #sessions = new Map<number, ChannelEnd>();
  #lastConnection = 0;
  #starting: Starting | undefined;
  #closing: Promise<void> | undefined;

  constructor(place: EndpointPlace, owner: TransportOwner, events: TransportEvents) {
    this.#place = place;
    this.#owner = owner;
    this.#events = events;
    this.#port = place.openPort();
  }

  /** Ends when the hub has answered. Until then it keeps its thread alive: somebody waits for it. */
  async start(): Promise<void> {
    const { ensemble, member } = this.#owner;
    const servesSessions = this.#events.sessions !== undefined;
    this.#port.on('message', (notice: Notice) => this.#noticed(notice));
    this.#port.on('close', () => this.#left());
    const request: Request = { kind: 'start', ensemble, member, servesSessions };
    this.#port.postMessage(request);
    await new Promise<void>((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
  }

  send(to: string, bytes: Uint8Array): boolean {
    const link = this.#links.get(to);
    return link !== undefined && bytes.length <= this.#owner.frameBytesMax && link.send(bytes);
  }

  sendToSession(connection: number, bytes: Uint8Array): boolean {
    const session = this.#sessions.get(connection);
    return session !== undefined && bytes.length <= this.#owner.frameBytesMax && session.send(bytes);
  }

  hangUpSession(connection: number): void {
    void this.#sessions.get(connection)?.end();
    this.#sessions.delete(connection);
  }

  close(isAbrupt: boolean): Promise<void> {
    const channels = [...this.#links.values(), ...this.#sessions.values()];
    this.#links.clear();
    this.#sessions.clear();
    // First of all: the same member may start again somewhere at once.
    this.#port.close();
    this.#left();
    if (isAbrupt) for (const channel of channels) channel.destroy();
    this.#closing ??= endAll(channels);
    return this.#closing;
  }

  get #isClosed(): boolean {
    return this.#closing !== undefined;
  }

  #left(): void {
    this.#starting?.reject(new CoordinationError('PEER_CLOSED'));
    this.#starting = undefined;
  }

  #noticed(notice: Notice): void {
    if (this.#isClosed) {
      if ('port' in notice) notice.port.close();
      return;
    }
    switch (notice.kind) {
      case 'started':
        if (!this.#place.keepsThreadAlive) this.#port.unref();
        this.#starting?.resolve();
        this.#starting = undefined;
        return;
      case 'refused':
        this.#starting?.reject(badTransport(notice.reason));
        this.#starting = undefined;
        void this.close(true);
        return;
      case 'meet':
        this.#meet(notice.member, notice.port);
        return;
      case 'serve':
        this.#serve(notice.port);
        return;
      case 'dialled':
      case 'unreachable':
        return;
    }
  }

  #meet(member: string, port: MessagePort): void {
    const earlier = this.#links.get(member);
    if (earlier !== undefined) {
      // Its next life was introduced before the end of the last one arrived here.
      earlier.destroy();
      this.#unlink(member, earlier);
    }
    const link = new ChannelEnd(port, channelLimits, {
      frame: (bytes) => this.#tell((events) => events.frame(member, bytes)),
      closed: () => this.#unlink(member, link),
    });
    this.#links.set(member, link);
    this.#tell((events) => events.connected(member));
  }

  #unlink(member: string, link: ChannelEnd): void {
    if (this.#links.get(member) !== link) return;
    this.#links.delete(member);
    this.#tell((events) => events.disconnected(member));
  }

  #serve(port: MessagePort): void {
    this.#lastConnection += 1;
    const connection = this.#lastConnection;
    const session = new ChannelEnd(port, channelLimits, {
      frame: (bytes) => this.#tell((events) => events.sessions?.frame(connection, bytes)),
      drained: () => this.#tell((events) => events.sessions?.drained(connection)),
      closed: () => {
        this.#sessions.delete(connection);
        this.#tell((events) => events.sessions?.closed(connection));
      },
    });
    this.#sessions.set(connection, session);
    session.greet();
    this.#tell((events) => events.sessions?.opened(connection));
  }

  /** A listener that throws has a bug, which must not cost the other members their frames. */
  #tell(call: (events: TransportEvents) => void): void {
    if (this.#isClosed) return;
    try {
      call(this.#events);
    } catch (error) {
      const { logger, member } = this.#owner;
      logger.error({ member, err: error }, 'a listener of the transport threw');
    }
  }
}

/** Waits until what is queued has been written, but not for ever: a thread may have stopped reading. */
async function endAll(channels: readonly ChannelEnd[]): Promise<void> {
  const expiry = setTimeout(() => {
    for (const channel of channels) channel.destroy();
  }, closeMsMax);
  await Promise.all(channels.map((channel) => channel.end()));
  clearTimeout(expiry);
}
