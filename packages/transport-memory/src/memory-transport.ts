/** The transport port over a {@link Switchboard}: one endpoint's life from start to close. */
import { CoordinationError } from '@quorate/core';
import type { Checksum, Transport, TransportEvents, TransportOwner } from '@quorate/core/ports';
import { Endpoint } from './endpoint.ts';
import type { Switchboard } from './switchboard.ts';

export class MemoryTransport implements Transport {
  readonly checksum?: Checksum;
  readonly #switchboard: Switchboard;
  #endpoint: Endpoint | undefined;
  #isClosed = false;

  constructor(switchboard: Switchboard, checksum: Checksum | undefined) {
    this.#switchboard = switchboard;
    if (checksum !== undefined) this.checksum = checksum;
  }

  async start(owner: TransportOwner, events: TransportEvents): Promise<void> {
    if (this.#isClosed || this.#endpoint !== undefined) {
      throw new CoordinationError('BAD_ARGUMENTS', {
        details: { argument: 'transport', reason: 'a transport starts once; ask the network for a new one' },
      });
    }
    const endpoint = new Endpoint(owner, events);
    this.#switchboard.add(endpoint);
    this.#endpoint = endpoint;
  }

  send(to: string, bytes: Uint8Array): boolean {
    return this.#endpoint !== undefined && this.#switchboard.send(this.#endpoint, to, bytes);
  }

  async close(options: { readonly abrupt?: boolean } = {}): Promise<void> {
    this.#isClosed = true;
    if (this.#endpoint !== undefined) this.#switchboard.remove(this.#endpoint, options.abrupt === true);
  }
}
