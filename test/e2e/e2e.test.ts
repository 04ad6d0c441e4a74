/** A short run; `npm run e2e` makes longer ones. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('dist/main.js', import.meta.url));

test.skipIf(!existsSync(program))(
  'three processes that are killed, stopped and cut off lose nothing and double nothing (skipped where nothing is built)',
  { timeout: 300_000 },
  () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [program, '--minutes', '0.15', '--seed', '1'],
      {
        encoding: 'utf8',
        timeout: 290_000,
        killSignal: 'SIGKILL',
      },
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/\nnothing is wrong\n$/);
    expect(stdout).toMatch(/^[1-9]\d* faults:/m);
    expect(status).toBe(0);
  },
);
