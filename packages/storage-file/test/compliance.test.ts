/** The suite for storages, on a real directory and on one in memory that has faults. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storageCases, type StorageHarness, type TestPlace } from '@quorate/compliance';
import type { Directory, Storage } from '@quorate/core/ports';
import { describe, expect, it } from 'vitest';
import { fileStorage, storageOn } from '../src/index.ts';
import { filesError, MemoryDirectory } from '../src/testing/memory-directory.ts';

const segmentBytes = 16_384;

/** A directory of this machine: nobody can take the power from its disk. */
const realDirectory: StorageHarness = {
  open: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-compliance-'));
    return {
      storage: () => fileStorage({ directory, segmentBytes }),
      damage: async (bit) => flip(directory, bit),
      close: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
  cannot: {
    crash: 'a test cannot take the power from a real disk',
    'failing-sync': 'a real disk does not fail when it is asked to',
    full: 'a real disk is not filled by a test',
  },
};

function flip(directory: string, bit: number): void {
  const names = readdirSync(directory)
    .filter((name) => name.startsWith('log-'))
    .sort();
  const name = join(directory, names[bit % names.length] ?? '');
  const bytes = readFileSync(name);
  const at = bit % bytes.length;
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
  writeFileSync(name, bytes);
}

/** A directory in memory with the manners of POSIX, which stops at a step, fails, fills and rots. */
class FaultyPlace implements TestPlace {
  #directory = new MemoryDirectory();
  /** In front of the directory as long as a crash is to come. */
  #gate: Directory | undefined;

  storage(): Storage {
    return storageOn(this.#gate ?? this.#directory, { segmentBytes });
  }

  crashAfter(steps: number, leftovers: 'none' | 'all' | 'torn'): Promise<void> {
    return new Promise((crashed) => {
      const before = this.#directory;
      let left = steps;
      this.#gate = gated(before, () => {
        left -= 1;
        if (left >= 0) return true;
        if (this.#directory === before) {
          // What the next life finds; the last one's calls never settle.
          this.#directory = before.crash(survivor(leftovers), leftovers === 'none' ? 'lost' : 'kept');
          this.#gate = undefined;
          crashed();
        }
        return false;
      });
    });
  }

  failNextSync(): void {
    this.#directory.fault = ({ call }) => {
      if (call !== 'sync') return;
      this.#directory.fault = undefined;
      throw filesError('EIO', 'sync');
    };
  }

  setFull(isFull: boolean): void {
    const directory = this.#directory;
    directory.fault = isFull
      ? ({ call, name }) => {
          if (call === 'write' && directory.isGrowing(name)) throw filesError('ENOSPC', name);
        }
      : undefined;
  }

  async damage(bit: number): Promise<void> {
    const names = this.#directory
      .names()
      .filter((name) => name.startsWith('log-'))
      .sort();
    const name = names[bit % names.length] ?? '';
    this.#directory.damage(name, (bytes) => {
      const at = bit % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
    });
  }

  async close(): Promise<void> {
    this.#gate = undefined;
  }
}

function survivor(leftovers: 'none' | 'all' | 'torn'): Parameters<MemoryDirectory['crash']>[0] {
  if (leftovers === 'none') return () => 'lost';
  if (leftovers === 'all') return () => 'kept';
  // The first half of each write, as far as its sectors go.
  return ({ before, after }) => {
    const half = Math.floor(after.length / 2);
    return Uint8Array.from(after, (byte, at) => (at < half ? byte : (before[at] ?? 0)));
  };
}

/** The same directory, whose calls ask first whether they may happen, and never settle when they may not. */
function gated(directory: Directory, mayHappen: () => boolean): Directory {
  const never = (): Promise<never> => new Promise(() => undefined);
  const step = <T>(call: () => Promise<T>): Promise<T> => (mayHappen() ? call() : never());
  return {
    path: directory.path,
    list: () => step(() => directory.list()),
    rename: (from, to) => step(() => directory.rename(from, to)),
    remove: (name) => step(() => directory.remove(name)),
    sync: () => step(() => directory.sync()),
    lock: () => directory.lock(),
    open: (name, mode) =>
      step(async () => {
        const file = await directory.open(name, mode);
        return {
          read: (position, length) => step(() => file.read(position, length)),
          write: (bytes, position) => step(() => file.write(bytes, position)),
          sync: () => step(() => file.sync()),
          truncate: (length) => step(() => file.truncate(length)),
          size: () => step(() => file.size()),
          close: () => file.close(),
        };
      }),
  };
}

describe('a file storage passes on a directory of this machine', () => {
  it.each(storageCases(realDirectory))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('a file storage passes on a directory that loses its power, fails, fills and rots', () => {
  const harness = { open: async () => new FaultyPlace(), crashesMax: 60 };
  it.each(storageCases(harness))('$title', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
