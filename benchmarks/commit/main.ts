/** How much of one process's bare pipeline is left when three peers agree on every write? See README.md. */
import { portableChecksum } from '@quorate/core/inspect';
import { memoryNetwork } from '@quorate/transport-memory';
import { drive, type LoadResult, median, printMachine, printTable, thousands } from '../measure.ts';
import { Baseline } from './baseline.ts';
import { countPerWrite } from './counts.ts';
import { openEnsemble } from './ensemble.ts';

/** Named on the command line, or all: `npm run bench -- commit 256`. */
const inFlights = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 64, 256, 1_024];
/** Many short rounds: what else a busy machine does meets both sides of one round more often than of a long one. */
const rounds = 25;
const forMs = 250;
/** Of each side, before its first round: until then its code is being compiled (on a slow machine for some seconds). */
const warmUpMs = 5_000;
const pathsCount = 1_024;
const value = new Uint8Array(100).map((_, index) => index);
const paths = Array.from(
  { length: pathsCount },
  (_, index) => `/bench/item-${String(index).padStart(5, '0')}`,
);
const pathOf = (lane: number): string => paths[lane % pathsCount] ?? '/bench';

printMachine();
// The same checksum on both sides: the one that the transport hands in.
const checksum = memoryNetwork().transport().checksum ?? portableChecksum();
await compare('leader');
await compare('follower');

/** One ensemble beside the baseline, in turns; only one at a time, so that none pays for another's memory. */
async function compare(at: 'leader' | 'follower'): Promise<void> {
  const baseline = new Baseline(checksum);
  const ensemble = await openEnsemble(at);
  const { session } = ensemble;
  await session.create('/bench');
  await Promise.all(paths.map((path) => session.create(path, value)));
  const rows: string[][] = [];
  for (const inFlight of inFlights) {
    const bare: LoadResult[] = [];
    const agreed: LoadResult[] = [];
    const driveBare = (ms: number): Promise<LoadResult> =>
      drive((lane) => baseline.set(pathOf(lane), value), { inFlight, forMs: ms });
    const driveAgreed = (ms: number): Promise<LoadResult> =>
      drive((lane) => session.set(pathOf(lane), value), { inFlight, forMs: ms });
    await driveBare(warmUpMs);
    await driveAgreed(warmUpMs);
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await driveBare(forMs));
      agreed.push(await driveAgreed(forMs));
    }
    const ratios = agreed.map(({ perSecond }, round) => perSecond / (bare[round]?.perSecond ?? Number.NaN));
    rows.push([
      String(inFlight),
      thousands(median(bare.map(({ perSecond }) => perSecond))),
      thousands(median(agreed.map(({ perSecond }) => perSecond))),
      median(ratios).toFixed(2),
      `${median(agreed.map(({ medianUs }) => medianUs)).toFixed(0)} us`,
    ]);
  }
  console.log(
    `Writes per second, values of ${value.length} bytes, session at a ${at}, medians of ${rounds} rounds in turn:\n`,
  );
  printTable(['in flight', 'baseline', '3 peers', 'ratio', 'a write takes'], rows);
  console.log();
  await ensemble.close();
}

console.log('Counted per write (3 peers, session at the leader, in runs of their own):\n');
const counted: string[][] = [];
for (const inFlight of inFlights) {
  const counts = await countPerWrite(inFlight);
  counted.push([
    String(inFlight),
    counts.framesPerWrite.toFixed(3),
    counts.frameBytesPerWrite.toFixed(0),
    counts.encodingsPerValue.toFixed(2),
    counts.timersPerWrite.toFixed(3),
    counts.immediatesPerWrite.toFixed(3),
    counts.promisesPerWrite.toFixed(2),
  ]);
}
printTable(
  ['in flight', 'messages', 'bytes sent', 'encodings of the value', 'timers', 'immediates', 'promises'],
  counted,
);
