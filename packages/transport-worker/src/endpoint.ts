/** The transport port in one thread: a member with its connections, or a session's end. */
import { crc32 } from 'node:zlib';
import type {
  Checksum,
  DialerEvents,
  SessionDialer,
  SessionOwner,
  Transport,
  TransportEvents,
  TransportOwner,
} from '@quorate/core/ports';
import { WorkerDialer } from './dialer.ts';
import { badTransport, type EndpointPlace } from './endpoint-place.ts';
import { MemberEnd } from './member-end.ts';

export class Endpoint implements Transport {
  readonly checksum: Checksum = crc32;
  readonly #place: EndpointPlace;
  #member: MemberEnd | undefined;
  #dialer: WorkerDialer | undefined;
  #isClosed = false;

  constructor(place: EndpointPlace) {
    this.#place = place;
  }

  async start(owner: TransportOwner, events: TransportEvents): Promise<void> {
    this.#checkFresh();
    const { member } = this.#place;
    if (member !== undefined && member !== owner.member) {
      const reason = `this transport is for ${JSON.stringify(member)}, not for ${JSON.stringify(owner.member)}`;
      throw badTransport(reason);
    }
    this.#member = new MemberEnd(this.#place, owner, events);
    await this.#member.start();
  }

  send(to: string, bytes: Uint8Array): boolean {
    return this.#member?.send(to, bytes) ?? false;
  }

  sendToSession(connection: number, bytes: Uint8Array): boolean {
    return this.#member?.sendToSession(connection, bytes) ?? false;
  }

  hangUpSession(connection: number): void {
    this.#member?.hangUpSession(connection);
  }

  async startSession(owner: SessionOwner, events: DialerEvents): Promise<SessionDialer> {
    this.#checkFresh();
    this.#dialer = new WorkerDialer(this.#place.openPort(), owner, events);
    return this.#dialer;
  }

  async close(options: { readonly abrupt?: boolean } = {}): Promise<void> {
    this.#isClosed = true;
    await this.#member?.close(options.abrupt === true);
    await this.#dialer?.close();
  }

  #checkFresh(): void {
    if (this.#isClosed || this.#member !== undefined || this.#dialer !== undefined) {
      throw badTransport('a transport starts once; make a new one');
    }
  }
}
