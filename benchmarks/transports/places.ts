/** Where the members live: this thread, worker threads, or processes. The main member is always in this thread. */
import { fork } from 'node:child_process';
import type { Transport } from '@quorate/core/ports';
import { memoryNetwork } from '@quorate/transport-memory';
import { tcpTransport } from '@quorate/transport-tcp';
import { workerHub } from '@quorate/transport-worker';
import { ended, loopbackMembers } from '../processes.ts';
import { mainMember, otherMembers as others } from '../three-peers.ts';
import { type Role, runMember } from './member.ts';

export interface Place {
  readonly members: Readonly<Record<string, string>>;
  /** For the main member. */
  readonly transport: Transport;
  /** Ends the other members. */
  close(): Promise<void>;
}

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
  const members = await loopbackMembers([mainMember, ...others]);
  const file = new URL('process-member.js', import.meta.url);
  const children = others.map((id) => fork(file, [role, id, JSON.stringify(members)]));
  const close = async (): Promise<void> => {
    await Promise.all(children.map(ended));
  };
  return { members, transport: tcpTransport({ insecure: true }), close };
}
