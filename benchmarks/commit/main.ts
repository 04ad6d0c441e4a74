/** How much of one process's bare pipeline is left when three peers agree on every write? See README.md. */
import { portableChecksum } from '@quorate/core/inspect';
import { memoryNetwork } from '@quorate/transport-memory';
import { drive, median, printMachine, printTable, thousands } from '../measure.ts';
import { Baseline } from './baseline.ts';
import { countPerWrite } from './counts.ts';
import { openEnsemble } from './ensemble.ts';

/** Named on the command line, or all: `npm run bench -- commit 256`. */
const inFlights = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 64, 256, 1_024];
const rounds = 5;
const forMs = 700;
const pathsCount = 1_024;
const value = new Uint8Array(100).map((_, index) => index);
const paths = Array.from(
  { length: pathsCount },
  (_, index) => `/bench/item-${String(index).padStart(5, '0')}`,
);
const pathOf = (lane: number): string => paths[lane % pathsCount] ?? '/bench';

printMachine();
// The same checksum on both sides: the one that the transport hands in.
const baseline = new Baseline(memoryNetwork().transport().checksum ?? portableChecksum());
const atLeader = await openEnsemble('leader');
const atFollower = await openEnsemble('follower');
for (const { session } of [atLeader, atFollower]) {
  await session.create('/bench');
  await Promise.all(paths.map((path) => session.create(path, value)));
}

const targets = [
  { name: 'baseline', call: (lane: number) => baseline.set(pathOf(lane), value) },
  { name: 'leader', call: (lane: number) => atLeader.session.set(pathOf(lane), value) },
  { name: 'follower', call: (lane: number) => atFollower.session.set(pathOf(lane), value) },
] as const;

const rows: string[][] = [];
for (const inFlight of inFlights) {
  const results = new Map<string, { perSecond: number; medianUs: number }[]>();
  for (const { call } of targets) await drive(call, { inFlight, forMs: forMs / 2 });
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, call } of targets) {
      const result = await drive(call, { inFlight, forMs });
      results.set(name, [...(results.get(name) ?? []), result]);
    }
  }
  const of = (name: string): number => median((results.get(name) ?? []).map(({ perSecond }) => perSecond));
  const latency = (name: string): number => median((results.get(name) ?? []).map(({ medianUs }) => medianUs));
  const ratio = (name: string): number =>
    median(
      (results.get(name) ?? []).map(
        ({ perSecond }, round) => perSecond / (results.get('baseline')?.[round]?.perSecond ?? Number.NaN),
      ),
    );
  rows.push([
    String(inFlight),
    thousands(of('baseline')),
    thousands(of('leader')),
    ratio('leader').toFixed(2),
    `${latency('leader').toFixed(0)} us`,
    thousands(of('follower')),
    ratio('follower').toFixed(2),
  ]);
}
console.log(`Writes per second, values of ${value.length} bytes, medians of ${rounds} rounds in turn:\n`);
printTable(
  ['in flight', 'baseline', '3 peers, at the leader', 'ratio', 'median', 'at a follower', 'ratio'],
  rows,
);
await atLeader.close();
await atFollower.close();

console.log('\nCounted per write (3 peers, session at the leader, in runs of their own):\n');
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
