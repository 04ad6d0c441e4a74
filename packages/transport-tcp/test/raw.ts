/** Connections that speak the protocol by hand, in order to break it. */
import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { DiallerHandshake, type Step } from '../src/handshake.ts';
import { type Hello, lifeBytes, nonceBytes } from '../src/handshake-messages.ts';

const opened: { destroy(): unknown }[] = [];

afterEach(() => {
  for (const each of opened.splice(0)) each.destroy();
});

export interface Raw {
  readonly socket: Socket;
  /** All that came. */
  received(): Buffer;
  isClosed: boolean;
}

export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

/** A connection that reads what comes, unless it is paused. */
export function dialRaw(address: string): Promise<Raw> {
  const socket = connect(portOf(address), '127.0.0.1');
  opened.push(socket);
  const chunks: Buffer[] = [];
  const raw: Raw = { socket, received: () => Buffer.concat(chunks), isClosed: false };
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    raw.isClosed = true;
  });
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(raw));
    socket.once('close', () => resolve(raw));
  });
}

export function helloTo(target: string, more: Partial<Hello> = {}): Hello {
  return {
    role: 'member',
    ensemble: 'test',
    member: 'b',
    target,
    incarnation: 1,
    frameBytesMax: 1_000_000,
    life: randomBytes(lifeBytes),
    nonce: randomBytes(nonceBytes),
    ...more,
  };
}

/** A connection without secrets that has shaken hands as `hello` says; the caller sends and reads frames. */
export async function shakeHands(address: string, hello: Hello): Promise<Raw> {
  const raw = await dialRaw(address);
  const handshake = new DiallerHandshake(
    { identity: { kind: 'anybody' }, bindingKey: new Uint8Array(32) },
    hello,
  );
  raw.socket.write(handshake.opening);
  await new Promise<void>((resolve, reject) => {
    const talked = (chunk: Buffer): void => {
      const step: Step = handshake.receive(chunk);
      if (step.kind === 'wait') {
        if (step.reply !== undefined) raw.socket.write(step.reply);
        return;
      }
      raw.socket.off('data', talked);
      if (step.kind === 'proven') resolve();
      else reject(new TypeError(step.refusal.reason));
    };
    raw.socket.on('data', talked);
    raw.socket.once('close', () => reject(new TypeError('it closed during the handshake')));
  });
  return raw;
}

export function frameOf(...bytes: number[]): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, Buffer.from(bytes)]);
}

/** One connection through a {@link Proxy}, and what its dialler has said. */
export interface Wire {
  readonly from: Socket;
  readonly to: Socket;
  sent: Buffer;
}

/** Stands between diallers and an address: passes bytes on, and can cut or hold them. */
export class Proxy {
  readonly address: string;
  readonly wires: Wire[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    const bound = server.address();
    this.address = `127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
  }

  static open(target: string): Promise<Proxy> {
    const server = createServer();
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const proxy = new Proxy(server);
        opened.push(proxy);
        server.on('connection', (from) => proxy.#join(from, connect(portOf(target), '127.0.0.1')));
        resolve(proxy);
      });
    });
  }

  /** Ends all connections, as a cable that is pulled: with a reset or a proper end. */
  cut(how: 'reset' | 'end'): void {
    for (const { from, to } of this.wires.splice(0)) {
      for (const socket of [from, to]) {
        if (how === 'reset') socket.resetAndDestroy();
        else socket.destroy();
      }
    }
  }

  /** From now on nothing passes, and nobody is told. */
  hold(): void {
    for (const { from, to } of this.wires) for (const socket of [from, to]) socket.pause();
  }

  destroy(): void {
    this.#server.close();
    this.cut('end');
  }

  #join(from: Socket, to: Socket): void {
    const wire: Wire = { from, to, sent: Buffer.alloc(0) };
    this.wires.push(wire);
    from.on('data', (chunk: Buffer) => {
      if (wire.sent.length < 10_000) wire.sent = Buffer.concat([wire.sent, chunk]);
    });
    // Unlike by hand, with the back pressure of a wire.
    from.pipe(to);
    to.pipe(from);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      one.on('error', () => undefined);
      // A proper end has been passed on already, after all that came before it.
      one.on('close', () => {
        if (!one.readableEnded) other.destroy();
      });
    }
  }
}
