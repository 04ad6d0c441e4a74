/** How an answer or an error of the public API is written down. */
import { CoordinationError } from '@quorate/core';
import type { Ending, Result } from './call.ts';

export const nothingEnding: Ending = Object.freeze({
  kind: 'answered',
  result: Object.freeze({ kind: 'nothing' }),
});

/** A call was answered with this. */
export function answeredWith(result: Result): Ending {
  return { kind: 'answered', result };
}

/** A call rejected with this reason. */
export function failedWith(reason: unknown, signal: AbortSignal | undefined): Ending {
  if (reason instanceof CoordinationError) {
    return { kind: 'failed', code: reason.code, outcome: reason.outcome, index: reason.details.index };
  }
  // An abort is not an undo, and a recipe may throw after an earlier round was lost.
  return {
    kind: 'failed',
    code: signal?.aborted === true ? 'ABORTED' : 'THROWN',
    outcome: 'unknown',
    index: undefined,
  };
}
