/** The transport port over TCP and Unix sockets: one transport's life from start to close. */
import { crc32 } from 'node:zlib';
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
import { SessionEnd } from './session-end.ts';
import { type EndpointOptions, MemberEndpoint } from './member-endpoint.ts';
import { checkedOptions, type TcpTransportOptions } from './options.ts';

/**
 * A transport between processes and machines, over TCP or Unix sockets. One for each peer; a restarted peer takes
 * a new one.
 *
 * @param options where to listen, and exactly one of `tls`, `psk` and `insecure: true`.
 * @throws CoordinationError `BAD_ARGUMENTS` for options that cannot be used, and for none that secure it.
 *
 * @example
 * const transport = tcpTransport({ listen: '10.0.0.1:7001', psk: process.env.ENSEMBLE_KEY });
 * const peer = await openPeer({ id: 'a', members: { a: '10.0.0.1:7001', b: '10.0.0.2:7001', c: '10.0.0.3:7001' }, transport });
 */
export function tcpTransport(options: TcpTransportOptions): Transport {
  return new TcpTransport(checkedOptions(options));
}

class TcpTransport implements Transport {
  readonly checksum: Checksum = crc32;
  readonly #options: EndpointOptions;
  #endpoint: MemberEndpoint | undefined;
  #isClosed = false;
  /** One for each session; those that were closed cost nothing. */
  readonly #sessionEnds: SessionEnd[] = [];

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  async start(owner: TransportOwner, events: TransportEvents): Promise<void> {
    if (this.#isClosed || this.#endpoint !== undefined) throw misused('it starts once; make a new one');
    const endpoint = new MemberEndpoint(this.#options, owner, events);
    this.#endpoint = endpoint;
    await endpoint.start();
  }

  send(to: string, bytes: Uint8Array): boolean {
    return this.#endpoint?.send(to, bytes) ?? false;
  }

  flush(): void {
    this.#endpoint?.flush();
  }

  sendToSession(connection: number, bytes: Uint8Array): boolean {
    return this.#endpoint?.sendToSession(connection, bytes) ?? false;
  }

  hangUpSession(connection: number): void {
    this.#endpoint?.hangUpSession(connection);
  }

  async startSession(owner: SessionOwner, events: DialerEvents): Promise<SessionDialer> {
    if (this.#isClosed) throw misused('it was closed; make a new one');
    const end = new SessionEnd(this.#options, owner, events);
    this.#sessionEnds.push(end);
    return end;
  }

  async close(options: { readonly abrupt?: boolean } = {}): Promise<void> {
    this.#isClosed = true;
    const ends = this.#sessionEnds.splice(0).map((end) => end.close());
    await Promise.all([...ends, this.#endpoint?.close(options.abrupt === true)]);
  }
}

function misused(reason: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENTS', { details: { argument: 'transport', reason } });
}
