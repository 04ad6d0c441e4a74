/** The transport of a thread that a hub has started. */
import { MessageChannel, type MessagePort, workerData } from 'node:worker_threads';
import type { Transport } from '@quorate/core/ports';
import { badTransport } from './endpoint-place.ts';
import { Endpoint } from './endpoint.ts';
import { type Introduction, introductionKey } from './introduction.ts';

/** A worker's transport, with what `hub.spawn` was told about the peer in it. */
export interface WorkerTransport extends Transport {
  /** For `openPeer({ id })`. */
  readonly id: string;
  /** For `openPeer({ members })`. */
  readonly members: Readonly<Record<string, string>>;
}

/**
 * A transport for this worker's peer, or for a session without a replica. A peer keeps its thread alive until it is
 * closed; a peer that starts again takes a new transport.
 *
 * @throws CoordinationError `BAD_ARGUMENTS` in a thread that no hub has started.
 *
 * @example
 * const transport = workerTransport();
 * const peer = await openPeer({ id: transport.id, members: transport.members, transport });
 */
export function workerTransport(): WorkerTransport {
  const introduction = introductionOf(workerData);
  if (introduction === undefined) {
    throw badTransport(
      "this thread was not started by a hub's spawn; in the main thread use hub.transport()",
    );
  }
  const { id, members, port } = introduction;
  const openPort = (): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    port.postMessage(port1, [port1]);
    return port2;
  };
  const endpoint = new Endpoint({ openPort, keepsThreadAlive: true, member: undefined });
  return Object.assign(endpoint, { id, members });
}

function introductionOf(given: unknown): Introduction | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  // Only the hub writes under this name.
  return (given as Readonly<Record<string, Introduction | undefined>>)[introductionKey];
}
