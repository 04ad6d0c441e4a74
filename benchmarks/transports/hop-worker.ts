/** One of two threads that exchange buffers: it asks and measures, or it sends back what it gets. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { drive } from '../measure.ts';

const { isAsking, port, bytes, inFlight, forMs } = workerData as {
  readonly isAsking: boolean;
  readonly port: MessagePort;
  readonly bytes: number;
  readonly inFlight: number;
  readonly forMs: number;
};

if (isAsking) {
  const waiting: (() => void)[] = [];
  port.on('message', () => waiting.shift()?.());
  const ask = (): Promise<void> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      const buffer = new ArrayBuffer(bytes);
      port.postMessage(buffer, [buffer]);
    });
  await drive(ask, { inFlight, forMs: forMs / 4 });
  parentPort?.postMessage(await drive(ask, { inFlight, forMs }));
} else {
  port.on('message', (buffer: ArrayBuffer) => port.postMessage(buffer, [buffer]));
}
