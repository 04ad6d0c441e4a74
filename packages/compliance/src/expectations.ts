/** How a case says what it saw. No test runner is imported: a failure is an error like any other. */

/** An adapter did not behave as its port demands. The message says what was expected and what was seen. */
export class ComplianceFailure extends Error {
  override readonly name = 'ComplianceFailure';
}

/** Fails unless the condition holds. `seen` is shown as JSON. */
export function expectThat(condition: boolean, statement: string, seen?: unknown): asserts condition {
  if (condition) return;
  throw new ComplianceFailure(seen === undefined ? statement : `${statement}; seen: ${shown(seen)}`);
}

/** Fails unless both are the same as JSON; for the small plain values that logs are made of. */
export function expectSame(seen: unknown, expected: unknown, statement: string): void {
  const [seenText, expectedText] = [shown(seen), shown(expected)];
  if (seenText === expectedText) return;
  throw new ComplianceFailure(`${statement}; expected: ${expectedText}; seen: ${seenText}`);
}

const shownLengthMax = 2_000;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length <= shownLengthMax ? text : `${text.slice(0, shownLengthMax)} ...`;
}
