import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPeer } from '@quorate/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileStorage } from '../file-storage.ts';

const program = fileURLToPath(new URL('../../dist/tool/main.js', import.meta.url));
let root = '';
let directory = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'quorate-'));
  directory = join(root, 'a');
  const storage = fileStorage({ directory, segmentBytes: 64 * 1_024 });
  const peer = await openPeer({ id: 'a', ensemble: 'shop', storage });
  const session = await peer.openSession({ timeoutMs: Number.POSITIVE_INFINITY });
  await session.create('/a', { count: 5n, bytes: Uint8Array.of(1, 2) });
  await session.create('/a/b', Number.NaN);
  await session.create('/a/b/c', 'text');
  await peer.close({ graceful: false });
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...parameters: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...parameters], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

test('inspect tells whose directory it is and what it holds', async () => {
  const { code, stdout } = await run('inspect', directory);
  expect(code).toBe(0);
  expect(stdout).toContain('member "a" of ensemble "shop"');
  expect(stdout).toMatch(/entries: 1 to \d+, terms 1 to 1/);
  expect(stdout).toContain('log-000000000001 to log-000000000002');
});

test('verify tells damage from an intact directory, and changes neither', async () => {
  expect(await run('verify', directory)).toEqual({ code: 0, stdout: 'intact\n', stderr: '' });
  const log = join(directory, 'log-000000000001');
  const bytes = await readFile(log);
  bytes.fill(0xff, 600, 620);
  await writeFile(log, bytes);
  const { code, stdout } = await run('verify', directory);
  expect(code).toBe(1);
  expect(stdout).toContain('a damaged record before intact ones, log-000000000001 at byte');
  expect(await readFile(log)).toEqual(bytes);
});

test('export writes each znode as a line of JSON, parents first', async () => {
  const { code, stdout } = await run('export', directory);
  expect(code).toBe(0);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { path: string; value: unknown });
  expect(lines.map(({ path }) => path)).toEqual(['/', '/a', '/a/b', '/a/b/c']);
  expect(lines.map(({ value }) => value)).toEqual([
    null,
    { count: { $bigint: '5' }, bytes: { $bytes: 'AQI=' } },
    { $number: 'NaN' },
    'text',
  ]);
});

test('a directory in use is left alone, and what makes no sense is answered with the usage', async () => {
  const storage = fileStorage({ directory, segmentBytes: 64 * 1_024 });
  await storage.open({ member: 'a', ensemble: 'shop', incarnation: 1 });
  expect(await run('verify', directory)).toMatchObject({ code: 2, stdout: '' });
  await storage.close();
  for (const parameters of [[], ['verify'], ['mend', directory], ['verify', directory, 'x']]) {
    const { code, stderr } = await run(...parameters);
    expect([code, stderr]).toEqual([2, expect.stringContaining('quorate-storage inspect')]);
  }
  expect(await run('verify', join(root, 'nothing'))).toMatchObject({ code: 2 });
});
