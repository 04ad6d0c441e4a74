/** Runs cases one after another, for those who have no test runner at hand. */
import type { ComplianceCase } from './compliance-case.ts';

/** What became of the cases, by title. */
export interface CaseResults {
  readonly passed: readonly string[];
  readonly failed: readonly { readonly title: string; readonly error: unknown }[];
  readonly skipped: readonly { readonly title: string; readonly reason: string }[];
}

/**
 * Runs cases one after another; a case that fails stops none of the others.
 *
 * @example
 * const { failed } = await runCases(transportCases(harness));
 * for (const { title, error } of failed) console.error(title, error);
 */
export async function runCases(cases: readonly ComplianceCase[]): Promise<CaseResults> {
  const passed: string[] = [];
  const failed: { title: string; error: unknown }[] = [];
  const skipped: { title: string; reason: string }[] = [];
  for (const { title, skipped: reason, run } of cases) {
    if (reason !== undefined) {
      skipped.push({ title, reason });
      continue;
    }
    try {
      await run();
      passed.push(title);
    } catch (error) {
      failed.push({ title, error });
    }
  }
  return { passed, failed, skipped };
}
