/** How much of the memory transport's ensemble is left over threads and sockets, and of each raw transport? See README.md. */
import { openPeer } from '@quorate/core';
import { memoryNetwork } from '@quorate/transport-memory';
import { drive, type LoadResult, median, printMachine, printTable, thousands } from '../measure.ts';
import { mainMember, type Subject, value } from '../three-peers.ts';
import { printHops } from './hop.ts';
import { places } from './places.ts';
import { openEnsemble, openRaw } from './subjects.ts';

/** Named on the command line, or all: `npm run bench -- transports 256`. */
const inFlights = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 64, 256];
const rounds = 5;
const forMs = 600;

interface Measured {
  readonly raw: LoadResult[];
  readonly ensemble: LoadResult[];
}

printMachine();
await printHops();
const bytesPerWrite = await countBytesPerWrite();
const subjects: { readonly name: string; readonly raw: Subject; readonly ensemble: Subject }[] = [];
for (const [name, open] of Object.entries(places)) {
  const raw = await openRaw(await open('echo'), bytesPerWrite);
  subjects.push({ name, raw, ensemble: await openEnsemble(await open('peer')) });
}
console.log(
  `${value.length} bytes a value, ${bytesPerWrite} bytes a write to each follower, medians of ${rounds} rounds in turn:\n`,
);
for (const inFlight of inFlights) await compare(inFlight);
for (const { raw, ensemble } of subjects) {
  await raw.close();
  await ensemble.close();
}

/** All transports take turns, round by round, so that a machine whose speed drifts distorts no ratio. */
async function compare(inFlight: number): Promise<void> {
  const results = new Map<string, Measured>(subjects.map(({ name }) => [name, { raw: [], ensemble: [] }]));
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, raw, ensemble } of subjects) {
      const ofRaw = await drive((lane) => raw.call(lane), { inFlight, forMs });
      const ofEnsemble = await drive((lane) => ensemble.call(lane), { inFlight, forMs });
      if (round === 0) continue;
      results.get(name)?.raw.push(ofRaw);
      results.get(name)?.ensemble.push(ofEnsemble);
    }
  }
  const ofMemory = results.get('memory')?.ensemble ?? [];
  const rows = [...results].map(([name, { raw, ensemble }]) => [
    `${name}, ${inFlight} in flight`,
    thousands(median(raw.map(({ perSecond }) => perSecond))),
    `${median(raw.map(({ medianUs }) => medianUs)).toFixed(0)} us`,
    thousands(median(ensemble.map(({ perSecond }) => perSecond))),
    `${median(ensemble.map(({ medianUs }) => medianUs)).toFixed(0)} us`,
    medianRatio(ensemble, raw),
    medianRatio(ensemble, ofMemory),
  ]);
  printTable(
    ['', 'raw echo/s', 'round trip', 'ensemble writes/s', 'a write takes', 'of its raw', 'of memory'],
    rows,
  );
  console.log();
}

function medianRatio(these: readonly LoadResult[], those: readonly LoadResult[]): string {
  const ratios = these.map(({ perSecond }, round) => perSecond / (those[round]?.perSecond ?? Number.NaN));
  return median(ratios).toFixed(2);
}

/** What an ensemble sends to one follower for one write when many are in flight, counted by the memory network. */
async function countBytesPerWrite(): Promise<number> {
  let bytesToFollower = 0;
  const network = memoryNetwork({
    faults({ to, bytes }) {
      if (to === 'b') bytesToFollower += bytes.length;
      return 'deliver';
    },
  });
  const members = { [mainMember]: '', b: '' };
  const open = (id: string) => openPeer({ id, members, transport: network.transport() });
  const [first, second] = await Promise.all([open(mainMember), open('b')]);
  await first.ready();
  if (first.role !== 'leader') await second.transferLeadership(mainMember);
  const session = await first.openSession();
  await session.create('/bench');
  const writes = 256;
  const batch = (): Promise<unknown> =>
    Promise.all(Array.from({ length: writes }, () => session.set('/bench', value)));
  await batch();
  bytesToFollower = 0;
  await batch();
  const bytes = Math.round(bytesToFollower / writes);
  await session.close();
  await Promise.all([first.close(), second.close()]);
  return bytes;
}
