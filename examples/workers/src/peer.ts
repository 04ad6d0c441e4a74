/** One peer of the ensemble, in a worker of its own. It tells the main thread who leads. */
import { parentPort } from 'node:worker_threads';
import { openPeer } from '@quorate/core';
import { workerTransport } from '@quorate/transport-worker';

const transport = workerTransport();
const peer = await openPeer({ id: transport.id, members: transport.members, transport });
peer.on('leader', ({ leader }) => parentPort?.postMessage(leader));
await peer.ready();
parentPort?.postMessage(peer.leader);
