/**
 * A transport for peers in one process, with links that tests can cut.
 *
 * @example
 * import { memoryNetwork } from '@quorate/transport-memory';
 * const network = memoryNetwork();
 * const transport = network.transport();
 *
 * @packageDocumentation
 */
export type { FaultDecision, Faults, FrameInTransit } from './faults.ts';
export { memoryNetwork } from './memory-network.ts';
export type {
  CutOptions,
  IsolateOptions,
  MemoryNetwork,
  MemoryNetworkOptions,
  MemoryTransportOptions,
} from './memory-network.ts';
