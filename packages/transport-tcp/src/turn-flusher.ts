/**
 * Writes once a turn of the event loop: connections with something to send register here, and all of them are
 * flushed after the input of this turn has been handled. So whatever a turn sends to one member, by however
 * many messages and promises, is one write, without a timer or a promise of its own.
 */

export interface Flushable {
  flush(): void;
}

export class TurnFlusher {
  #waiting: Flushable[] = [];

  /** `flushable` asks once; it is its own business to remember that it has. */
  add(flushable: Flushable): void {
    this.#waiting.push(flushable);
    if (this.#waiting.length === 1) setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const flushable of waiting) flushable.flush();
  };
}
