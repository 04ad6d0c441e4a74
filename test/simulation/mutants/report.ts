/** What `npm run mutants` prints. */
import type { Inexpressible, Mutant } from './mutant.ts';
import type { Trial } from './trial.ts';

export interface Result {
  readonly mutant: Mutant;
  readonly trial: Trial;
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(0)} s`;

/** One line, as soon as it is known. */
export function printResult({ mutant, trial }: Result): void {
  const { killedBy, message, seedsCount, simulatedMs, wallMs } = trial;
  const verdict = killedBy === undefined ? `SURVIVED ${message}` : killedBy;
  console.log(
    [
      mutant.id.padEnd(5),
      String(seedsCount).padStart(4),
      seconds(simulatedMs).padStart(7),
      seconds(wallMs).padStart(6),
      ` ${verdict}`,
      `(${mutant.bug})`,
    ].join(' '),
  );
}

export function printSummary(results: readonly Result[], others: readonly Inexpressible[]): void {
  const killed = results.filter(({ trial }) => trial.killedBy !== undefined);
  const counts = killed.map(({ trial }) => trial.seedsCount);
  console.log();
  for (const { id, reason } of others) console.log(`${id.padEnd(5)} cannot be expressed: ${reason}`);
  console.log();
  console.log(`mutants            ${results.length}`);
  console.log(`killed             ${killed.length}`);
  if (counts.length > 0) console.log(`seeds, median      ${medianOf(counts)}`);
  if (counts.length > 0) console.log(`seeds, maximum     ${Math.max(...counts)}`);
  for (const { mutant } of results.filter(({ trial }) => trial.killedBy === undefined)) {
    console.log(`SURVIVED           ${mutant.id}: ${mutant.bug}`);
  }
}

/** The upper of the two in the middle. */
function medianOf(values: readonly number[]): number | undefined {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)];
}
