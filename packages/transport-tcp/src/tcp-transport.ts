/** The transport port over TCP and Unix sockets: one transport's life from start to close. */
import { crc32 } from 'node:zlib';
import { CoordinationError } from '@quorate/core';
import type { Checksum, Transport, TransportEvents, TransportOwner } from '@quorate/core/ports';
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
  #isUsed = false;

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  async start(owner: TransportOwner, events: TransportEvents): Promise<void> {
    this.#use();
    const endpoint = new MemberEndpoint(this.#options, owner, events);
    this.#endpoint = endpoint;
    await endpoint.start();
  }

  send(to: string, bytes: Uint8Array): boolean {
    return this.#endpoint?.send(to, bytes) ?? false;
  }

  sendToSession(connection: number, bytes: Uint8Array): boolean {
    return this.#endpoint?.sendToSession(connection, bytes) ?? false;
  }

  hangUpSession(connection: number): void {
    this.#endpoint?.hangUpSession(connection);
  }

  async close(options: { readonly abrupt?: boolean } = {}): Promise<void> {
    this.#isUsed = true;
    await this.#endpoint?.close(options.abrupt === true);
  }

  #use(): void {
    if (!this.#isUsed) {
      this.#isUsed = true;
      return;
    }
    const reason = 'a transport starts once; make a new one';
    throw new CoordinationError('BAD_ARGUMENTS', { details: { argument: 'transport', reason } });
  }
}
