/** A peer in a worker thread. */
import { openPeer } from '@quorate/core';
import { workerTransport } from '@quorate/transport-worker';

const transport = workerTransport();
await openPeer({ id: transport.id, members: transport.members, transport });
