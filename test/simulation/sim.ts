/**
 * The command `npm run sim`: runs seeds in simulated worlds, or one seed again.
 *
 *   npm run sim -- --seeds 2000 [--from N] [--fail-fast]
 *   npm run sim -- --seed 0x2a [--trace] [--shrink] [--duration MS]
 *
 * With `--storage file` (in every eighth seed without it) each peer keeps its log in files, on a disk of its world that fails as disks of files do.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { allInvariants, runSeed, type SeedResult, shrink } from '@quorate/simulator';
import { printSweep, unreachedStates } from './sweep/report.ts';
import { storageNamed } from './sweep/storages.ts';
import { sweep } from './sweep/sweep.ts';

/** Seeds from which on a state that was never reached is a failure of the sweep. */
const seedsForCoverage = 2_000;

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

process.exitCode = values.seed === undefined ? await runMany() : await runOne(BigInt(values.seed));

async function runMany(): Promise<number> {
  const count = Number(values.seeds);
  const from = BigInt(values.from);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new RangeError(`--seeds ${values.seeds}: not a number above 0`);
  const seeds = Array.from({ length: count }, (_, at) => from + BigInt(at));
  const result = await sweep({
    seeds,
    processesCount: Number(values.processes),
    failFast: values['fail-fast'],
    storage: values.storage,
    onSeed: ({ seed, violation }, done) => {
      if (violation !== undefined) console.log(`\nseed ${seed}: ${violation.message}`);
      if (process.stdout.isTTY) process.stdout.write(`\r${done} of ${count} seeds `);
      else if (done % 100 === 0) console.log(`${done} of ${count} seeds`);
    },
  });
  printSweep(result);
  const unreached = count >= seedsForCoverage ? unreachedStates(result) : [];
  for (const state of unreached) console.log(`never reached: ${state}`);
  const option = values.storage === 'mixed' ? '' : ` --storage ${values.storage}`;
  for (const { seed } of result.failures)
    console.log(`again: npm run sim -- --seed ${seed}${option} --trace`);
  return result.failures.length > 0 || unreached.length > 0 ? 1 : 0;
}

async function runOne(seed: bigint): Promise<number> {
  const result = await runSeed({
    seed,
    invariants: allInvariants,
    ...storageNamed(values.storage, seed),
    ...(values.duration === undefined ? {} : { reduction: { durationMs: Number(values.duration) } }),
    ...(values.trace
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
  if (values.shrink) {
    const shrunk = await shrink(
      result,
      { invariants: allInvariants, ...storageNamed(values.storage, seed) },
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
