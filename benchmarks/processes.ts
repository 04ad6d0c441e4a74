/** Members in processes of their own on this machine: where they listen, and how they end. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A loopback address for each of them, id to address. */
export async function loopbackMembers(ids: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const ports = await Promise.all(ids.map(() => freePort()));
  return Object.fromEntries(ids.map((id, at) => [id, `127.0.0.1:${ports[at]}`]));
}

/** Lets go of a process that ends when its parent does, and waits for that. */
export async function ended(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
