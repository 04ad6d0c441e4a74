/**
 * What waits for a turn of the event loop: everything that is due is taken at once, in the order in which it
 * came. Items that were held back come after those that were not, so a held frame is overtaken.
 */
export class TurnQueue<T> {
  #due: T[] = [];
  /** By the turn in which they are due. */
  readonly #held = new Map<number, T[]>();
  #turn = 0;

  get isEmpty(): boolean {
    return this.#due.length === 0 && this.#held.size === 0;
  }

  /** Due in the next turn, or `heldTurns` turns after it. */
  push(item: T, heldTurns = 0): void {
    if (heldTurns === 0) {
      this.#due.push(item);
      return;
    }
    const turn = this.#turn + 1 + heldTurns;
    const items = this.#held.get(turn);
    if (items === undefined) this.#held.set(turn, [item]);
    else items.push(item);
  }

  /** Begins the next turn. What is pushed from now on belongs to a later one. */
  take(): readonly T[] {
    this.#turn += 1;
    const due = this.#due;
    this.#due = [];
    const held = this.#held.get(this.#turn);
    if (held === undefined) return due;
    this.#held.delete(this.#turn);
    return [...due, ...held];
  }
}
