/**
 * Makes a failing seed smaller: a shorter run, fewer members and clients, fewer faults and features, as long as the
 * same thing is broken. Streams are independent, so what is taken away shifts no other draw.
 */
import type { Reduction } from './knobs.ts';
import { runSeed, type RunSeedOptions, type SeedResult } from './run-seed.ts';

/** What shrinking found. */
export interface Shrunk {
  readonly reduction: Reduction;
  readonly result: SeedResult;
  readonly runsCount: number;
}

/** `told` hears of each step that still fails. The seed must fail. */
export async function shrink(
  failing: SeedResult,
  options: Pick<RunSeedOptions, 'invariants' | 'storageOf'>,
  told: (smaller: SeedResult) => void,
): Promise<Shrunk> {
  const { seed, violation } = failing;
  let reduction: Reduction = {};
  let result = failing;
  let runsCount = 0;
  const attempt = async (candidate: Reduction): Promise<boolean> => {
    runsCount += 1;
    const tried = await runSeed({ ...options, seed, reduction: candidate });
    if (tried.violation?.checker !== violation?.checker) return false;
    reduction = candidate;
    result = tried;
    told(tried);
    return true;
  };
  for (const durationMs of [5_000, 10_000, 20_000, 40_000]) {
    if (await attempt({ ...reduction, durationMs })) break;
  }
  for (const fault of result.knobs.faults) {
    await attempt({ ...reduction, withoutFaults: [...(reduction.withoutFaults ?? []), fault] });
  }
  for (const feature of result.knobs.features) {
    await attempt({ ...reduction, withoutFeatures: [...(reduction.withoutFeatures ?? []), feature] });
  }
  if (result.knobs.clientsPerMember > 1) await attempt({ ...reduction, clientsPerMemberMax: 1 });
  for (let membersMax = 1; membersMax < result.knobs.members.length; membersMax += 1) {
    if (await attempt({ ...reduction, membersMax })) break;
  }
  return { reduction, result, runsCount };
}
