/**
 * A web application in cluster mode: three processes of one program share a port, and now a tree as well. Each is a
 * peer; they find each other by the names of Unix sockets in a directory. One of them is killed half-way, and a new
 * process takes its place. Every request gets a number of its own.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPeer } from '@quorate/core';
import { tcpTransport } from '@quorate/transport-tcp';

if (cluster.isPrimary) await supervise(mkdtempSync(join(tmpdir(), 'quorate-')));
else await serve(process.env['PLACE'] ?? '', process.env['FOLDER'] ?? '');

async function serve(id: string, folder: string): Promise<void> {
  const members = Object.fromEntries(['1', '2', '3'].map((each) => [each, join(folder, `${each}.sock`)]));
  const peer = await openPeer({ id, members, transport: tcpTransport({ insecure: true }) });
  await peer.ready();
  const session = await peer.openSession();
  createServer((_request, response) => {
    const counted = session.increment('/visits', 1, { create: true });
    void counted.then((number) => response.setHeader('connection', 'close').end(`${number}`));
  }).listen(0, '127.0.0.1');
  cluster.worker?.once('disconnect', () => void peer.close());
}

async function supervise(folder: string): Promise<void> {
  const start = (place: string): Worker => cluster.fork({ PLACE: place, FOLDER: folder });
  const workers = ['1', '2', '3'].map(start);
  const ports = await Promise.all(
    workers.map(async (worker) => ((await once(worker, 'listening')) as [{ port: number }])[0].port),
  );
  const numbers = new Set<string>();
  for (let request = 0; request < 300; request += 1) {
    if (request === 150) {
      console.log('a process is killed, and another one takes its place');
      workers[0]?.process.kill('SIGKILL');
      workers[0] = start('1');
    }
    numbers.add(await visit(`http://127.0.0.1:${ports[0]}/`));
  }
  console.log(`300 requests, ${numbers.size} numbers`);
  await Promise.all(
    workers.map(async (worker) => {
      worker.disconnect();
      await once(worker, 'exit');
    }),
  );
  rmSync(folder, { recursive: true });
}

/** A request that is lost with the process that is killed is made again: it gets another number. */
async function visit(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  return response?.ok === true ? await response.text() : visit(url);
}
