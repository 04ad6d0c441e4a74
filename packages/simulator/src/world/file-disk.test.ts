import { describe, expect, test } from 'vitest';
import type { Directory } from '@quorate/core/ports';
import type { FaultCounts } from './faults.ts';
import { sectorBytes } from './file-content.ts';
import { simulate } from './simulate.ts';
import type { World } from './world.ts';

/** The directory of host `a` in a new life. */
async function directoryOf(world: World): Promise<Directory> {
  let found: Directory | undefined;
  world.host('a').start(({ directory }) => {
    found = directory;
  });
  await world.sleep(0);
  if (found === undefined) throw new TypeError('not started');
  return found;
}

/** Bytes of a file, or the code of what opening it fails with. */
async function contentOf(directory: Directory, name: string): Promise<unknown> {
  try {
    const file = await directory.open(name, 'read');
    return [...(await file.read(0, 1_000_000))];
  } catch (error) {
    return codeOf(error);
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : error;

const failure = async (call: Promise<unknown>): Promise<unknown> =>
  await call.then(() => 'no failure', codeOf);

/** A story in a world of one host; with what was done to it. */
async function inWorld<T>(
  story: (directory: Directory, world: World) => Promise<T>,
  seed = 1,
): Promise<{ readonly result: T; readonly faults: FaultCounts }> {
  return await simulate({ seed }, async (world) => await story(await directoryOf(world), world));
}

/** What a story left on the disk after a loss of power, as text, over many seeds. */
async function leftBy(
  story: (directory: Directory, world: World) => Promise<void>,
  look: (directory: Directory) => Promise<unknown>,
): Promise<readonly string[]> {
  const left = new Set<string>();
  for (let seed = 0; seed < 80; seed += 1) {
    const { result } = await inWorld(async (directory, world) => {
      await story(directory, world);
      world.host('a').crash();
      return JSON.stringify(await look(await directoryOf(world)));
    }, seed);
    left.add(result);
  }
  return [...left].toSorted();
}

const written = async (directory: Directory, name: string, bytes: readonly number[]): Promise<void> => {
  const file = await directory.open(name, 'create');
  await file.write(Uint8Array.from(bytes), 0);
};

/** One byte at the beginning of each of so many sectors. */
const sectors = (...values: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(values.length * sectorBytes);
  for (const [at, value] of values.entries()) bytes[at * sectorBytes] = value;
  return bytes;
};

const firstsOf = async (directory: Directory, name: string): Promise<unknown> => {
  const bytes = await contentOf(directory, name);
  return Array.isArray(bytes) ? bytes.filter((_, at) => at % sectorBytes === 0) : bytes;
};

describe('files', () => {
  test('read back what was written, at any position, with zeros between', async () => {
    const { result } = await inWorld(async (directory) => {
      const file = await directory.open('x', 'create');
      await file.write(Uint8Array.of(1, 2, 3), 0);
      await file.write(Uint8Array.of(9), 600);
      return [await file.size(), [...(await file.read(1, 3))], [...(await file.read(599, 100))]];
    });
    expect(result).toEqual([601, [2, 3, 0], [0, 9]]);
  });

  test('are cut off and grow again with zeros', async () => {
    const { result } = await inWorld(async (directory) => {
      const file = await directory.open('x', 'create');
      await file.write(Uint8Array.of(1, 2, 3), 0);
      await file.truncate(1);
      await file.truncate(3);
      return [...(await file.read(0, 10))];
    });
    expect(result).toEqual([1, 0, 0]);
  });

  test('are listed, renamed over one another, and removed', async () => {
    const { result } = await inWorld(async (directory) => {
      await written(directory, 'b', [1]);
      await written(directory, 'a', [2]);
      const before = await directory.list();
      await directory.rename('b', 'a');
      const renamed = [await directory.list(), await contentOf(directory, 'a')];
      await directory.remove('a');
      return [before, renamed, await directory.list()];
    });
    expect(result).toEqual([['a', 'b'], [['a'], [1]], []]);
  });

  test('answer the codes of the system', async () => {
    const { result } = await inWorld(async (directory) => {
      await written(directory, 'x', []);
      const file = await directory.open('x', 'read');
      await file.close();
      return [
        await failure(directory.open('x', 'create')),
        await failure(directory.open('y', 'read')),
        await failure(directory.open('y', 'write')),
        await failure(directory.remove('y')),
        await failure(directory.rename('y', 'z')),
        await failure(file.read(0, 1)),
      ];
    });
    expect(result).toEqual(['EEXIST', 'ENOENT', 'ENOENT', 'ENOENT', 'ENOENT', 'EBADF']);
  });

  test('are held by one process at a time, and by none that is dead', async () => {
    const { result } = await inWorld(async (directory, world) => {
      const first = await directory.lock();
      const second = await directory.lock();
      world.host('a').crash({ of: 'process' });
      const later = await (await directoryOf(world)).lock();
      return [first, second, later].map((lock) => lock !== undefined);
    });
    expect(result).toEqual([true, false, true]);
  });
});

describe('a loss of power', () => {
  test('takes nothing that was synced', async () => {
    const left = await leftBy(
      async (directory) => {
        const file = await directory.open('x', 'create');
        await file.write(Uint8Array.of(1, 2), 0);
        await file.sync();
        await directory.sync();
      },
      (directory) => contentOf(directory, 'x'),
    );
    expect(left).toEqual(['[1,2]']);
  });

  test('may take a name although the content was synced', async () => {
    const left = await leftBy(
      async (directory) => {
        const file = await directory.open('x', 'create');
        await file.write(Uint8Array.of(1), 0);
        await file.sync();
      },
      (directory) => contentOf(directory, 'x'),
    );
    expect(left).toEqual(['"ENOENT"', '[1]']);
  });

  test('may take any sectors of what was not synced, the earlier of them too', async () => {
    const left = await leftBy(
      async (directory) => {
        const file = await directory.open('x', 'create');
        await file.write(sectors(1, 1, 1), 0);
        await file.sync();
        await directory.sync();
        await file.write(sectors(2, 2, 2), 0);
        await file.write(sectors(3), 0);
      },
      (directory) => firstsOf(directory, 'x'),
    );
    expect(left).toContain('[1,1,1]');
    expect(left).toContain('[2,2,2]');
    expect(left).toContain('[3,2,2]');
    expect(left).toContain('[3,1,1]');
    expect(left.some((firsts) => firsts.endsWith(',1,2]'))).toBe(true);
    expect(left.every((firsts) => /^\[[123],[12],[12]\]$/.test(firsts))).toBe(true);
  });

  test('may leave a size without its content, and content without its size', async () => {
    const left = await leftBy(
      async (directory) => {
        const file = await directory.open('x', 'create');
        await directory.sync();
        await file.write(Uint8Array.of(7), 0);
      },
      (directory) => contentOf(directory, 'x'),
    );
    expect(left).toEqual(['[0]', '[7]', '[]']);
  });

  test('may keep a later change of names and take an earlier one', async () => {
    const left = await leftBy(
      async (directory) => {
        await written(directory, 'a', []);
        await written(directory, 'b', []);
      },
      (directory) => directory.list(),
    );
    expect(left).toEqual(['["a","b"]', '["a"]', '["b"]', '[]']);
  });

  test('leaves either the old or the new file behind a rename, never none', async () => {
    const left = await leftBy(
      async (directory) => {
        for (const name of ['old', 'new']) {
          const file = await directory.open(name, 'create');
          await file.write(Uint8Array.of(name.length, name === 'old' ? 1 : 2), 0);
          await file.sync();
        }
        await directory.sync();
        await directory.rename('new', 'old');
      },
      (directory) => contentOf(directory, 'old'),
    );
    expect(left).toEqual(['[3,1]', '[3,2]']);
  });

  test('may leave a part of the write under way', async () => {
    const left = await leftBy(
      async (directory) => {
        const file = await directory.open('x', 'create');
        await directory.sync();
        void file.write(sectors(1, 2, 3), 0);
      },
      (directory) => firstsOf(directory, 'x'),
    );
    expect(left).toContain('[]');
    expect(left).toContain('[1]');
    expect(left.some((firsts) => firsts !== '[]' && firsts !== '[1]')).toBe(true);
  });

  test('is worse than the death of a process, whose writes the system keeps', async () => {
    const { result } = await inWorld(async (directory, world) => {
      await written(directory, 'x', [1, 2]);
      world.host('a').crash({ of: 'process' });
      return await contentOf(await directoryOf(world), 'x');
    });
    expect(result).toEqual([1, 2]);
  });
});

describe('a disk that fails', () => {
  test('may have written a part of a write that failed', async () => {
    const lengths = new Set<string>();
    for (let seed = 0; seed < 20; seed += 1) {
      const { result } = await inWorld(async (directory, world) => {
        const file = await directory.open('x', 'create');
        world.host('a').files.conditions.writeFailurePpm = 1_000_000;
        const code = await failure(file.write(Uint8Array.of(1, 2, 3), 0));
        return `${String(code)} ${await file.size()}`;
      }, seed);
      lengths.add(result);
    }
    expect([...lengths].toSorted()).toEqual(['EIO 0', 'EIO 1', 'EIO 2', 'EIO 3']);
  });

  test('has lost what a failed sync should have written, whatever later syncs say', async () => {
    const left = await leftBy(
      async (directory, world) => {
        const file = await directory.open('x', 'create');
        await directory.sync();
        await file.write(Uint8Array.of(1), 0);
        world.host('a').files.conditions.syncFailurePpm = 1_000_000;
        expect(await failure(file.sync())).toBe('EIO');
        world.host('a').files.conditions.syncFailurePpm = 0;
        await file.sync();
        expect([...(await file.read(0, 1))]).toEqual([1]);
      },
      (directory) => contentOf(directory, 'x'),
    );
    // The later sync has made the size durable, which is the journal's business.
    expect(left).toEqual(['[0]', '[1]']);
  });

  test('that lies about a sync loses what was synced', async () => {
    const left = await leftBy(
      async (directory, world) => {
        world.host('a').files.conditions.lostSyncPpm = 1_000_000;
        const file = await directory.open('x', 'create');
        await directory.sync();
        await file.write(Uint8Array.of(1), 0);
        await file.sync();
      },
      (directory) => contentOf(directory, 'x'),
    );
    expect(left).toContain('"ENOENT"');
  });

  test('that is full takes what it has room for, and has room again when something goes', async () => {
    const { result, faults } = await inWorld(async (directory, world) => {
      world.host('a').files.conditions.capacityBytes = 5;
      await written(directory, 'x', [1, 2, 3]);
      const file = await directory.open('y', 'create');
      const full = await failure(file.write(Uint8Array.of(1, 2, 3), 0));
      const size = await file.size();
      const grown = await failure(file.truncate(3));
      await directory.remove('x');
      await directory.sync();
      await file.write(Uint8Array.of(1, 2, 3), 0);
      return [full, size, grown, await file.size()];
    });
    expect(result).toEqual(['ENOSPC', 2, 'ENOSPC', 3]);
    expect(faults['disk-full']).toBe(2);
  });

  test('fails reads, names and at the end of its life everything', async () => {
    const { result } = await inWorld(async (directory, world) => {
      const { conditions } = world.host('a').files;
      await written(directory, 'x', [1]);
      const file = await directory.open('x', 'read');
      conditions.readFailurePpm = 1_000_000;
      conditions.nameFailurePpm = 1_000_000;
      const codes = [await failure(file.read(0, 1)), await failure(directory.list())];
      Object.assign(conditions, { readFailurePpm: 0, nameFailurePpm: 0, callsMax: 6 });
      const last = await failure(file.read(0, 1));
      return [...codes, last, await failure(file.read(0, 1)), await failure(directory.list())];
    });
    expect(result).toEqual(['EIO', 'EIO', 'no failure', 'EIO', 'EIO']);
  });

  test('may kill the process in the middle of a call: what was written stays, without a sync', async () => {
    const { result, faults } = await inWorld(async (directory, world) => {
      await written(directory, 'x', [1, 2]);
      const host = world.host('a');
      host.files.conditions.killPpm = 1_000_000;
      void directory.list();
      await world.sleep(10);
      host.files.conditions.killPpm = 0;
      return [host.isRunning, host.isPowered, await contentOf(await directoryOf(world), 'x')];
    });
    expect(result).toEqual([false, true, [1, 2]]);
    expect(faults.crash).toBe(1);
    expect(faults['power-loss']).toBe(0);
  });

  test('rots: a bit of what is on the disk is another one', async () => {
    const { result, faults } = await inWorld(async (directory, world) => {
      const file = await directory.open('x', 'create');
      await file.write(new Uint8Array(1_000), 0);
      await file.sync();
      await directory.sync();
      world.host('a').files.rot(1);
      return (await file.read(0, 1_000)).filter((byte) => byte !== 0).length;
    });
    expect(result).toBe(1);
    expect(faults['bit-rot']).toBe(1);
  });
});
