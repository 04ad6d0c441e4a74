/**
 * A transport between the threads of one process.
 *
 * @example
 * import { workerHub } from '@quorate/transport-worker';
 * const hub = workerHub();
 * hub.spawn(new URL('./peer.js', import.meta.url), [{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
 *
 * @packageDocumentation
 */
export type { SpawnedWorker, WorkerExit, WorkerSpec } from './spawned-worker.ts';
export { workerHub } from './worker-hub.ts';
export type { WorkerHub, WorkerHubOptions } from './worker-hub.ts';
export { workerTransport } from './worker-transport.ts';
export type { WorkerTransport } from './worker-transport.ts';
