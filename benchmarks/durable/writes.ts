/** One durable peer beside the raw log, in turns. */
import { join } from 'node:path';
import { storageOn } from '@quorate/storage-file';
import { median } from '../measure.ts';
import { mainMember, openMain, value } from '../three-peers.ts';
import { type Call, compareInTurn } from './compare.ts';
import { type Counts, countingDirectory } from './counting-directory.ts';
import { RawLog } from './raw-log.ts';

const turns = 5_000;
const turnsToWarmUp = 1_000;

export async function compareWrites(folder: string, inFlights: readonly number[]): Promise<void> {
  const counts: Counts = { logSyncs: 0, otherSyncs: 0, bytes: 0 };
  const storage = storageOn(countingDirectory(join(folder, 'peer'), counts));
  const peer = await openMain({ id: mainMember, storage });
  // As many bytes as the command of one write has: path, value and a few fields.
  const record = new Uint8Array(value.length + 28).fill(7);
  const raw = await RawLog.open(join(folder, 'raw'));
  const bare: Call = () => new Promise<void>((resolve) => raw.append(record, resolve));
  const durable: Call = (lane) => peer.call(lane);
  await compareLatency(bare, durable);
  await compareInTurn({
    title: `Durable writes, values of ${value.length} bytes, one peer`,
    bare,
    durable,
    names: { bare: 'raw', durable: 'peer' },
    inFlights,
    syncs: () => counts.logSyncs,
  });
  await raw.close();
  await peer.close();
}

/** One call of each in turn, so that both meet the same disk and the same neighbours. */
async function compareLatency(bare: Call, durable: Call): Promise<void> {
  const bareUs: number[] = [];
  const durableUs: number[] = [];
  for (let turn = 0; turn < turnsToWarmUp + turns; turn += 1) {
    const first = performance.now();
    await bare(turn);
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
