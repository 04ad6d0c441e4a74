/**
 * Invariants stay on in production: a broken one is a bug, and stopping this peer is better than letting it
 * spread a wrong state. The peer turns it into code `FATAL`; nobody else may catch it.
 */

/** A bug in this library. Expected failures are CoordinationErrors instead. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(statement: string, facts: Readonly<Record<string, unknown>>) {
    super(
      `${statement} ${JSON.stringify(facts, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))}`,
    );
    this.facts = facts;
  }
}

/** States what must hold. Hot paths pass no `facts`: an object for every call is not free. */
export function invariant(
  condition: boolean,
  statement: string,
  facts?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (!condition) throw new InvariantViolation(statement, facts ?? {});
}

/** For the end of an exhaustive switch: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new InvariantViolation('unreachable', { value });
}
