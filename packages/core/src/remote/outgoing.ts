/**
 * What is still to be sent on the present connection, in order. Calls wait as numbers and become requests when it is
 * their turn: until then they can be given up. Bounded by what the session may have in flight.
 *
 * A write waits until the reads before it are answered. If it overtook one, and the connection broke then, the read
 * could not be asked again elsewhere: the state at its place would be gone. (A session at a peer needs no such
 * waiting: its reads are lost only together with it.) What is no call, a sign of life say, waits for nobody.
 */
import type { SessionRequest } from '../wire/session-messages.ts';

/** Where requests go. */
export interface Way {
  readonly hasRoom: boolean;
  send(request: SessionRequest): void;
}

/** What the numbers of calls stand for. */
export interface Calls {
  kindOf(number: number): 'batch' | 'read' | 'watch' | undefined;
  /** Undefined: it was given up. */
  requestOf(number: number): SessionRequest | undefined;
}

/** Calls that are done and worth a copy of the rest. */
const gapMin = 256;

export class Outgoing {
  readonly #way: Way;
  readonly #calls: Calls;
  /** Calls to send, in order, from position #head. */
  #numbers: number[] = [];
  #head = 0;
  /** Made when they are sent. */
  #signals: (() => SessionRequest)[] = [];
  /** The last call that was sent on this connection. */
  #sentThrough = 0;
  /** Reads that were sent on this connection and are not answered. */
  readonly #reads = new Set<number>();

  constructor(way: Way, calls: Calls) {
    this.#way = way;
    this.#calls = calls;
  }

  /** A new connection: these calls are sent again, in order. */
  restart(calls: Iterable<number>): void {
    this.stop();
    this.#numbers = [...calls];
    this.pump();
  }

  /** The connection is gone. */
  stop(): void {
    this.#numbers = [];
    this.#head = 0;
    this.#signals = [];
    this.#sentThrough = 0;
    this.#reads.clear();
  }

  call(number: number): void {
    this.#numbers.push(number);
    this.pump();
  }

  signal(make: () => SessionRequest): void {
    this.#signals.push(make);
    this.pump();
  }

  /** A read is answered or given up: writes behind it may go. */
  readDone(number: number): void {
    if (this.#reads.delete(number) && this.#reads.size === 0) this.pump();
  }

  /** Whether the peer of this connection has heard of the call. */
  hasSent(number: number): boolean {
    return number <= this.#sentThrough;
  }

  pump(): void {
    while (this.#way.hasRoom) {
      const request = this.#signals.shift()?.() ?? this.#nextCall();
      if (request === undefined) break;
      this.#way.send(request);
    }
    const isGapSmall = this.#head < gapMin || 2 * this.#head < this.#numbers.length;
    if (this.#head < this.#numbers.length && isGapSmall) return;
    this.#numbers = this.#numbers.slice(this.#head);
    this.#head = 0;
  }

  #nextCall(): SessionRequest | undefined {
    for (;;) {
      const number = this.#numbers[this.#head];
      if (number === undefined) return undefined;
      const kind = this.#calls.kindOf(number);
      if (kind === 'batch' && this.#reads.size > 0) return undefined;
      this.#head += 1;
      this.#sentThrough = number;
      if (kind === 'read') this.#reads.add(number);
      const request = this.#calls.requestOf(number);
      if (request !== undefined) return request;
    }
  }
}
