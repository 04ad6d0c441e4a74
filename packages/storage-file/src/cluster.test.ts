/** What node:cluster changes: it moves what its workers listen on into their primary, if nobody says otherwise. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const core = new URL('../../core/dist/index.js', import.meta.url);
const storageFile = new URL('../dist/index.js', import.meta.url);

test.skipIf(!existsSync(storageFile))(
  'a worker of a cluster locks its directory itself, not by its primary (skipped where nothing is built)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'quorate-'));
    // Too long for a socket's path: it goes by way of a file that is open in the worker only.
    const directory = join(folder, 'x'.repeat(120));
    const script = `
      import cluster from 'node:cluster';
      import { openPeer } from ${JSON.stringify(core.href)};
      import { fileStorage } from ${JSON.stringify(storageFile.href)};
      if (cluster.isPrimary) {
        cluster.fork().on('exit', (code) => process.exit(code));
      } else {
        const peer = await openPeer({ id: 'a', storage: fileStorage({ directory: ${JSON.stringify(directory)} }) });
        await peer.close();
        process.disconnect();
      }`;
    const program = join(folder, 'main.mjs');
    writeFileSync(program, script);
    const { status, stderr } = spawnSync(process.execPath, [program], {
      encoding: 'utf8',
      timeout: 25_000,
    });
    rmSync(folder, { recursive: true });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  },
);
