/** The session's end of a simulated transport: one connection at a time, and one attempt to make it. */
import type { DialerEvents, SessionDialer, SessionOwner } from '@quorate/core/ports';
import type { Endpoint } from './endpoint.ts';
import type { Life } from './life.ts';
import type { Stream } from './stream.ts';

/** What one side holds of a connection. */
export interface Side {
  readonly life: Life;
  /** Told of its end, or gone: it hears nothing any more. */
  isOver: boolean;
  frame(bytes: Uint8Array): void;
  drained(): void;
  ended(cause: string): void;
}

export interface SessionConnection {
  readonly number: number;
  readonly client: Side;
  readonly server: Side;
  readonly endpoint: Endpoint;
  /** From the client to the server, and back. */
  readonly up: Stream;
  readonly down: Stream;
}

/** What a dialer needs of the network, and for whom it dials. */
export interface Dialing {
  readonly life: Life;
  readonly owner: SessionOwner;
  readonly events: DialerEvents;
  dial(attempt: Attempt): void;
  hangUp(connection: SessionConnection): void;
  /** Runs after the time in which an attempt must succeed. */
  later(run: () => void): void;
}

/** One call of `dial`, until its connection ends. */
export class Attempt {
  readonly peer: string;
  readonly dialing: Dialing;
  /** It failed, or another one has taken its place. */
  isOver = false;
  connection: SessionConnection | undefined;

  constructor(peer: string, dialing: Dialing) {
    this.peer = peer;
    this.dialing = dialing;
  }

  /** False: nobody waits for it any more. */
  connected(connection: SessionConnection): boolean {
    if (this.isOver) return false;
    this.connection = connection;
    this.dialing.events.connected(this.peer);
    return true;
  }

  failed(cause: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.dialing.events.disconnected(this.peer, cause);
  }
}

export class Dialer implements SessionDialer {
  readonly #dialing: Dialing;
  #attempt: Attempt | undefined;
  #isClosed = false;

  constructor(dialing: Dialing) {
    this.#dialing = dialing;
  }

  dial(peer: string): void {
    this.hangUp();
    if (this.#isClosed || this.#dialing.life.isDead) return;
    const attempt = new Attempt(peer, this.#dialing);
    this.#attempt = attempt;
    this.#dialing.dial(attempt);
    this.#dialing.later(() => {
      if (attempt.connection === undefined) attempt.failed('nobody answered');
    });
  }

  send(bytes: Uint8Array): boolean {
    const connection = this.#attempt?.connection;
    const { life, owner } = this.#dialing;
    if (connection === undefined || connection.client.isOver || life.isDead) return false;
    return bytes.length <= owner.frameBytesMax && connection.up.send(bytes);
  }

  hangUp(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt === undefined) return;
    attempt.isOver = true;
    const { connection } = attempt;
    if (connection !== undefined && !connection.client.isOver) this.#dialing.hangUp(connection);
  }

  /** A simulated process lives until it is ended. */
  keepAlive(): void {}

  async close(): Promise<void> {
    this.#isClosed = true;
    this.hangUp();
  }
}
