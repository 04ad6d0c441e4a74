/** Listens on one address: TCP or a Unix socket. What it accepts is still a stranger. */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { CoordinationError } from '@quorate/core';
import type { Logger } from '@quorate/core/ports';
import { type Address, formatAddress } from './address.ts';
import { refusalMsMin } from './limits.ts';

export interface ListenerOptions {
  readonly address: Address;
  readonly logger: Logger;
  accepted(socket: Socket): void;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  /** All that is open, whoever has it now. */
  readonly #sockets = new Set<Socket>();
  #complainedAtMs = Number.NEGATIVE_INFINITY;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      options.accepted(socket);
    });
  }

  /** @throws CoordinationError `BAD_ARGUMENTS` if nobody can listen there. */
  static async open(options: ListenerOptions): Promise<Listener> {
    const { address } = options;
    if (address.kind === 'unix') await removeStaleSocket(address.path);
    const listener = new Listener(options);
    await listener.#listen();
    return listener;
  }

  /** The port in use, which the system chose if 0 was asked for. Undefined for a Unix socket. */
  get bound(): Address | undefined {
    const bound = this.#server.address();
    if (typeof bound !== 'object' || bound === null) return undefined;
    return { kind: 'tcp', host: bound.address, port: bound.port };
  }

  /** Accepts nothing from now on. Resolves when everything that was accepted is gone, too. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  /** Ends whatever is still open. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #listen(): Promise<void> {
    const { address } = this.#options;
    return new Promise((resolve, reject) => {
      const failed = (cause: Error): void => {
        const reason = `${formatAddress(address)} cannot be listened on: ${cause.message}`;
        reject(new CoordinationError('BAD_ARGUMENTS', { details: { argument: 'listen', reason }, cause }));
      };
      this.#server.once('error', failed);
      this.#server.once('listening', () => {
        this.#server.off('error', failed);
        this.#server.on('error', (error) => this.#complain(error));
        // Whoever may write to it may talk to us.
        if (address.kind === 'unix') chmodSync(address.path, 0o600);
        resolve();
      });
      const place =
        address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
      // Else the primary of a cluster (node:cluster) would listen, and share the member's place with other workers.
      this.#server.listen({ ...place, exclusive: true });
      this.#server.unref();
    });
  }

  /** No file descriptors left, say: the system drops what it could not accept, and later ones may succeed. */
  #complain(error: Error): void {
    const nowMs = performance.now();
    if (nowMs - this.#complainedAtMs < refusalMsMin) return;
    this.#complainedAtMs = nowMs;
    this.#options.logger.error({ err: error }, 'a connection could not be accepted');
  }
}

/**
 * A process that died left its socket file, which nobody could listen on again. One that lives is left alone, and
 * so is everything that is no socket.
 */
function removeStaleSocket(path: string): Promise<void> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve();
    });
    probe.once('error', (error) => {
      const isRefused = 'code' in error && error.code === 'ECONNREFUSED';
      if (isRefused && lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
      resolve();
    });
  });
}
