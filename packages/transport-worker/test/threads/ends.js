/** A member in a worker that ends in the way it was started with, as soon as it is connected to somebody. */
import { parentPort, workerData } from 'node:worker_threads';
import { workerTransport } from '@quorate/transport-worker';

const transport = workerTransport();
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const ways = {
  'process.exit': () => process.exit(7),
  'an error': () => {
    throw new RangeError('on purpose');
  },
  'a rejection': () => void Promise.reject(new RangeError('on purpose')),
  'a close': () => void transport.close(),
  nothing: () =>
    parentPort.postMessage({ id: transport.id, members: transport.members, given: workerData.given }),
};
const owner = {
  member: transport.id,
  ensemble: 'test',
  incarnation: 1,
  members: transport.members,
  frameBytesMax: 1_000,
  logger: silent,
};
await transport.start(owner, {
  frame() {},
  connected: () => setImmediate(() => ways[workerData.way]()),
  disconnected() {},
});
