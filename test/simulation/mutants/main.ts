/**
 * The command `npm run mutants`: puts every known bug back, one at a time, and asks whether the simulator notices. The
 * sources as they are must survive the same seeds: else a kill would mean nothing.
 */
import { parseArgs } from 'node:util';
import { commandLine, countOf } from '../command-line.ts';
import { inexpressible } from './catalogue/inexpressible.ts';
import { mutants } from './catalogue.ts';
import type { Mutant } from './mutant.ts';
import { reductionOf, storageIn } from './profiles.ts';
import { printResult, printSummary, type Result } from './report.ts';
import { type Trial, tryMutant } from './trial.ts';

/** A seed of 20 virtual seconds takes less than one real second: this leaves room for a busy machine. */
const silenceMsMax = 60_000;

const usage = `npm run mutants -- [B14 S02 ...] [--seeds-max N] [--duration-ms MS] [--minutes-max N] [--processes N] [--no-control]

  B14 S02 ...    only these; default: all of the catalogue
  --seeds-max    seeds until a mutant counts as alive, default 200
  --duration-ms  virtual time of a seed, default 20000
  --minutes-max  real time for a mutant, default 20
  --processes    default 2
  --no-control   does not show that the sources as they are survive`;

const { ids, seedsMax, durationMs, minutesMax, processesCount, isControlled } = commandLine(usage, () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'seeds-max': { type: 'string', default: '200' },
      'duration-ms': { type: 'string', default: '20000' },
      'minutes-max': { type: 'string', default: '20' },
      processes: { type: 'string', default: '2' },
      'no-control': { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((id) => !mutants.some((mutant) => mutant.id === id));
  if (unknown.length > 0) throw new RangeError(`no such mutant: ${unknown.join(', ')}`);
  return {
    ids: positionals,
    seedsMax: countOf('--seeds-max', values['seeds-max']),
    durationMs: countOf('--duration-ms', values['duration-ms']),
    minutesMax: countOf('--minutes-max', values['minutes-max']),
    processesCount: countOf('--processes', values.processes),
    isControlled: !values['no-control'],
  };
});

process.exitCode = await main();

async function main(): Promise<number> {
  const chosen = mutants.filter(({ id }) => ids.length === 0 || ids.includes(id));
  const results: Result[] = [];
  await inParallel(chosen, async (mutant) => {
    const result = { mutant, trial: await run(mutant, seedsMax) };
    results.push(result);
    printResult(result);
  });
  printSummary(results, ids.length === 0 ? inexpressible : []);
  const isSound = !isControlled || (await control(results));
  return isSound && results.every(({ trial }) => trial.killedBy !== undefined) ? 0 : 1;
}

async function run({ edits, profile }: Omit<Mutant, 'id' | 'bug'>, seedsCount: number): Promise<Trial> {
  return await tryMutant({
    edits,
    seeds: Array.from({ length: seedsCount }, (_, at) => at + 1),
    reduction: reductionOf(profile, durationMs),
    storage: storageIn(profile),
    wallMsMax: 60_000 * minutesMax,
    silenceMsMax,
  });
}

/** Every profile's seeds, as many as the mutants of that profile have needed, on the sources as they are. */
async function control(results: readonly Result[]): Promise<boolean> {
  const needed = new Map<string, number>();
  for (const { mutant, trial } of results) {
    const profile = mutant.profile ?? 'sweep';
    needed.set(profile, Math.max(needed.get(profile) ?? 0, trial.seedsCount));
  }
  let isSound = true;
  await inParallel([...needed], async ([profile, seedsCount]) => {
    const { killedBy, message, ...trial } = await run({ edits: [], profile }, seedsCount);
    const isWhole = killedBy === undefined && trial.seedsCount === seedsCount;
    console.log(
      `control (${profile}): the sources as they are ${isWhole ? 'survive' : 'DO NOT SURVIVE'} ${trial.seedsCount} of ${seedsCount} seeds`,
    );
    if (killedBy !== undefined) console.log(`  seed ${trial.seedsCount}: ${killedBy}: ${message}`);
    isSound &&= isWhole;
  });
  return isSound;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const turn = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: processesCount }, turn));
}
