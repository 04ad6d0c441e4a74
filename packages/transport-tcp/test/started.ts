/** Transports on real sockets, started and closed again, with what they were told. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger, RefusedConnection, Transport, TransportEvents } from '@quorate/core/ports';
import { afterEach } from 'vitest';
import { tcpTransport, type TcpTransportOptions } from '../src/index.ts';

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export interface Member {
  readonly transport: Transport;
  /** What it was told, in order: "+b", "-b", or "b:1,2,3" for a frame of bytes 1, 2, 3 from b. */
  readonly told: string[];
  readonly refused: RefusedConnection[];
}

export interface StartOptions {
  readonly member: string;
  readonly members: Readonly<Record<string, string>>;
  readonly ensemble?: string;
  readonly incarnation?: number;
  readonly frameBytesMax?: number;
  readonly logger?: Logger;
  readonly tcp?: TcpTransportOptions;
  readonly onFrame?: (from: string, bytes: Uint8Array) => void;
  readonly onConnected?: (other: string) => void;
  readonly sessions?: TransportEvents['sessions'];
}

const opened: Transport[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close({ abrupt: true })));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Addresses for members: ports that were free a moment ago. */
export async function addressesFor<Id extends string>(...ids: readonly Id[]): Promise<Record<Id, string>> {
  const addresses = await Promise.all(ids.map(async (id) => [id, `127.0.0.1:${await freePort()}`] as const));
  return Object.fromEntries(addresses) as Record<Id, string>;
}

/** The same as Unix sockets, in a folder that is removed after the test. */
export function socketsFor<Id extends string>(...ids: readonly Id[]): Record<Id, string> {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-tcp-'));
  folders.push(folder);
  return Object.fromEntries(ids.map((id) => [id, join(folder, `${id}.sock`)])) as Record<Id, string>;
}

/** Below the ports that systems give to outgoing connections, of which the tests next door make many. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

export async function start(options: StartOptions): Promise<Member> {
  const told: string[] = [];
  const refused: RefusedConnection[] = [];
  const transport = tcpTransport(options.tcp ?? { insecure: true });
  opened.push(transport);
  const owner = {
    member: options.member,
    ensemble: options.ensemble ?? 'test',
    incarnation: options.incarnation ?? 1,
    members: options.members,
    frameBytesMax: options.frameBytesMax ?? 1_000_000,
    logger: options.logger ?? silent,
  };
  await transport.start(owner, {
    frame(from, bytes) {
      told.push(`${from}:${bytes.length <= 8 ? bytes.join() : `${bytes.length} bytes`}`);
      options.onFrame?.(from, bytes);
    },
    connected: (other) => {
      told.push(`+${other}`);
      options.onConnected?.(other);
    },
    disconnected: (other) => told.push(`-${other}`),
    refused: (facts) => refused.push(facts),
    ...(options.sessions === undefined ? {} : { sessions: options.sessions }),
  });
  return { transport, told, refused };
}

/** Waits until it holds; a test fails by its own time-out, with what was seen last in its stack. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

export async function pair(
  options: Partial<StartOptions> & { readonly addresses?: Record<'a' | 'b', string> } = {},
): Promise<readonly [Member, Member]> {
  const members = options.addresses ?? (await addressesFor('a', 'b'));
  const a = await start({ ...options, member: 'a', members });
  const b = await start({ ...options, member: 'b', members });
  await until(() => a.told.includes('+b') && b.told.includes('+a'));
  a.told.length = 0;
  b.told.length = 0;
  return [a, b];
}

export function send(from: Member, to: string, ...bytes: number[]): boolean {
  return from.transport.send(to, Uint8Array.from(bytes));
}
