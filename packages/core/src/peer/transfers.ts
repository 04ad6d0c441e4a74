/** Who waits for leadership to be handed on. Raft knows one transfer at a time: all waiters get its end. */
import { CoordinationError } from '../errors.ts';
import type { Settle } from './calls.ts';

export class Transfers {
  #waiting: Settle<void>[] = [];

  add(waiting: Settle<void>): void {
    this.#waiting.push(waiting);
  }

  end(isDone: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve, reject } of waiting) {
      if (isDone) resolve();
      else reject(notHandedOn('the chosen voter did not take over within an election time-out'));
    }
  }
}

export function notHandedOn(reason: string): CoordinationError {
  return new CoordinationError('UNAVAILABLE', { details: { reason } });
}
