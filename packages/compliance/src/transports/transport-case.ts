/** What all cases of transports are. */
import type { CaseDefinition } from '../compliance-case.ts';
import type { CaseWorld } from './case-world.ts';
import type { TransportCapability } from './harness.ts';

export type TransportCase = CaseDefinition<CaseWorld, TransportCapability>;
