/** The transport port over a {@link Switchboard}: one endpoint's life, or one session's, from start to close. */
import { CoordinationError } from '@quorate/core';
import type {
  Checksum,
  DialerEvents,
  SessionDialer,
  SessionOwner,
  Transport,
  TransportEvents,
  TransportOwner,
} from '@quorate/core/ports';
import { Endpoint } from './endpoint.ts';
import type { Dialer } from './session-line.ts';
import type { Switchboard } from './switchboard.ts';

export class MemoryTransport implements Transport {
  readonly checksum?: Checksum;
  readonly #switchboard: Switchboard;
  readonly #sessionName: string;
  #endpoint: Endpoint | undefined;
  #dialer: Dialer | undefined;
  #isClosed = false;

  constructor(switchboard: Switchboard, checksum: Checksum | undefined, sessionName: string) {
    this.#switchboard = switchboard;
    this.#sessionName = sessionName;
    if (checksum !== undefined) this.checksum = checksum;
  }

  async start(owner: TransportOwner, events: TransportEvents): Promise<void> {
    this.#checkFresh();
    const endpoint = new Endpoint(owner, events);
    this.#switchboard.add(endpoint);
    this.#endpoint = endpoint;
  }

  send(to: string, bytes: Uint8Array): boolean {
    return this.#endpoint !== undefined && this.#switchboard.send(this.#endpoint, to, bytes);
  }

  async startSession(owner: SessionOwner, events: DialerEvents): Promise<SessionDialer> {
    this.#checkFresh();
    const { sessions } = this.#switchboard;
    const dialer: Dialer = {
      name: this.#sessionName,
      owner,
      events,
      isClosed: false,
      attempt: 0,
      line: undefined,
    };
    this.#dialer = dialer;
    return {
      dial: (peer) => sessions.dial(dialer, peer),
      send: (bytes) => sessions.sendToPeer(dialer, bytes),
      hangUp: () => sessions.hangUp(dialer, false),
      // Nothing here keeps a process alive but frames that are on their way.
      keepAlive: () => undefined,
      close: async () => this.#closeDialer(false),
    };
  }

  sendToSession(connection: number, bytes: Uint8Array): boolean {
    if (this.#endpoint === undefined) return false;
    return this.#switchboard.sessions.sendToSession(this.#endpoint, connection, bytes);
  }

  hangUpSession(connection: number): void {
    if (this.#endpoint !== undefined) this.#switchboard.sessions.hangUpSession(this.#endpoint, connection);
  }

  async close(options: { readonly abrupt?: boolean } = {}): Promise<void> {
    this.#isClosed = true;
    const isAbrupt = options.abrupt === true;
    if (this.#endpoint !== undefined) this.#switchboard.remove(this.#endpoint, isAbrupt);
    this.#closeDialer(isAbrupt);
  }

  #closeDialer(isAbrupt: boolean): void {
    if (this.#dialer === undefined) return;
    this.#dialer.isClosed = true;
    this.#switchboard.sessions.hangUp(this.#dialer, isAbrupt);
  }

  #checkFresh(): void {
    if (!this.#isClosed && this.#endpoint === undefined && this.#dialer === undefined) return;
    throw new CoordinationError('BAD_ARGUMENTS', {
      details: { argument: 'transport', reason: 'a transport starts once; ask the network for a new one' },
    });
  }
}
