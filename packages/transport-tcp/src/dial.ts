/** One attempt to reach somebody: connect, secure, shake hands; in bounded time, with exactly one answer. */
import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { type Channels, type DialTarget, messageOf } from './channel.ts';
import { type ChannelFacts, type Counterpart, DiallerHandshake } from './handshake.ts';
import { type Introduction, nonceBytes } from './handshake-messages.ts';
import { type Stop, talk } from './talk.ts';
import type { Refusal } from './refusal.ts';

export interface DialOptions {
  readonly channels: Channels;
  readonly target: DialTarget;
  readonly introduction: Omit<Introduction, 'nonce'>;
  readonly handshakeMsMax: number;
}

/** A connection whose ends know each other, and what came on it already. */
export interface Acquainted {
  readonly socket: Socket;
  readonly counterpart: Counterpart;
  readonly rest: Buffer;
}

export type DialFailure =
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** The other end has a better connection to us. */
  | { readonly kind: 'superseded' };

export interface DialEvents {
  acquainted(connection: Acquainted): void;
  failed(failure: DialFailure): void;
}

export class Dial {
  readonly #options: DialOptions;
  readonly #events: DialEvents;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #handshake: DiallerHandshake | undefined;
  #stopTalking: Stop | undefined;
  #isOver = false;

  constructor(options: DialOptions, events: DialEvents) {
    this.#options = options;
    this.#events = events;
    const { channels, target, handshakeMsMax } = options;
    this.#timer = setTimeout(() => this.#fail('it did not answer in time'), handshakeMsMax);
    this.#socket = this.#connect(channels, target);
    this.keepAlive(false);
  }

  /** What cannot even be begun, as with certificates that are gone, fails as what nobody answers does: a little later. */
  #connect(channels: Channels, target: DialTarget): Socket {
    try {
      return channels.dial(target, {
        open: (_socket, facts) => this.#greet(facts),
        failed: (cause) => this.#fail(cause),
      });
    } catch (cause) {
      queueMicrotask(() => this.#fail(messageOf(cause)));
      return new Socket();
    }
  }

  /** Whether this attempt keeps the process alive. */
  keepAlive(alive: boolean): void {
    if (alive) this.#timer.ref();
    else this.#timer.unref();
    if (alive) this.#socket.ref();
    else this.#socket.unref();
  }

  /** The other end may hold this connection for made. */
  get isConfirmed(): boolean {
    return this.#handshake?.isConfirmed ?? false;
  }

  /** No answer follows. */
  cancel(): void {
    this.#end();
    this.#socket.destroy();
  }

  #greet(facts: ChannelFacts): void {
    if (this.#isOver) return;
    const { target, introduction } = this.#options;
    const { role, member } = target;
    const nonce = randomBytes(nonceBytes);
    const handshake = new DiallerHandshake(facts, { ...introduction, role, target: member, nonce });
    this.#handshake = handshake;
    this.#stopTalking = talk(this.#socket, handshake, {
      proven: (counterpart, rest) => {
        this.#end();
        this.#events.acquainted({ socket: this.#socket, counterpart, rest });
      },
      refused: ({ refusal, superseded = false }) => {
        if (superseded) this.#answer({ kind: 'superseded' });
        else this.#fail(refusal);
      },
      left: (reason) => this.#fail(reason),
    });
    this.#socket.write(handshake.opening);
  }

  #fail(cause: Refusal | string): void {
    this.#answer(
      typeof cause === 'string'
        ? { kind: 'unreachable', reason: cause }
        : { kind: 'refused', refusal: cause },
    );
  }

  #answer(failure: DialFailure): void {
    if (this.#isOver) return;
    this.#end();
    this.#socket.destroy();
    this.#events.failed(failure);
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#stopTalking?.();
  }
}
