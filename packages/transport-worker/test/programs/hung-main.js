/**
 * The main thread holds an ephemeral znode through a session of its own, at peers in workers; then its event loop
 * stands still, or only waits. Prints what the peers saw meanwhile, and what the session says afterwards.
 */
import { connect } from '@quorate/core';
import { workerHub } from '@quorate/transport-worker';

const [way] = process.argv.slice(2);
const forMs = 6_000;
const peers = { a: '', b: '', c: '' };
const held = new Int32Array(new SharedArrayBuffer(4));
const hub = workerHub();
const specs = Object.keys(peers).map((id) => ({ id, workerData: id === 'a' ? { held: held.buffer } : {} }));
hub.spawn(new URL('./peer.js', import.meta.url), specs);

// The ensemble serves from here on, so that a short time-out begins with an answer that comes at once.
await connect({ transport: hub.transport(), peers }).then((first) => first.close());

const session = await connect({ transport: hub.transport(), peers, timeoutMs: 1_500 });
await session.create('/held', null, { kind: 'ephemeral' });
while (Atomics.load(held, 0) !== 1) await new Promise((resolve) => setTimeout(resolve, 10));

// A whole thread that stands still is a loop that hangs, without taking a core from the others.
if (way === 'hang') Atomics.wait(held, 0, 1, forMs);
else await new Promise((resolve) => setTimeout(resolve, forMs));

const seen = Atomics.load(held, 0) === 1 ? 'still there' : 'gone';
const code = await session.exists('/held').then(
  (stat) => (stat === undefined ? 'NO_NODE' : 'alive'),
  (error) => error.code,
);
console.log(JSON.stringify({ seen, code, state: session.state, aborted: session.signal.aborted }));
await session.close();
await hub.close();
