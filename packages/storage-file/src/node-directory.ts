/**
 * Directories of the operating system: the only file of this package that knows node:fs.
 *
 * Callbacks instead of node:fs/promises, whose file handles cost several times as much for each call.
 */
import {
  close,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  mkdir,
  open,
  read,
  readdir,
  rename,
  unlink,
  write,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Directory, DirectoryFile, DirectoryLock } from '@quorate/core/ports';
import { lockDirectory } from './directory-lock.ts';

/** Only the owner may read what an ensemble holds. */
const fileMode = 0o600;
const directoryMode = 0o700;

/**
 * A directory of the operating system as the files port has it. It is made when it is locked, if it is not there.
 *
 * @param path relative ones are resolved now.
 */
export function nodeDirectory(path: string): Directory {
  return new NodeDirectory(resolve(path));
}

class NodeDirectory implements Directory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  list(): Promise<readonly string[]> {
    return new Promise((resolveWith, reject) => {
      readdir(this.path, (error, names) => (error === null ? resolveWith(names) : reject(error)));
    });
  }

  open(name: string, mode: 'create' | 'write' | 'read'): Promise<DirectoryFile> {
    const flags = { create: 'wx+', write: 'r+', read: 'r' }[mode];
    return new Promise((resolveWith, reject) => {
      open(join(this.path, name), flags, fileMode, (error, descriptor) => {
        if (error === null) resolveWith(new NodeFile(descriptor));
        else reject(error);
      });
    });
  }

  rename(from: string, to: string): Promise<void> {
    return call((done) => rename(join(this.path, from), join(this.path, to), done));
  }

  remove(name: string): Promise<void> {
    return call((done) => unlink(join(this.path, name), done));
  }

  sync(): Promise<void> {
    return syncDirectory(this.path);
  }

  async lock(): Promise<DirectoryLock | undefined> {
    const made = await new Promise<string | undefined>((resolveWith, reject) => {
      mkdir(this.path, { recursive: true, mode: directoryMode }, (error, first) => {
        if (error === null) resolveWith(first);
        else reject(error);
      });
    });
    // Each directory that was made is a name in the one above it.
    if (made !== undefined) {
      for (let at = this.path; at.length >= made.length; at = dirname(at)) await syncDirectory(dirname(at));
    }
    return await lockDirectory(this.path);
  }
}

class NodeFile implements DirectoryFile {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const count = await this.#readSome(bytes, filled, position + filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return new Promise((resolveWith, reject) => {
      // The system may write less than it was asked to; then the rest is written after it.
      const writeFrom = (start: number): void => {
        write(this.#descriptor, bytes, start, bytes.length - start, position + start, (error, count) => {
          if (error !== null) reject(error);
          else if (start + count < bytes.length) writeFrom(start + count);
          else resolveWith();
        });
      };
      writeFrom(0);
    });
  }

  sync(): Promise<void> {
    return call((done) => fdatasync(this.#descriptor, done));
  }

  truncate(length: number): Promise<void> {
    return call((done) => ftruncate(this.#descriptor, length, done));
  }

  size(): Promise<number> {
    return new Promise((resolveWith, reject) => {
      fstat(this.#descriptor, (error, stats) => (error === null ? resolveWith(stats.size) : reject(error)));
    });
  }

  close(): Promise<void> {
    return call((done) => close(this.#descriptor, done));
  }

  #readSome(bytes: Uint8Array, offset: number, position: number): Promise<number> {
    return new Promise((resolveWith, reject) => {
      read(this.#descriptor, bytes, offset, bytes.length - offset, position, (error, count) => {
        if (error === null) resolveWith(count);
        else reject(error);
      });
    });
  }
}

/** fsync, not fdatasync: a name is what is asked for. */
async function syncDirectory(path: string): Promise<void> {
  const descriptor = await new Promise<number>((resolveWith, reject) => {
    open(path, 'r', (error, opened) => (error === null ? resolveWith(opened) : reject(error)));
  });
  try {
    await call((done) => fsync(descriptor, done));
  } finally {
    await call((done) => close(descriptor, done));
  }
}

function call(start: (done: (error: NodeJS.ErrnoException | null) => void) => void): Promise<void> {
  return new Promise((resolveWith, reject) => {
    start((error) => (error === null || error === undefined ? resolveWith() : reject(error)));
  });
}
