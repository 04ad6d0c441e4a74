/**
 * Connects what a session is asked (a method was called) with what it made of it (a call got a number and an
 * answer). The two meet because a session enters its calls within the method: whatever it enters while a method
 * runs belongs to that method's operation.
 */
import type { ObservedCall, SessionObserver } from '@quorate/core/inspect';
import type { Call, Ending } from './call.ts';
import type { Actor, History, OpenOperation, OpenWatch } from './history.ts';

export class SessionTracker implements SessionObserver {
  readonly history: History;
  readonly #operations = new WeakMap<object, OpenOperation>();
  readonly #watches = new WeakMap<object, OpenWatch>();
  #calling: OpenOperation | undefined;
  /** An update whose recipe has just run: the write that follows is its. */
  #updating: OpenOperation | undefined;
  #watching: OpenWatch | undefined;

  constructor(history: History) {
    this.history = history;
  }

  /** Runs a method of the session as one operation and writes down how it ends. */
  operation<T>(
    actor: Actor,
    call: Call,
    run: (operation: OpenOperation) => Promise<T>,
    toEnding: { readonly answered: (answer: T) => Ending; readonly failed: (reason: unknown) => Ending },
  ): Promise<T> {
    const operation = this.history.begin(actor, call);
    this.#calling = operation;
    let answer: Promise<T>;
    try {
      answer = run(operation);
    } finally {
      this.#calling = undefined;
    }
    return answer.then(
      (result) => {
        this.history.end(operation, toEnding.answered(result));
        return result;
      },
      (reason: unknown) => {
        this.history.end(operation, toEnding.failed(reason));
        throw reason;
      },
    );
  }

  /** The recipe of an update is about to run on this value. */
  recipe(operation: OpenOperation, base: unknown): void {
    operation.base = base;
    this.#updating = operation;
  }

  /** Runs `watch()` of the session as this watch. */
  watch<T>(watch: OpenWatch, run: () => T): T {
    this.#watching = watch;
    try {
      return run();
    } finally {
      this.#watching = undefined;
    }
  }

  called(call: ObservedCall): void {
    const operation = this.#calling ?? (call.isWrite ? this.#updating : undefined);
    if (call.isWrite) this.#updating = undefined;
    if (operation === undefined) return;
    // The reads of an update are steps on its way.
    if (operation.call.kind === 'update' && !call.isWrite) return;
    if (call.isWrite) operation.observed = call;
    this.#operations.set(call, operation);
  }

  answered(call: ObservedCall, zxid: number): void {
    const operation = this.#operations.get(call);
    if (operation === undefined) return;
    operation.zxid = zxid;
    operation.answeredAt = this.history.mark();
  }

  watched(watch: object): void {
    if (this.#watching !== undefined) this.#watches.set(watch, this.#watching);
  }

  delivered(watch: object, delivery: { readonly kind: 'snapshot' | 'changes'; readonly zxid: number }): void {
    const { kind, zxid } = delivery;
    this.#watches.get(watch)?.deliveries.push({ at: this.history.mark(), kind, zxid });
  }

  ended(watch: object): void {
    const record = this.#watches.get(watch);
    if (record !== undefined) record.endedAt = this.history.mark();
  }
}
