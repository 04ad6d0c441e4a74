/**
 * Three peers as worker threads, and a main thread that uses them through a session of its own, without a replica.
 * Half-way the worker of the leader is terminated: nothing that was counted is lost, and nothing is counted twice.
 */
import { connect } from '@quorate/core';
import { workerHub } from '@quorate/transport-worker';

const peers = { a: '', b: '', c: '' }; // threads need no addresses
const steps = 1_000;

const hub = workerHub();
const ids = Object.keys(peers).map((id) => ({ id }));
const workers = hub.spawn(new URL('./peer.js', import.meta.url), ids);

let leader: string | undefined;
for (const { worker } of workers)
  worker.on('message', (told: string | undefined) => (leader = told ?? leader)).unref();

const session = await connect({ transport: hub.transport(), peers });
await session.create('/count', 0);
for (let step = 0; step < steps; step += 1) {
  if (step === steps / 2) {
    console.log(`the leader is ${leader}: its worker is terminated`);
    await workers.find(({ id }) => id === leader)?.terminate();
  }
  await session.increment('/count');
}

const { value } = await session.get<number>('/count', { consistency: 'linearizable' });
console.log(`counted ${steps} times: ${value}`);
await session.close();
await hub.close();
process.exitCode = value === steps ? 0 : 1;
