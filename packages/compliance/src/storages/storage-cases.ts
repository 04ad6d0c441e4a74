/** The suite for storages: all that packages/core/src/ports/storage.ts promises a peer, one case a sentence. */
import { bindCases, type ComplianceCase } from '../compliance-case.ts';
import { CasePlace } from './case-place.ts';
import { faultCases } from './cases/faults.ts';
import { logCases } from './cases/log.ts';
import { openingCases } from './cases/opening.ts';
import { snapshotCases } from './cases/snapshots.ts';
import type { StorageHarness } from './harness.ts';

/**
 * The cases that a storage must pass. Each opens a place of its own and closes it.
 *
 * @example
 * for (const { title, run } of storageCases(harness)) test(title, run);
 */
export function storageCases(harness: StorageHarness): readonly ComplianceCase[] {
  const definitions = [...openingCases, ...logCases, ...snapshotCases, ...faultCases];
  return bindCases(definitions, {
    cannot: harness.cannot ?? {},
    within: (run) => CasePlace.within(harness, run),
  });
}
