/** One process of a sweep: gets seeds, answers what became of them. */
import { allInvariants, runSeed, type SeedResult } from '@quorate/simulator';
import { storageNamed } from './storages.ts';

/** A seed's result in a form that crosses between processes. */
export interface Told extends Omit<SeedResult, 'seed' | 'knobs'> {
  /** Hexadecimal, as the command line takes it. */
  readonly seed: string;
  readonly membersCount: number;
}

const storage = process.argv[2] ?? 'mixed';

// Clients meet errors all the time, and most of what such an error costs is its stack. A seed that is run alone has them.
Error.stackTraceLimit = 0;

process.on('message', (message) => {
  void answer(message as readonly string[]);
});

async function answer(seeds: readonly string[]): Promise<void> {
  const told: Told[] = [];
  for (const text of seeds) {
    const { seed, knobs, ...rest } = await runSeed({
      seed: BigInt(text),
      invariants: allInvariants,
      ...storageNamed(storage, BigInt(text)),
    });
    told.push({ ...rest, seed: `0x${seed.toString(16)}`, membersCount: knobs.members.length });
  }
  process.send?.(told);
}
