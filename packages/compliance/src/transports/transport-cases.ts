/** The suite for transports: all that packages/core/src/ports/transport.ts promises a peer, one case a sentence. */
import { bindCases, type ComplianceCase } from '../compliance-case.ts';
import { boundCases } from './cases/bounds.ts';
import { connectionCases } from './cases/connections.ts';
import { endingCases } from './cases/endings.ts';
import { ensembleCases } from './cases/ensemble.ts';
import { frameCases } from './cases/frames.ts';
import { hostCases } from './cases/host.ts';
import { listenerCases } from './cases/listeners.ts';
import { sessionConnectionCases } from './cases/session-connections.ts';
import { sessionFrameCases } from './cases/session-frames.ts';
import { CaseWorld } from './case-world.ts';
import type { TransportHarness } from './harness.ts';

/**
 * The cases that a transport must pass. Each opens a network of its own and closes it.
 *
 * @example
 * for (const { title, run } of transportCases(harness)) test(title, run);
 */
export function transportCases(harness: TransportHarness): readonly ComplianceCase[] {
  const definitions = [
    ...connectionCases,
    ...endingCases,
    ...frameCases,
    ...boundCases,
    ...listenerCases,
    ...hostCases,
    ...sessionConnectionCases,
    ...sessionFrameCases,
    ...ensembleCases,
  ];
  return bindCases(definitions, {
    cannot: harness.cannot ?? {},
    within: (run) => CaseWorld.within(harness, run),
  });
}
