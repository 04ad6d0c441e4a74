/** What a sweep prints. */
import type { SweepResult } from './sweep.ts';

const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');

export function printSweep(result: SweepResult): void {
  const { seedsCount, simulatedMs, wallMs, eventsCount, operationsCount, failures } = result;
  console.log();
  console.log(`seeds              ${thousands(seedsCount)}`);
  console.log(`simulated          ${(simulatedMs / 3_600_000).toFixed(2)} hours`);
  console.log(`wall time          ${(wallMs / 1_000).toFixed(1)} s`);
  console.log(`times real time    ${thousands(simulatedMs / wallMs)}`);
  console.log(
    `events             ${thousands(eventsCount)} (${thousands((eventsCount * 1_000) / wallMs)} a second)`,
  );
  console.log(`client operations  ${thousands(operationsCount)}`);
  console.log(`violations         ${failures.length}`);
  printCounts('Faults injected', result.faults);
  printCounts('States reached', result.coverage);
}

/**
 * What sweeps never do, because it takes away what an ensemble is promised: a disk that lies about a sync loses what
 * was acknowledged. Tests of the storage do it.
 */
const neverInjected: ReadonlySet<string> = new Set(['sync-lost']);

/** What no seed has reached: nothing was proven about it. */
export function unreachedStates({ coverage, faults }: SweepResult): readonly string[] {
  return Object.entries({ ...coverage, ...faults }).flatMap(([state, count]) =>
    count === 0 && !neverInjected.has(state) ? [state] : [],
  );
}

function printCounts(title: string, counts: Readonly<Record<string, number>>): void {
  console.log(`\n${title}:`);
  for (const [name, count] of Object.entries(counts)) {
    console.log(`  ${name.padEnd(34)} ${thousands(count).padStart(12)}`);
  }
}
