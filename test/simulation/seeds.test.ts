/**
 * A few seeds of the sweep, those that once failed, and that a seed is one run whatever happens around it. Seeds run
 * for a third of their time here; for all of it with
 *
 *   QUORATE_PROOFS=full npx vitest run test/simulation/seeds.test.ts
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { addCoverage, allInvariants, noCoverage, runSeed, type SeedResult } from '@quorate/simulator';
import { describe, expect, test } from 'vitest';

const invariants = allInvariants;
const reduction = process.env['QUORATE_PROOFS'] === 'full' ? {} : { durationMs: 20_000 };
const kept = JSON.parse(readFileSync(new URL('seeds.json', import.meta.url), 'utf8')) as readonly {
  readonly seed: string;
  readonly found: string;
}[];
const program = fileURLToPath(new URL('dist/sim.js', import.meta.url));
/** Another version of Node to compare with: `QUORATE_OTHER_NODE=/path/to/node`. */
const otherNode = process.env['QUORATE_OTHER_NODE'];

const hashBy = (node: string, seed: number): string => {
  const printed = execFileSync(node, [program, '--seed', String(seed), '--duration', '10000'], {
    encoding: 'utf8',
  });
  return /trace ([0-9a-f]{16})/.exec(printed)?.[1] ?? printed;
};

describe('seeds of the sweep', () => {
  const seeds = [101n, 102n, 103n, 104n, 105n, 106n];
  const runs = new Map<bigint, Promise<SeedResult>>();
  const runOf = (seed: bigint): Promise<SeedResult> => {
    const run = runs.get(seed) ?? runSeed({ seed, invariants, reduction });
    runs.set(seed, run);
    return run;
  };

  test.each(seeds)(
    'seed %i breaks nothing',
    async (seed) => {
      const { violation } = await runOf(seed);
      expect(violation).toBe(undefined);
    },
    120_000,
  );

  test('reach elections, snapshots and expiries even if they are few', async () => {
    let coverage = noCoverage;
    for (const seed of seeds) coverage = addCoverage(coverage, (await runOf(seed)).coverage);
    for (const mark of [
      'elections',
      'snapshots taken',
      'session expiries',
      'terms without a leader',
    ] as const) {
      expect({ mark, count: coverage[mark] > 0 }).toEqual({ mark, count: true });
    }
  }, 120_000);
});

describe('seeds that once failed', () => {
  test.each(kept)(
    '$seed found that $found',
    async ({ seed }) => {
      const { violation } = await runSeed({ seed: BigInt(seed), invariants, reduction });
      expect(violation).toBe(undefined);
    },
    180_000,
  );
});

describe('one seed', () => {
  const hashOf = async (seed: bigint): Promise<string> =>
    (await runSeed({ seed, invariants, reduction: { durationMs: 10_000 } })).traceHash;

  test('is the same run twice in one process, also beside another run', async () => {
    const first = await hashOf(301n);
    const [second, other] = await Promise.all([hashOf(301n), hashOf(302n)]);
    expect(second).toBe(first);
    expect(other).not.toBe(first);
  }, 120_000);

  test.skipIf(!existsSync(program))(
    'is the same run in another process (skipped where nothing is built)',
    async () => {
      expect(hashBy(process.execPath, 301)).toBe(await hashOf(301n));
    },
    120_000,
  );

  test.skipIf(otherNode === undefined)(
    'is the same run on another Node (skipped unless QUORATE_OTHER_NODE names one)',
    async () => {
      for (const seed of [301, 302, 303])
        expect(hashBy(otherNode ?? '', seed)).toBe(await hashOf(BigInt(seed)));
    },
    120_000,
  );
});
