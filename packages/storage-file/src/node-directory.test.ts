import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isDirectoryHeld } from './directory-lock.ts';
import { nodeDirectory } from './node-directory.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'quorate-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** A process that holds the directory, from the built package. */
async function holder(path: string): Promise<{ kill(): Promise<void> }> {
  const entry = new URL('../dist/index.js', import.meta.url).href;
  const program = `
    import { nodeDirectory } from ${JSON.stringify(entry)};
    const lock = await nodeDirectory(${JSON.stringify(path)}).lock();
    console.log(lock === undefined ? 'refused' : 'held');
    setInterval(() => undefined, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  expect(String(said).trim()).toBe('held');
  return {
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

describe('the lock of a directory', () => {
  test('is held by one, and free again when it is given back', async () => {
    const directory = nodeDirectory(join(root, 'a'));
    const lock = await directory.lock();
    expect(lock).toBeDefined();
    expect(await isDirectoryHeld(directory.path)).toBe(true);
    expect(await nodeDirectory(directory.path).lock()).toBeUndefined();
    await lock?.release();
    expect(await isDirectoryHeld(directory.path)).toBe(false);
    const again = await directory.lock();
    expect(again).toBeDefined();
    await again?.release();
    expect(await readdir(directory.path)).toEqual([]);
  });

  test('is free when its process was killed, whatever it left behind', async () => {
    const path = join(root, 'a');
    const other = await holder(path);
    expect(await nodeDirectory(path).lock()).toBeUndefined();
    await other.kill();
    expect((await readdir(path)).some((name) => name.startsWith('lock-'))).toBe(true);
    const lock = await nodeDirectory(path).lock();
    expect(lock).toBeDefined();
    await lock?.release();
    expect(await readdir(path)).toEqual([]);
  });

  test('is never held by two, however many try at the same time beside what a dead process left', async () => {
    const path = join(root, 'a');
    for (let round = 0; round < 10; round += 1) {
      const dead = round % 5 === 0 ? await holder(path) : undefined;
      await dead?.kill();
      const locks = await Promise.all(Array.from({ length: 6 }, () => nodeDirectory(path).lock()));
      const held = locks.filter((lock) => lock !== undefined);
      expect(held.length).toBeLessThanOrEqual(1);
      for (const lock of held) await lock.release();
    }
    const last = await nodeDirectory(path).lock();
    expect(last).toBeDefined();
    await last?.release();
  });

  test('works where the path is longer than that of a socket may be', async () => {
    const path = join(root, 'x'.repeat(120), 'y'.repeat(120));
    const lock = await nodeDirectory(path).lock();
    expect(lock).toBeDefined();
    expect(await nodeDirectory(path).lock()).toBeUndefined();
    expect(await isDirectoryHeld(path)).toBe(true);
    await lock?.release();
  });

  test('cannot be made in a directory that cannot be written', async () => {
    const failure: unknown = await nodeDirectory('/proc/self')
      .lock()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'STORAGE_FAILED' });
    expect(String(failure)).toContain('the directory /proc/self cannot be used');
  });
});

describe('files', () => {
  test('are created once, read and written anywhere, and keep the codes of the system', async () => {
    const directory = nodeDirectory(root);
    const file = await directory.open('f', 'create');
    await expect(directory.open('f', 'create')).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(directory.open('g', 'write')).rejects.toMatchObject({ code: 'ENOENT' });
    await file.write(Uint8Array.of(1, 2, 3), 5);
    expect(await file.size()).toBe(8);
    expect(await file.read(4, 100)).toEqual(Uint8Array.of(0, 1, 2, 3));
    expect(await file.read(9, 10)).toEqual(new Uint8Array(0));
    await file.truncate(6);
    await file.sync();
    await file.close();
    await directory.rename('f', 'g');
    await directory.sync();
    expect(await directory.list()).toEqual(['g']);
    await directory.remove('g');
    expect(await directory.list()).toEqual([]);
  });
});
