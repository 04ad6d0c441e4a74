/** Sessions on real sockets: a peer that serves them, and a session's end, with what each was told. */
import type { ServedSessionEvents, SessionDialer } from '@quorate/core/ports';
import { afterEach } from 'vitest';
import { tcpTransport, type TcpTransportOptions } from '../src/index.ts';
import { silent } from './started.ts';

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((end) => end.close()));
});

/** "+1", "-1", "~1" for drained, or "1:1,2,3" for a frame of bytes 1, 2, 3. */
export function servedEvents(told: string[]): ServedSessionEvents {
  return {
    opened: (connection) => told.push(`+${connection}`),
    frame: (connection, bytes) =>
      told.push(`${connection}:${bytes.length <= 8 ? bytes.join() : bytes.length}`),
    drained: (connection) => told.push(`~${connection}`),
    closed: (connection) => told.push(`-${connection}`),
  };
}

export interface Dialled {
  readonly dialer: SessionDialer;
  readonly told: string[];
  /** Why it was disconnected, in order. */
  readonly causes: unknown[];
}

export async function startSession(
  peers: Readonly<Record<string, string>>,
  tcp: TcpTransportOptions,
  ensemble = 'test',
): Promise<Dialled> {
  const told: string[] = [];
  const causes: unknown[] = [];
  const transport = tcpTransport(tcp);
  opened.push(transport);
  const owner = { ensemble, peers, frameBytesMax: 1_000_000, logger: silent };
  const dialer = await transport.startSession?.(owner, {
    connected: (peer) => told.push(`+${peer}`),
    frame: (bytes) => told.push(`:${bytes.length <= 8 ? bytes.join() : bytes.length}`),
    drained: () => told.push('~'),
    disconnected: (peer, cause) => {
      told.push(`-${peer}`);
      causes.push(cause);
    },
  });
  if (dialer === undefined) throw new TypeError('this transport carries no sessions');
  return { dialer, told, causes };
}
