/**
 * The calls and returns of a history in the order of their positions, as a doubly linked list: a search takes an
 * operation out when it has placed it and puts it back in the reverse order, both at constant cost.
 *
 * Event 0 is the head, 2i+1 the call of operation i, 2i+2 its return. An operation without an answer has no return.
 */
import type { TimedOperation } from './sequential-model.ts';

export class EventList {
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #hasReturn: boolean[];

  constructor(history: readonly TimedOperation<unknown, unknown>[]) {
    this.#next = new Int32Array(2 * history.length + 1).fill(-1);
    this.#previous = new Int32Array(2 * history.length + 1).fill(-1);
    this.#hasReturn = history.map(({ output }) => output !== undefined);
    const events: { readonly event: number; readonly at: number }[] = [];
    for (const [operation, { calledAt, returnedAt }] of history.entries()) {
      events.push({ event: 2 * operation + 1, at: calledAt });
      if (this.#hasReturn[operation] === true) events.push({ event: 2 * operation + 2, at: returnedAt });
    }
    // At one position, calls before returns: then the two may overlap, which forbids less.
    events.sort((a, b) => a.at - b.at || (b.event % 2) - (a.event % 2));
    let last = 0;
    for (const { event } of events) {
      this.#next[last] = event;
      this.#previous[event] = last;
      last = event;
    }
  }

  /** -1: the list is empty. */
  get first(): number {
    return this.#next[0] ?? -1;
  }

  after(event: number): number {
    return this.#next[event] ?? -1;
  }

  /** False for a return and for the end of the list. */
  isCall(event: number): boolean {
    return event > 0 && event % 2 === 1;
  }

  operationOf(event: number): number {
    return (event - 1) >> 1;
  }

  callOf(operation: number): number {
    return 2 * operation + 1;
  }

  /** Takes call and return of an operation out. */
  lift(operation: number): void {
    this.#remove(2 * operation + 1);
    if (this.#hasReturn[operation] === true) this.#remove(2 * operation + 2);
  }

  /** Undoes the last `lift` that was not undone yet, which must have been of this operation. */
  unlift(operation: number): void {
    if (this.#hasReturn[operation] === true) this.#restore(2 * operation + 2);
    this.#restore(2 * operation + 1);
  }

  #remove(event: number): void {
    const previous = this.#previous[event] ?? -1;
    const next = this.#next[event] ?? -1;
    if (previous >= 0) this.#next[previous] = next;
    if (next >= 0) this.#previous[next] = previous;
  }

  #restore(event: number): void {
    const previous = this.#previous[event] ?? -1;
    const next = this.#next[event] ?? -1;
    if (previous >= 0) this.#next[previous] = event;
    if (next >= 0) this.#previous[next] = event;
  }
}
