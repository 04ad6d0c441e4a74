/** What stops a peer, as the error that its calls are rejected with and that `fatal` tells. */
import { CoordinationError, type ErrorCode, type Outcome } from '../errors.ts';

/** `cause` in words. Anything can be thrown, also something that cannot be made a text. */
export function reasonOf(cause: unknown): string {
  try {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return reason === '' ? 'no reason was given' : reason;
  } catch {
    return 'what was thrown cannot be shown';
  }
}

/** The failure of a peer that was running: what was under way may have happened. */
export function stopped(code: 'STORAGE_FAILED' | 'FATAL', cause: unknown): CoordinationError {
  return new CoordinationError(code, { cause, outcome: 'unknown', details: { reason: reasonOf(cause) } });
}

/** A peer that could not start. What is typed already (a damaged directory, say) stays what it is. */
export function notStarted(code: ErrorCode, cause: unknown): CoordinationError {
  if (cause instanceof CoordinationError) return cause;
  return new CoordinationError(code, { cause, details: { reason: reasonOf(cause) } });
}

/** The same failure with what is known of one call. */
export function withOutcome(error: CoordinationError, outcome: Outcome): CoordinationError {
  if (error.outcome === outcome) return error;
  const { code, details, cause, message } = error;
  return new CoordinationError(code, { outcome, details, cause, message });
}
