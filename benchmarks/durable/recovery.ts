/**
 * How fast a peer starts: from a long log, and from a large snapshot, each beside decoding and applying alone. Each
 * start and each measurement has a process of its own, so that none pays for the memory of another.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { median, printTable, thousands } from '../measure.ts';
import { aim } from './compare.ts';
import type { Job, JobResult } from './recovery-process.ts';

interface Kind {
  readonly name: string;
  readonly write: Job;
  readonly alone: Job;
}

interface Measured {
  readonly cells: readonly string[];
  readonly ratio: number;
}

const rounds = 3;
/** At least this share of the speed of decoding and applying alone. */
const shareMin = 0.5;

export async function compareRecovery(folder: string, count: number): Promise<void> {
  const measured = [
    await measure(folder, count, {
      name: `log of ${thousands(count)} writes`,
      write: 'write-log',
      alone: 'apply-log',
    }),
    await measure(folder, count, {
      name: `snapshot of ${thousands(count)} znodes`,
      write: 'write-snapshot',
      alone: 'decode-snapshot',
    }),
  ];
  console.log(`\nStarting, medians of ${rounds} rounds in turn, each in a process of its own:\n`);
  printTable(
    ['what', 'decode and apply alone', 'openPeer until ready', 'speed ratio', 'peak memory'],
    measured.map(({ cells }) => cells),
  );
  console.log();
  for (const { cells, ratio } of measured) {
    console.log(aim(`${cells[0]}: at least half the speed`, ratio, ratio >= shareMin));
  }
}

async function measure(folder: string, count: number, { name, write, alone }: Kind): Promise<Measured> {
  const directory = join(folder, write);
  console.log(`${name}:`);
  let peakBytes = (await inProcess(write, directory, count)).peakBytes;
  const aloneMs: number[] = [];
  const startedMs: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const ofAlone = await inProcess(alone, directory, count);
    const ofStart = await inProcess('start', directory, count);
    aloneMs.push(ofAlone.tookMs);
    startedMs.push(ofStart.tookMs);
    peakBytes = Math.max(peakBytes, ofAlone.peakBytes, ofStart.peakBytes);
    const [first, second] = [ofAlone.tookMs.toFixed(0), ofStart.tookMs.toFixed(0)];
    console.log(`  round ${round}: alone ${first} ms, started in ${second} ms`);
  }
  await rm(directory, { recursive: true });
  const ratio = median(aloneMs.map((ms, round) => ms / (startedMs[round] ?? Number.NaN)));
  const cells = [
    name,
    `${median(aloneMs).toFixed(0)} ms`,
    `${median(startedMs).toFixed(0)} ms`,
    ratio.toFixed(2),
    `${thousands(peakBytes / 1_048_576)} MiB`,
  ];
  return { cells, ratio };
}

async function inProcess(job: Job, directory: string, count: number): Promise<JobResult> {
  const child = fork(new URL('recovery-process.js', import.meta.url), [job, directory, `${count}`]);
  const exited = once(child, 'exit');
  let result: JobResult | undefined;
  child.once('message', (told: JobResult) => {
    result = told;
  });
  const [code] = await exited;
  if (result === undefined) throw new Error(`${job} ended with ${code} and told nothing`);
  return result;
}
