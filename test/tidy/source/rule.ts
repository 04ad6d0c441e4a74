/** What a rule is. It carries its own samples, so that each rule is proven able to fail. */
import type { Checkout, Files } from './checkout.ts';

export interface Violation {
  readonly path: string;
  readonly line: number;
  /** What is wrong here. */
  readonly problem: string;
  /** What to do about it. */
  readonly instead: string;
}

export interface Rule {
  readonly name: string;
  check(checkout: Checkout): readonly Violation[];
  /** Small checkouts that break the rule, each with the places (`path:line`) where it must be found. */
  readonly bad: readonly { readonly files: Files; readonly found: readonly string[] }[];
  /** Small checkouts that look suspicious but obey it. */
  readonly good: readonly Files[];
}

/** One line for a person: where, which rule, what is wrong, what to do. */
export function explain(rule: Rule, violation: Violation): string {
  const { path, line, problem, instead } = violation;
  return `${path}:${line}  ${rule.name}: ${problem}. Instead: ${instead}.`;
}
