/** What all cases of storages are. */
import type { CaseDefinition } from '../compliance-case.ts';
import type { CasePlace } from './case-place.ts';
import type { StorageCapability } from './harness.ts';

export type StorageCase = CaseDefinition<CasePlace, StorageCapability>;
