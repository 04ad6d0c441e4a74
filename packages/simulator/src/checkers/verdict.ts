/**
 * What a checker says of a history. Checkers are pure: the same history always gets the same verdict, and what
 * they were not able to decide is said, never taken for valid.
 */

/** A verdict; only `valid` is good. */
export type Verdict = Valid | Violation | Undecided;

/** Nothing in the history contradicts the promise. */
export interface Valid {
  readonly kind: 'valid';
}

/** The promise was broken. */
export interface Violation {
  readonly kind: 'violation';
  /** The promise, by name: `Linearizable`, `SessionSequential`, `WatchOrdered` ... */
  readonly rule: string;
  /** For people: what was expected and what was seen; may have several lines. */
  readonly explanation: string;
  /** Ids of the records that it is about, the accused one first. */
  readonly operations: readonly number[];
}

/** The bound on states was reached first. Callers count it as a failure. */
export interface Undecided {
  readonly kind: 'unknown';
  readonly rule: string;
  readonly explanation: string;
}

export const valid: Valid = Object.freeze({ kind: 'valid' });

/** A violation of `rule`. */
export function violation(rule: string, explanation: string, operations: readonly number[] = []): Violation {
  return { kind: 'violation', rule, explanation, operations };
}

/** The first verdict that is not good. A violation goes before what is merely undecided. */
export function worst(verdicts: Iterable<Verdict>): Verdict {
  let found: Verdict = valid;
  for (const verdict of verdicts) {
    if (verdict.kind === 'violation') return verdict;
    if (verdict.kind === 'unknown') found = verdict;
  }
  return found;
}
