/**
 * Three peers in three processes, over TCP, each with a directory of its own. The leader's process is killed half-way
 * and started again; at the end all three are killed at once. Nothing that was counted is lost, or counted twice.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@quorate/core';
import { tcpTransport } from '@quorate/transport-tcp';

const steps = 200;
const key = randomBytes(32).toString('hex');
const folder = mkdtempSync(join(tmpdir(), 'quorate-'));
const peers: Record<string, string> = {};
for (const id of ['a', 'b', 'c']) peers[id] = `127.0.0.1:${await freePort()}`;
const processes = new Map<string, ChildProcess>();
let leader = '';
for (const id of Object.keys(peers)) start(id);

const session = await connect({ transport: tcpTransport({ psk: key }), peers, deadlineMs: 60_000 });
await session.create('/count', 0);
for (let step = 0; step < steps; step += 1) {
  if (step === steps / 2) {
    console.log(`the leader is ${leader}: its process is killed, and started again`);
    processes.get(leader)?.kill('SIGKILL');
  }
  await session.increment('/count', 1, { deadlineMs: 60_000 });
}
console.log('all three are killed, and started again');
for (const child of processes.values()) child.kill('SIGKILL');
const { value } = await session.get<number>('/count', { consistency: 'linearizable', deadlineMs: 60_000 });
console.log(`counted ${steps} times: ${value}`);
await session.close();
for (const child of processes.values()) child.kill('SIGTERM');
await Promise.all([...processes.values()].map((child) => once(child, 'exit')));
rmSync(folder, { recursive: true });

function start(id: string): void {
  const args = [id, JSON.stringify(peers), folder];
  const child = fork(new URL('peer.js', import.meta.url), args, { env: { ENSEMBLE_KEY: key } });
  child.on('message', (told: string) => (leader = told === '' ? leader : told));
  child.once('exit', (_code, signal) => {
    if (signal === 'SIGKILL') start(id);
  });
  processes.set(id, child);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
