/** What does durability cost beside the bare disk, and how fast does a peer start? See README.md. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printMachine } from '../measure.ts';
import { compareRecovery } from './recovery.ts';
import { compareWrites } from './writes.ts';

/** `writes` or `recovery`: only that part. `QUORATE_BENCH_DIR`: on which disk. */
const part = process.argv[2];
const root = await mkdtemp(join(process.env['QUORATE_BENCH_DIR'] ?? tmpdir(), 'quorate-durable-'));

printMachine();
try {
  if (part !== 'recovery') await compareWrites(root, [1, 64, 256, 1_024]);
  if (part !== 'writes') await compareRecovery(root, Number(process.argv[3] ?? 1_000_000));
} finally {
  await rm(root, { recursive: true, force: true });
}
