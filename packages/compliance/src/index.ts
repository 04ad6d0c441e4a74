/**
 * Suites that the author of a transport or a storage runs against it, with any test runner.
 *
 * @example
 * import { transportCases } from '@quorate/compliance';
 * for (const { title, run } of transportCases(harness)) test(title, run);
 *
 * @packageDocumentation
 */
export type { ComplianceCase } from './compliance-case.ts';
export { ComplianceFailure } from './expectations.ts';
export { runCases } from './run-cases.ts';
export type { CaseResults } from './run-cases.ts';
export type { Leftovers, StorageCapability, StorageHarness, TestPlace } from './storages/harness.ts';
export { storageCases } from './storages/storage-cases.ts';
export type { TestNetwork, TransportCapability, TransportHarness } from './transports/harness.ts';
export { transportCases } from './transports/transport-cases.ts';
