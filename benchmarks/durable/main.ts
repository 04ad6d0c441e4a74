/** What does durability cost beside the bare disk, and how fast does a peer start? See README.md. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printMachine } from '../measure.ts';
import { compareRecovery } from './recovery.ts';
import { compareReplicated } from './replicated.ts';
import { compareWrites } from './writes.ts';

/** `writes`, `replicated` or `recovery`: only that part. `QUORATE_BENCH_DIR`: on which disk. */
const [part, size] = process.argv.slice(2);
const folder = await mkdtemp(join(process.env['QUORATE_BENCH_DIR'] ?? tmpdir(), 'quorate-durable-'));
const inFlights = [1, 64, 256, 1_024];

printMachine();
try {
  if (part === undefined || part === 'writes') await compareWrites(folder, inFlights);
  if (part === undefined || part === 'replicated') await compareReplicated(folder, inFlights);
  if (part === undefined || part === 'recovery') await compareRecovery(folder, Number(size ?? 1_000_000));
} finally {
  await rm(folder, { recursive: true, force: true });
}
