/**
 * Calls of the peer itself (ready, openSession, endSession, transferLeadership): each is tried, tried again
 * after a change of leader or a silence, and ends at its deadline. None needs a timer of its own: the peer's
 * tick looks at all of them.
 */
import { CoordinationError, type Outcome } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { WaitOptions } from '../session/api-types.ts';
import { optionsOf } from '../session/arguments.ts';
import { startWait, type Wait } from '../session/waiting-calls.ts';
import { withOutcome } from './failures.ts';

export interface Call<T> {
  /** Makes one attempt; answers come through the functions that `begin` was given. */
  attempt(settle: Settle<T>): void;
  /** What a deadline means for the caller: whether the thing may have happened all the same. */
  readonly outcomeUnknown: boolean;
  readonly options: WaitOptions | undefined;
}

export interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

interface Waiting {
  readonly deadlineAtMs: number;
  readonly deadlineMs: number;
  readonly outcomeUnknown: boolean;
  triedAtMs: number;
  readonly attempt: () => void;
  readonly reject: (error: unknown) => void;
}

/** As the default time-out of a session. */
const defaultDeadlineMs = 10_000;

export interface CallsOptions {
  readonly clock: Clock;
  readonly retryMs: number;
  /** Whether a leader is known: says which code a deadline gets. */
  isReachable(): boolean;
  /** Something waits: keep the process alive. */
  pending(isPending: boolean): void;
}

export class Calls {
  readonly #options: CallsOptions;
  readonly #waiting = new Set<Waiting>();
  #ended: CoordinationError | undefined;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  run<T>(call: Call<T>): Promise<T> {
    // What throws inside of the executor rejects the promise.
    return new Promise<T>((resolve, reject) => {
      const wait = startWait(optionsOf(call.options), this.#options.clock.now(), defaultDeadlineMs);
      if (this.#ended !== undefined) throw withOutcome(this.#ended, 'not-applied');
      this.#begin(call, wait, { resolve, reject });
    });
  }

  #begin<T>(call: Call<T>, wait: Wait, outer: Settle<T>): void {
    const { clock } = this.#options;
    const { signal, deadlineMs, deadlineAtMs } = wait;
    const onAbort = (): void => finish(() => outer.reject(signal?.reason));
    const finish = (settle: () => void): void => {
      if (!this.#waiting.delete(waiting)) return;
      if (this.#waiting.size === 0) this.#options.pending(false);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const settle: Settle<T> = {
      resolve: (value) => finish(() => outer.resolve(value)),
      reject: (error) => finish(() => outer.reject(error)),
    };
    const waiting: Waiting = {
      deadlineMs,
      deadlineAtMs,
      outcomeUnknown: call.outcomeUnknown,
      triedAtMs: clock.now(),
      attempt: () => call.attempt(settle),
      reject: settle.reject,
    };
    signal?.addEventListener('abort', onAbort);
    this.#waiting.add(waiting);
    if (this.#waiting.size === 1) this.#options.pending(true);
    waiting.attempt();
  }

  /** A leader is known (again): everything is tried once more. */
  retry(): void {
    const nowMs = this.#options.clock.now();
    for (const waiting of [...this.#waiting]) {
      waiting.triedAtMs = nowMs;
      waiting.attempt();
    }
  }

  tick(nowMs: number): void {
    for (const waiting of [...this.#waiting]) {
      if (nowMs >= waiting.deadlineAtMs) {
        const code = this.#options.isReachable() ? 'OPERATION_TIMEOUT' : 'UNAVAILABLE';
        const outcome: Outcome = waiting.outcomeUnknown ? 'unknown' : 'not-applied';
        waiting.reject(new CoordinationError(code, { outcome, details: { deadlineMs: waiting.deadlineMs } }));
      } else if (nowMs - waiting.triedAtMs >= this.#options.retryMs && this.#options.isReachable()) {
        waiting.triedAtMs = nowMs;
        waiting.attempt();
      }
    }
  }

  /** The peer is gone: every waiting and every later call ends with this. */
  end(error: CoordinationError): void {
    this.#ended = error;
    for (const waiting of [...this.#waiting]) {
      waiting.reject(withOutcome(error, waiting.outcomeUnknown ? 'unknown' : 'not-applied'));
    }
  }
}
