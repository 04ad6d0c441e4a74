/**
 * Writes once a turn of the event loop: connections with something to send register here, and all of them are
 * flushed after the input of this turn has been handled, or when the sender says that it has nothing more. So whatever
 * a turn sends to one member, by however many messages and promises, is one write, without a timer or a promise of its
 * own.
 */

export interface Flushable {
  flush(): void;
}

export class TurnFlusher {
  #waiting: Flushable[] = [];
  /** At the end of this turn, as long as somebody waits. */
  #immediate: NodeJS.Immediate | undefined;

  /** `flushable` asks once; it is its own business to remember that it has. */
  add(flushable: Flushable): void {
    this.#waiting.push(flushable);
    this.#immediate ??= setImmediate(this.#endTurn);
  }

  /** All of them, now. */
  flush(): void {
    if (this.#immediate === undefined) return;
    clearImmediate(this.#immediate);
    this.#endTurn();
  }

  readonly #endTurn = (): void => {
    this.#immediate = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const flushable of waiting) flushable.flush();
  };
}
