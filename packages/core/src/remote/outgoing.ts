/**
 * What is still to be sent on the present connection, in order. Calls wait as numbers and become requests when
 * there is room for them: until then they can be given up. Bounded by what the session may have in flight.
 */
import type { SessionRequest } from '../wire/session-messages.ts';

/** A call by its number, or a request that is made when it is its turn. */
type Item = number | (() => SessionRequest);

/** Where requests go. */
export interface Way {
  readonly hasRoom: boolean;
  send(request: SessionRequest): void;
}

/** Items that are done and worth a copy of the rest. */
const gapMin = 256;

export class Outgoing {
  readonly #way: Way;
  readonly #requestOf: (number: number) => SessionRequest | undefined;
  #items: Item[] = [];
  #head = 0;
  /** The last call that was sent on this connection. */
  #sentThrough = 0;

  /** `requestOf` answers undefined for a call that was given up. */
  constructor(way: Way, requestOf: (number: number) => SessionRequest | undefined) {
    this.#way = way;
    this.#requestOf = requestOf;
  }

  /** A new connection: these calls are sent again, in order. */
  restart(calls: Iterable<number>): void {
    this.#items = [...calls];
    this.#head = 0;
    this.#sentThrough = 0;
    this.pump();
  }

  /** The connection is gone. */
  stop(): void {
    this.#items = [];
    this.#head = 0;
    this.#sentThrough = 0;
  }

  addCall(number: number): void {
    this.#items.push(number);
    this.pump();
  }

  add(make: () => SessionRequest): void {
    this.#items.push(make);
    this.pump();
  }

  /** Whether the peer of this connection has heard of the call. */
  hasSent(number: number): boolean {
    return number <= this.#sentThrough;
  }

  pump(): void {
    while (this.#way.hasRoom) {
      const item = this.#items[this.#head];
      if (item === undefined) break;
      this.#head += 1;
      const request = typeof item === 'number' ? this.#requestOf(item) : item();
      if (typeof item === 'number') this.#sentThrough = item;
      if (request !== undefined) this.#way.send(request);
    }
    const isGapSmall = this.#head < gapMin || 2 * this.#head < this.#items.length;
    if (this.#head < this.#items.length && isGapSmall) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
