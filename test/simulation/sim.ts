/** The command `npm run sim`: runs seeds in simulated worlds, or one seed again. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { allInvariants, runSeed, type SeedResult, shrink } from '@quorate/simulator';
import { commandLine, countOf, seedOf } from './command-line.ts';
import { printSweep, unreachedStates } from './sweep/report.ts';
import { storageNamed } from './sweep/storages.ts';
import { sweep } from './sweep/sweep.ts';

/** Seeds from which on a state that was never reached is a failure of the sweep. */
const seedsForCoverage = 2_000;

const usage = `npm run sim -- --seeds 2000 [--from N] [--fail-fast] [--processes N]
npm run sim -- --seed 0x2a [--trace] [--shrink] [--duration MS]

  --seeds      how many seeds, default 200; from 2,000 on a state that is never reached is a failure
  --from       the first of them, default 1
  --seed       only this one
  --trace      prints what happens in it
  --shrink     looks for less that fails too
  --duration   virtual milliseconds, default 60000
  --storage    mixed (default), disk, or file: each peer keeps its log with the file storage, on a disk of its world
               that fails as disks of files do; mixed does so in every eighth seed
  --processes  default: as many as there are processors, 8 at most`;

const asked = commandLine(usage, () => {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '200' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      duration: { type: 'string' },
      trace: { type: 'boolean', default: false },
      shrink: { type: 'boolean', default: false },
      'fail-fast': { type: 'boolean', default: false },
      storage: { type: 'string', default: 'mixed' },
      processes: { type: 'string', default: String(Math.min(8, availableParallelism())) },
    },
  });
  const { seed, duration, storage } = values;
  const from = seedOf('--from', values.from);
  storageNamed(storage, from);
  return {
    ...values,
    from,
    seedsCount: countOf('--seeds', values.seeds),
    processesCount: countOf('--processes', values.processes),
    seed: seed === undefined ? undefined : seedOf('--seed', seed),
    durationMs: duration === undefined ? undefined : countOf('--duration', duration),
  };
});

process.exitCode = asked.seed === undefined ? await runMany() : await runOne(asked.seed);

async function runMany(): Promise<number> {
  const { seedsCount: count, from, storage, processesCount } = asked;
  const seeds = Array.from({ length: count }, (_, at) => from + BigInt(at));
  const result = await sweep({
    seeds,
    processesCount,
    failFast: asked['fail-fast'],
    storage,
    onSeed: ({ seed, violation }, done) => {
      if (violation !== undefined) console.log(`\nseed ${seed}: ${violation.message}`);
      if (process.stdout.isTTY) process.stdout.write(`\r${done} of ${count} seeds `);
      else if (done % 100 === 0) console.log(`${done} of ${count} seeds`);
    },
  });
  printSweep(result);
  const unreached = count >= seedsForCoverage ? unreachedStates(result) : [];
  for (const state of unreached) console.log(`never reached: ${state}`);
  const option = storage === 'mixed' ? '' : ` --storage ${storage}`;
  for (const { seed } of result.failures)
    console.log(`again: npm run sim -- --seed ${seed}${option} --trace`);
  return result.failures.length > 0 || unreached.length > 0 ? 1 : 0;
}

async function runOne(seed: bigint): Promise<number> {
  const result = await runSeed({
    seed,
    invariants: allInvariants,
    ...storageNamed(asked.storage, seed),
    ...(asked.durationMs === undefined ? {} : { reduction: { durationMs: asked.durationMs } }),
    ...(asked.trace
      ? {
          onTrace: ({ atMs, host, kind, text }) =>
            console.log(
              `${atMs.toFixed(3).padStart(11)} ${(host ?? '').padEnd(3)} ${kind.padEnd(10)} ${text}`,
            ),
        }
      : {}),
  });
  describe(result);
  if (result.violation === undefined) return 0;
  if (asked.shrink) {
    const shrunk = await shrink(
      result,
      { invariants: allInvariants, ...storageNamed(asked.storage, seed) },
      describe,
    );
    console.log(`After ${shrunk.runsCount} runs, this is enough: ${JSON.stringify(shrunk.reduction)}`);
  }
  return 1;
}

function describe({ seed, knobs, violation, traceHash, durationMs, eventsCount }: SeedResult): void {
  const { members, clientsPerMember, faults, features } = knobs;
  console.log(`seed 0x${seed.toString(16)}: ${members.length} members, ${clientsPerMember} clients each`);
  console.log(`  faults: ${[...faults].join(', ') || 'none'}`);
  console.log(`  features: ${[...features].join(', ') || 'none'}`);
  console.log(`  ${(durationMs / 1_000).toFixed(1)} s, ${eventsCount} events, trace ${traceHash}`);
  if (violation === undefined) console.log('  no violation');
  else {
    console.log(`  ${violation.checker}${violation.atMs === undefined ? '' : ` at ${violation.atMs} ms`}`);
    console.log(`  ${violation.message}`);
    for (const [name, fact] of Object.entries(violation.facts)) console.log(`    ${name}: ${show(fact)}`);
  }
}

function show(fact: unknown): string {
  return (
    JSON.stringify(fact, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ??
    'undefined'
  );
}
