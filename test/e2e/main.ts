/**
 * Real processes, real faults: `npm run e2e -- --minutes 5 --seed 1`. Ends with 0 if nothing is wrong. A seed repeats
 * the faults and the work, not the timing of the machine.
 */
import { parseArgs } from 'node:util';
import { run, type RunResult } from './run.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string', default: '1' } },
});
const result = await run({ seed: BigInt(values.seed), forMs: Number(values.minutes) * 60_000 });
for (const line of linesOf(result)) console.log(line);
process.exitCode = result.problems.length === 0 ? 0 : 1;

function linesOf(told: RunResult): readonly string[] {
  const { problems, faults, folder } = told;
  const faultsCount = Object.values(faults).reduce((sum, count) => sum + count, 0);
  return [
    `seed ${values.seed}, ${values.minutes} minutes`,
    `${told.operationsCount} operations of ${told.sessionsCount} sessions, ${told.perSecond.toFixed(0)} answered per second, ${told.unknownCount} of unknown outcome`,
    `${faultsCount} faults: ${Object.entries(faults)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
    `${told.entriesCount} committed entries, last term ${told.term}`,
    `${told.searchedCount} histories of single znodes searched, ${told.undecidedCount} undecided`,
    `${told.streamsCount} streams of watches with ${told.eventsCount} events`,
    ...(problems.length === 0 ? ['nothing is wrong'] : problems.slice(0, 20)),
    ...(folder === undefined ? [] : [`the files are in ${folder}`]),
  ];
}
