/**
 * Who holds a directory, kept by the kernel: it forgets when a process dies, however it dies.
 *
 * Node has no flock. A file with a process id fails in containers (ids repeat, and those of others are not seen)
 * and after a crash. A listening Unix socket is what is left: connecting to it says whether its process lives, by
 * the file's inode, so also across containers that share the directory, and while that process hangs.
 *
 * One socket with a fixed name would have to be removed when its process is dead, and two who find it dead at the
 * same time could remove each other's. So each attempt listens under a name of its own, which is never used twice:
 * a name that is dead stays dead, and may be removed by anybody. Who sees another live name gives up. Of two who try
 * at the same time, the later one to list the directory sees the other, because each listens before it lists; both
 * may give up, never may both hold it. The socket gets its name only when it listens already (link after bind), so
 * that a live one never looks dead.
 *
 * Limits: processes on different machines that share a directory over a network do not see each other's sockets;
 * file systems without sockets refuse, and so does Windows.
 */
import { link, open, readdir, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { DirectoryLock } from '@quorate/core/ports';
import { storageFailed, systemCode } from './failures.ts';

const prefix = 'lock-';
/** Bytes of a socket's path that every system takes; a longer one goes by way of an open directory. */
const pathBytesMax = 100;

/** Undefined: somebody else holds it, or tries at this moment. */
export async function lockDirectory(path: string): Promise<DirectoryLock | undefined> {
  const name = prefix + randomBytes(8).toString('hex');
  const place = await shortPath(path, name);
  const server = createServer((socket) => socket.destroy());
  const release = async (): Promise<void> => {
    await unlink(join(path, name)).catch(() => undefined);
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    await place.close();
  };
  try {
    await listen(server, place.of(`${name}.new`));
    await link(join(path, `${name}.new`), join(path, name));
    await unlink(join(path, `${name}.new`));
    const others = (await readdir(path)).filter((other) => other.startsWith(prefix) && other !== name);
    let isHeld = false;
    for (const other of others) {
      if (await isLive(place.of(other))) isHeld = true;
      else await unlink(join(path, other)).catch(() => undefined);
    }
    if (!isHeld) return { release };
  } catch (cause) {
    await release();
    throw notLockable(path, cause);
  }
  await release();
  return undefined;
}

/** Whether somebody holds the directory, or tries to; changes nothing. */
export async function isDirectoryHeld(path: string): Promise<boolean> {
  const names = (await readdir(path)).filter((name) => name.startsWith(prefix));
  const place = await shortPath(path, names[0] ?? prefix);
  try {
    for (const name of names) if (await isLive(place.of(name))) return true;
    return false;
  } finally {
    await place.close();
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Exclusive: else the primary of a cluster (node:cluster) would hold the lock of its workers, alive or dead.
    server.listen({ path, backlog: 128, exclusive: true }, () => {
      server.off('error', reject);
      // Later errors (no descriptor left for a connection, say) are no reason to give the directory up.
      server.on('error', () => undefined);
      server.unref();
      resolve();
    });
  });
}

/** Refused: nobody listens, and never will. Anything else may be a process that lives. */
function isLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      const code = systemCode(error);
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}

interface ShortPath {
  of(name: string): string;
  close(): Promise<void>;
}

/** Paths of sockets are cut at about 107 bytes; on Linux an open directory gives any directory a short one. */
async function shortPath(path: string, longestName: string): Promise<ShortPath> {
  const longest = join(path, `${longestName}.new`);
  if (Buffer.byteLength(longest) <= pathBytesMax) {
    return { of: (name) => join(path, name), close: async () => undefined };
  }
  if (process.platform !== 'linux') throw storageFailed(`the path of the directory ${path} is too long`);
  const handle = await open(path, 'r');
  return { of: (name) => `/proc/self/fd/${handle.fd}/${name}`, close: () => handle.close() };
}

function notLockable(path: string, cause: unknown): Error {
  const code = systemCode(cause);
  const isReadOnly = code === 'EROFS' || code === 'EACCES' || code === 'EPERM';
  const reason = isReadOnly ? 'it cannot be written' : 'its lock cannot be made';
  return storageFailed(`the directory ${path} cannot be used: ${reason} (${code ?? String(cause)})`, cause);
}
