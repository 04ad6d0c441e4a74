/** States what must hold: a breach is a bug of this package or of its caller, never a damaged disk. */

/** A bug. Expected failures are CoordinationErrors instead. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

export function invariant(
  condition: boolean,
  statement: string,
  facts?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (!condition) throw new InvariantViolation(`${statement} ${JSON.stringify(facts ?? {})}`);
}
