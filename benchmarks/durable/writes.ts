/** One durable peer beside the raw log, in turns, at several numbers of writes in flight. */
import { join } from 'node:path';
import { openPeer } from '@quorate/core';
import { storageOn } from '@quorate/storage-file';
import { drive, type LoadResult, median, printTable, thousands } from '../measure.ts';
import { countingDirectory } from './counting-directory.ts';
import { RawLog } from './raw-log.ts';

const rounds = 15;
const forMs = 300;
const turns = 5_000;
const turnsToWarmUp = 1_000;
const pathsCount = 1_024;
const value = new Uint8Array(100).map((_, index) => index);
const paths = Array.from(
  { length: pathsCount },
  (_, index) => `/bench/item-${String(index).padStart(5, '0')}`,
);

export async function compareWrites(root: string, inFlights: readonly number[]): Promise<void> {
  const counts = { logSyncs: 0, otherSyncs: 0, bytes: 0 };
  const peer = await openPeer({ id: 'a', storage: storageOn(countingDirectory(join(root, 'peer'), counts)) });
  const session = await peer.openSession();
  await session.create('/bench');
  await Promise.all(paths.map((path) => session.create(path, value)));
  // As many bytes as the command of one write has: path, value and a few fields.
  const raw = await RawLog.open(join(root, 'raw'), value.length + 28);
  await compareLatency(
    () => raw.append(),
    (turn) => session.set(paths[turn % pathsCount] ?? '/bench', value),
  );
  const rows: string[][] = [];
  for (const inFlight of inFlights) {
    const bare: LoadResult[] = [];
    const durable: LoadResult[] = [];
    const syncs: number[] = [];
    // The first round warms up.
    for (let round = 0; round <= rounds; round += 1) {
      bare.push(await drive(() => raw.append(), { inFlight, forMs }));
      const before = counts.logSyncs;
      const result = await drive((lane) => session.set(paths[lane % pathsCount] ?? '/bench', value), {
        inFlight,
        forMs,
      });
      durable.push(result);
      syncs.push((counts.logSyncs - before) / result.count);
    }
    const measured = durable.slice(1);
    const rates = measured.map(({ perSecond }, at) => perSecond / (bare[at + 1]?.perSecond ?? Number.NaN));
    const times = measured.map(({ medianUs }, at) => medianUs / (bare[at + 1]?.medianUs ?? Number.NaN));
    rows.push([
      String(inFlight),
      thousands(median(bare.slice(1).map(({ perSecond }) => perSecond))),
      thousands(median(measured.map(({ perSecond }) => perSecond))),
      median(rates).toFixed(2),
      `${median(bare.slice(1).map(({ medianUs }) => medianUs)).toFixed(0)} us`,
      `${median(measured.map(({ medianUs }) => medianUs)).toFixed(0)} us`,
      median(times).toFixed(2),
      median(syncs.slice(1)).toFixed(4),
    ]);
  }
  await raw.close();
  await peer.close();
  console.log(
    `Durable writes, values of ${value.length} bytes, one peer, medians of ${rounds} rounds in turn:\n`,
  );
  const header = ['in flight', 'raw/s', 'peer/s', 'ratio', 'raw takes', 'peer takes', 'ratio', 'syncs/write'];
  printTable(header, rows);
  console.log();
}

/** One call of each in turn, so that both meet the same disk and the same neighbours. */
async function compareLatency(
  bare: () => Promise<unknown>,
  durable: (turn: number) => Promise<unknown>,
): Promise<void> {
  const bareUs: number[] = [];
  const durableUs: number[] = [];
  for (let turn = 0; turn < turnsToWarmUp + turns; turn += 1) {
    const first = performance.now();
    await bare();
    const second = performance.now();
    await durable(turn);
    const third = performance.now();
    if (turn < turnsToWarmUp) continue;
    bareUs.push((second - first) * 1_000);
    durableUs.push((third - second) * 1_000);
  }
  const [raw, peer] = [median(bareUs), median(durableUs)];
  console.log(
    `One write at a time, ${turns} of each in turn: raw ${raw.toFixed(0)} us, peer ${peer.toFixed(0)} us, ` +
      `ratio ${(peer / raw).toFixed(2)}\n`,
  );
}
