/** The ports that a peer holds while it runs: the transport is started here, and both are given back once. */
import type { Logger } from '../ports/logger.ts';
import type { Storage } from '../ports/storage.ts';
import type { Transport, TransportEvents, TransportOwner } from '../ports/transport.ts';
import { notStarted } from './failures.ts';

export interface PeerPortsOptions {
  readonly transport: Transport | undefined;
  readonly storage: Storage;
  readonly logger: Logger;
}

export class PeerPorts {
  readonly #options: PeerPortsOptions;
  #closing: Promise<void> | undefined;

  constructor(options: PeerPortsOptions) {
    this.#options = options;
  }

  async start(owner: TransportOwner, events: TransportEvents): Promise<void> {
    try {
      await this.#options.transport?.start(owner, events);
    } catch (error) {
      throw notStarted('FATAL', error);
    }
  }

  /**
   * Once only: after it the storage may be another peer's. Never rejects: whatever was promised is durable
   * already, so a port that fails now costs nothing, and nobody could do anything about it.
   */
  close(abrupt: boolean): Promise<void> {
    this.#closing ??= this.#close(abrupt);
    return this.#closing;
  }

  async #close(abrupt: boolean): Promise<void> {
    const { transport, storage, logger } = this.#options;
    const closings = [async () => await transport?.close({ abrupt }), async () => await storage.close()];
    for (const close of closings) {
      await close().catch((error: unknown) => logger.warn({ error }, 'a port failed when it was closed'));
    }
  }
}
