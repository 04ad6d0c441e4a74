/** Two threads that talk directly, beside two that talk through the main thread: what does the second hop cost? */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { type LoadResult, printTable, thousands } from '../measure.ts';

interface Load {
  readonly bytes: number;
  readonly inFlight: number;
  readonly forMs: number;
}

export async function printHops(): Promise<void> {
  const rows: string[][] = [];
  for (const { bytes, inFlight } of [
    { bytes: 200, inFlight: 1 },
    { bytes: 30_000, inFlight: 8 },
  ]) {
    const load = { bytes, inFlight, forMs: 600 };
    const direct = await exchange(load, connectDirectly);
    const relayed = await exchange(load, connectThroughHere);
    rows.push([
      `${thousands(bytes)} bytes, ${inFlight} in flight`,
      `${direct.medianUs.toFixed(0)} us`,
      `${relayed.medianUs.toFixed(0)} us`,
      thousands(direct.perSecond),
      thousands(relayed.perSecond),
    ]);
  }
  console.log('Two worker threads exchange buffers, directly and through the main thread:\n');
  printTable(['', 'direct', 'through main', 'direct/s', 'through main/s'], rows);
  console.log();
}

/** Two ends for two threads. */
type Connect = () => readonly [MessagePort, MessagePort];

function connectDirectly(): readonly [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel();
  return [port1, port2];
}

function connectThroughHere(): readonly [MessagePort, MessagePort] {
  const first = new MessageChannel();
  const second = new MessageChannel();
  join(first.port2, second.port2);
  join(second.port2, first.port2);
  return [first.port1, second.port1];
}

function join(from: MessagePort, to: MessagePort): void {
  from.on('message', (buffer: ArrayBuffer) => to.postMessage(buffer, [buffer]));
  from.on('close', () => to.close());
}

async function exchange(load: Load, connect: Connect): Promise<LoadResult> {
  const [asking, answering] = connect();
  const file = new URL('hop-worker.js', import.meta.url);
  const workers = [asking, answering].map(
    (port, at) =>
      new Worker(file, { workerData: { isAsking: at === 0, port, ...load }, transferList: [port] }),
  );
  const result = await new Promise<LoadResult>((resolve) => workers[0]?.once('message', resolve));
  await Promise.all(workers.map((worker) => worker.terminate()));
  return result;
}
