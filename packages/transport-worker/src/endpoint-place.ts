/** What an endpoint is told by whoever makes it: the hub in its own thread, or the introduction in a worker. */
import type { MessagePort } from 'node:worker_threads';
import { CoordinationError } from '@quorate/core';

/** Where an endpoint lives. */
export interface EndpointPlace {
  /** Makes the way to the hub. Called once, when the endpoint starts. */
  readonly openPort: () => MessagePort;
  /** Whether a started member keeps its thread alive: a worker has nothing else to live for, the main thread has. */
  readonly keepsThreadAlive: boolean;
  /** The id that its peer must have; undefined: any. */
  readonly member: string | undefined;
}

export function badTransport(reason: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENTS', { details: { argument: 'transport', reason } });
}
