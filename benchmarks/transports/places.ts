/** Where the members live: this thread, worker threads, or processes. The main member is always in this thread. */
import { type ChildProcess, fork } from 'node:child_process';
import { createServer } from 'node:net';
import type { Transport } from '@quorate/core/ports';
import { memoryNetwork } from '@quorate/transport-memory';
import { tcpTransport } from '@quorate/transport-tcp';
import { workerHub } from '@quorate/transport-worker';
import { mainMember, type Role, runMember } from './member.ts';

export interface Place {
  readonly members: Readonly<Record<string, string>>;
  /** For the main member. */
  readonly transport: Transport;
  /** Ends the other members. */
  close(): Promise<void>;
}

const others: readonly string[] = ['b', 'c'];
const withoutAddresses: Readonly<Record<string, string>> = { [mainMember]: '', b: '', c: '' };

export const places: Readonly<Record<string, (role: Role) => Promise<Place>>> = {
  memory: openMemory,
  worker: openWorkers,
  tcp: openProcesses,
};

async function openMemory(role: Role): Promise<Place> {
  const network = memoryNetwork();
  const members = withoutAddresses;
  const transports = others.map((id) => ({ id, transport: network.transport() }));
  for (const { id, transport } of transports) await runMember(role, { id, members, transport });
  const close = async (): Promise<void> => {
    await Promise.all(transports.map(({ transport }) => transport.close({ abrupt: true })));
  };
  return { members, transport: network.transport(), close };
}

async function openWorkers(role: Role): Promise<Place> {
  const hub = workerHub();
  const members = withoutAddresses;
  const file = new URL('worker-member.js', import.meta.url);
  hub.spawn(
    file,
    others.map((id) => ({ id, members, workerData: { role } })),
  );
  return { members, transport: hub.transport(mainMember), close: () => hub.close() };
}

async function openProcesses(role: Role): Promise<Place> {
  const ids = [mainMember, ...others];
  const ports = await Promise.all(ids.map(() => freePort()));
  const members = Object.fromEntries(ids.map((id, at) => [id, `127.0.0.1:${ports[at]}`]));
  const file = new URL('process-member.js', import.meta.url);
  const children = others.map((id) => fork(file, [role, id, JSON.stringify(members)]));
  const close = async (): Promise<void> => {
    await Promise.all(children.map(ended));
  };
  return { members, transport: tcpTransport({ insecure: true }), close };
}

async function ended(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.disconnect();
  await exited;
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
