/** Closing everything leaves no handle, socket, thread or timer: the process ends by itself. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('dist/programs/everything.js', import.meta.url));

test.skipIf(!existsSync(program))(
  'a program that closes its peers, sessions, storages and workers has nothing left, and ends (skipped where nothing is built)',
  { timeout: 110_000 },
  () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
      encoding: 'utf8',
      timeout: 100_000,
      killSignal: 'SIGKILL',
    });
    expect(stderr).toBe('');
    expect(stdout).toBe('[]\n');
    expect(status).toBe(0);
  },
);
