/** A peer in a worker; a word of shared memory says whether it sees /held: 0 not yet, 1 yes, 2 no more. */
import { workerData } from 'node:worker_threads';
import { openPeer } from '@quorate/core';
import { workerTransport } from '@quorate/transport-worker';

const transport = workerTransport();
const peer = await openPeer({ id: transport.id, members: transport.members, transport });
if (workerData.held !== undefined) {
  const held = new Int32Array(workerData.held);
  setInterval(() => {
    const isThere = peer.tree.stat('/held') !== undefined;
    const state = Atomics.load(held, 0);
    if (isThere === (state === 1)) return;
    if (isThere || state === 1) Atomics.store(held, 0, isThere ? 1 : 2);
    Atomics.notify(held, 0);
  }, 20);
}
