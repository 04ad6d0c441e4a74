/**
 * The calls whose callers wait, reads as well as writes: their deadlines, their abort signals, and what becomes
 * of them when the session ends. One registry and one sweep on the peer's tick, so a call needs no timer, no
 * AbortController and no promise but its own.
 *
 * Invariant: a call is in the registry exactly while its promise is pending.
 */
import { CoordinationError, type Outcome } from '../errors.ts';
import { badArgument, optionalSignal } from './arguments.ts';
import type { WaitOptions } from './api-types.ts';

/** How long a caller waits. */
export interface Wait {
  /** As asked; told in errors. */
  readonly deadlineMs: number;
  /** On the link's clock. */
  readonly deadlineAtMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Checks the options of a call and starts its clock. Throws the signal's reason if it is aborted already. */
export function startWait(
  options: Record<keyof WaitOptions, unknown> | undefined,
  nowMs: number,
  deadlineMsDefault: number,
): Wait {
  const deadlineMs = options?.deadlineMs ?? deadlineMsDefault;
  if (typeof deadlineMs !== 'number' || !(deadlineMs > 0)) {
    throw badArgument('deadlineMs', 'it is a positive number of milliseconds, or Infinity');
  }
  const signal = optionalSignal(options?.signal);
  signal?.throwIfAborted();
  return { deadlineMs, deadlineAtMs: nowMs + deadlineMs, signal };
}

/** Of a call that has not begun. */
const noWait: Wait = Object.freeze({ deadlineMs: Infinity, deadlineAtMs: Infinity, signal: undefined });

/**
 * One pending promise. A subclass knows how to answer it and what giving it up means.
 *
 * Fields are declared and assigned, not defined, here and in the subclasses: what classes define before their
 * constructors run makes a call twice as expensive to create and to settle (Node 20).
 */
export abstract class WaitingCall {
  /** Use {@link fail}. */
  declare protected readonly reject: (reason: unknown) => void;
  declare wait: Wait;
  /** Defined while the caller waits. */
  declare protected registry: WaitingCalls | undefined;
  /** Its place in the registry, which alone uses it. */
  declare place: number;

  constructor(reject: (reason: unknown) => void) {
    this.reject = reject;
    this.wait = noWait;
    this.registry = undefined;
    this.place = 0;
  }

  get isWanted(): boolean {
    return this.registry !== undefined;
  }

  /** From here on the caller waits. */
  begin(registry: WaitingCalls, wait: Wait): void {
    this.wait = wait;
    this.registry = registry;
    registry.add(this);
    // The call itself is the listener (handleEvent): a closure a call would be garbage a call.
    wait.signal?.addEventListener('abort', this);
  }

  /** Stops waiting, without an answer yet; false if that had happened already. */
  protected stopWaiting(): boolean {
    if (this.registry === undefined) return false;
    this.registry.remove(this);
    this.registry = undefined;
    this.wait.signal?.removeEventListener('abort', this);
    return true;
  }

  fail(reason: unknown): void {
    if (this.stopWaiting()) this.reject(reason);
  }

  /** The signal's listener. */
  handleEvent(): void {
    if (!this.isWanted) return;
    this.giveUp();
    this.fail(this.wait.signal?.reason);
  }

  /** The deadline passed. */
  expire(isReachable: boolean): void {
    const code = this.overdueCode(isReachable);
    const outcome = this.giveUp();
    this.fail(
      new CoordinationError(outcome === 'applied' ? 'NOT_FULLY_REPLICATED' : code, {
        outcome,
        details: { deadlineMs: this.wait.deadlineMs },
      }),
    );
  }

  /** Nobody waits for the answer any more: withdraws what can be withdrawn and says what is known of the rest. */
  abstract giveUp(): Outcome;

  /** Asked before {@link giveUp}. */
  protected overdueCode(isReachable: boolean): 'OPERATION_TIMEOUT' | 'UNAVAILABLE' {
    return isReachable ? 'OPERATION_TIMEOUT' : 'UNAVAILABLE';
  }
}

/** Gaps that are worth a pass over all calls: more than a batch leaves, because the calls of one are answered together. */
const gapsMin = 1_024;

export class WaitingCalls {
  /**
   * In the order in which they began; undefined where one has left. Not a Set: what a Set outgrows stays linked to
   * what it grew into, and one such table that reaches the old generation keeps every later call alive.
   */
  #calls: (WaitingCall | undefined)[] = [];
  #count = 0;
  readonly #pending: (isPending: boolean) => void;
  /** Calls and other things that keep the process alive. */
  #holdCount = 0;
  /** No deadline is earlier; it may be too early, never too late. */
  #nextDeadlineAtMs = Infinity;

  /** `pending` hears when the first caller begins to wait and when the last one stops. */
  constructor(pending: (isPending: boolean) => void) {
    this.#pending = pending;
  }

  get count(): number {
    return this.#count;
  }

  add(call: WaitingCall): void {
    call.place = this.#calls.length;
    this.#calls.push(call);
    this.#count += 1;
    if (call.wait.deadlineAtMs < this.#nextDeadlineAtMs) this.#nextDeadlineAtMs = call.wait.deadlineAtMs;
    this.hold();
  }

  remove(call: WaitingCall): void {
    if (this.#calls[call.place] !== call) return;
    this.#calls[call.place] = undefined;
    this.#count -= 1;
    if (this.#count === 0) this.#calls = [];
    else if (this.#calls.length > 2 * this.#count + gapsMin) this.#close();
    this.release();
  }

  /** Closes the gaps. */
  #close(): void {
    this.#calls = this.#all();
    for (const [place, call] of this.#calls.entries()) if (call !== undefined) call.place = place;
  }

  #all(): WaitingCall[] {
    return this.#calls.filter((call) => call !== undefined);
  }

  /** Somebody waits for something without a deadline (the next batch of a watch). */
  hold(): void {
    this.#holdCount += 1;
    if (this.#holdCount === 1) this.#pending(true);
  }

  release(): void {
    this.#holdCount -= 1;
    if (this.#holdCount === 0) this.#pending(false);
  }

  /** Fails the calls whose deadline has passed. Costs nothing until the earliest of them is due. */
  sweep(nowMs: number, isReachable: boolean): void {
    if (nowMs < this.#nextDeadlineAtMs) return;
    this.#nextDeadlineAtMs = Infinity;
    for (const call of this.#all()) {
      if (call.wait.deadlineAtMs <= nowMs) call.expire(isReachable);
      else if (call.wait.deadlineAtMs < this.#nextDeadlineAtMs) {
        this.#nextDeadlineAtMs = call.wait.deadlineAtMs;
      }
    }
  }

  /** The session is over: fails every call, each with what is known of its outcome. */
  failAll(toError: (outcome: Outcome) => CoordinationError): void {
    for (const call of this.#all()) {
      if (call.isWanted) call.fail(toError(call.giveUp()));
    }
  }
}
