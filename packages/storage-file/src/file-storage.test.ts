import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openPeer } from '@quorate/core';
import { fileStorage } from './file-storage.ts';
import { entries, owner } from './testing/setup.ts';

const roots: string[] = [];

async function place(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'quorate-'));
  roots.push(root);
  return join(root, 'data', 'a');
}

afterEach(async () => {
  for (const root of roots.splice(0)) await rm(root, { recursive: true, force: true });
});

test('a directory is made with access for its owner only, and holds what was written', async () => {
  const directory = await place();
  const first = fileStorage({ directory });
  await first.open(owner);
  await first.write({ entries: entries(1, 100) });
  await first.close();
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  expect((await stat(join(directory, 'manifest'))).mode & 0o777).toBe(0o600);
  const second = fileStorage({ directory });
  expect((await second.open(owner)).entries).toEqual(entries(1, 100));
  await second.close();
});

test('a peer finds its znodes again after it was stopped at once', async () => {
  const directory = await place();
  const first = await openPeer({ id: 'a', storage: fileStorage({ directory }) });
  const session = await first.openSession({ timeoutMs: Number.POSITIVE_INFINITY });
  await session.create('/greeting', 'hello');
  await Promise.all(Array.from({ length: 200 }, (_, at) => session.create(`/item-${at}`, at)));
  await first.close({ graceful: false });
  const second = await openPeer({ id: 'a', storage: fileStorage({ directory }) });
  await second.ready();
  expect(second.tree.get('/greeting')?.value).toBe('hello');
  expect(second.tree.get('/item-199')?.value).toBe(199);
  await second.close();
});

test("a directory is one storage's at a time", async () => {
  const directory = await place();
  const first = fileStorage({ directory });
  await first.open(owner);
  await expect(fileStorage({ directory }).open(owner)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  await first.close();
  const second = fileStorage({ directory });
  await second.open(owner);
  await second.close();
});
