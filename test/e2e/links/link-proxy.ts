/** The way from one process to one other: a TCP proxy that whoever dials goes through, with faults in both directions. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { RandomStream } from '@quorate/simulator';
import { Flow, type LinkConditions } from './flow.ts';

export interface LinkProxyParts {
  /** Where the process that is dialled listens. */
  readonly port: number;
  readonly there: () => LinkConditions;
  readonly back: () => LinkConditions;
  readonly stream: RandomStream;
}

interface Proxied {
  readonly dialling: Socket;
  readonly dialled: Socket;
  readonly flows: readonly Flow[];
  /** Over for the end that was dialled, which the other end is not told. */
  isHalfOpen: boolean;
}

export class LinkProxy {
  readonly #parts: LinkProxyParts;
  readonly #server: Server;
  readonly #connections = new Set<Proxied>();

  constructor(parts: LinkProxyParts) {
    this.#parts = parts;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Where to dial. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Both ends are told that it is over. */
  breakAll(): void {
    for (const { dialling, dialled } of this.#connections) {
      dialling.destroy();
      dialled.destroy();
    }
  }

  /** Each connection is over for the end that was dialled; the other end goes on without an answer. */
  halfOpenAll(): void {
    for (const proxied of this.#connections) {
      proxied.isHalfOpen = true;
      for (const flow of proxied.flows) flow.deafen();
      proxied.dialled.destroy();
    }
  }

  /** What has lost bytes cannot go on; nor can what is open at one end only. */
  breakDamaged(): void {
    for (const { dialling, dialled, flows } of this.#connections) {
      if (!dialled.destroyed && !flows.some(({ hasHole }) => hasHole)) continue;
      dialling.destroy();
      dialled.destroy();
    }
  }

  close(): void {
    this.#server.close();
    this.breakAll();
  }

  #accept(dialling: Socket): void {
    const { there, back, stream, port } = this.#parts;
    dialling.on('error', () => undefined);
    if (there().isCut || back().isCut) {
      dialling.destroy();
      return;
    }
    const dialled = connect(port, '127.0.0.1');
    dialling.setNoDelay(true);
    dialled.setNoDelay(true);
    const flows = [
      new Flow({ source: dialling, target: dialled, conditions: there, stream }),
      new Flow({ source: dialled, target: dialling, conditions: back, stream }),
    ];
    const proxied: Proxied = { dialling, dialled, flows, isHalfOpen: false };
    dialled.on('error', () => undefined);
    dialled.on('close', () => {
      if (!proxied.isHalfOpen) dialling.destroy();
    });
    dialling.on('close', () => {
      dialled.destroy();
      this.#connections.delete(proxied);
    });
    this.#connections.add(proxied);
  }
}
