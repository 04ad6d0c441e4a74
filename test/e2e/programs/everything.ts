/**
 * Opens everything that there is, uses it, and closes it: three peers over TCP with file storage, and a session of
 * them without a replica; two peers in worker threads and one in the main thread, and a session of those. Then it
 * prints what is left; its process must end by itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, openPeer } from '@quorate/core';
import { fileStorage } from '@quorate/storage-file';
import { tcpTransport } from '@quorate/transport-tcp';
import { workerHub } from '@quorate/transport-worker';
import { freePorts } from '../processes/free-ports.ts';

const psk = 'a key for this test only, long enough';
/** The machine may be busy. */
const deadlineMs = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'quorate-'));

await useProcessesTransport();
await useWorkers();
rmSync(folder, { recursive: true });
console.log(JSON.stringify(process.getActiveResourcesInfo().filter((kind) => !/Pipe|TTY/.test(kind))));

async function useProcessesTransport(): Promise<void> {
  const [a, b, c] = await freePorts(3);
  const members = { a: `127.0.0.1:${a}`, b: `127.0.0.1:${b}`, c: `127.0.0.1:${c}` };
  const peers = await Promise.all(
    Object.keys(members).map((id) =>
      openPeer({
        id,
        members,
        transport: tcpTransport({ psk }),
        storage: fileStorage({ directory: join(folder, id) }),
      }),
    ),
  );
  const session = await connect({ transport: tcpTransport({ psk }), peers: members, deadlineMs });
  await session.create('/greeting', 'hello', { deadlineMs });
  await session.close();
  await Promise.all(peers.map((peer) => peer.close()));
}

async function useWorkers(): Promise<void> {
  const members = { main: '', a: '', b: '' };
  const hub = workerHub();
  hub.spawn(new URL('worker-peer.js', import.meta.url), [
    { id: 'a', members },
    { id: 'b', members },
  ]);
  const peer = await openPeer({ id: 'main', members, transport: hub.transport('main') });
  const session = await connect({ transport: hub.transport(), peers: members, deadlineMs });
  await session.create('/greeting', 'hello', { deadlineMs });
  await session.close();
  await peer.close();
  await hub.close();
}
