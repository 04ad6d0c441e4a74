/** Makes the directories that peers start from: a long log without a snapshot, and a large snapshot with hardly any log. */
import { openPeer, type Session } from '@quorate/core';
import { fileStorage } from '@quorate/storage-file';
import { thousands } from '../measure.ts';

/** A loaded machine is no failure. */
const patient = { deadlineMs: 600_000 };
const lane = 4_096;
const perDirectory = 1_000;
const linesPerFill = 4;
const never = { snapshotAfterEntries: 1_000_000_000, snapshotAfterBytes: 1_000_000_000_000 };

/** A log of that many writes. */
export async function writeLog(directory: string, count: number): Promise<void> {
  await fill(directory, async (session) => {
    await session.create('/bench');
    await inLanes(1_024, (at) => session.create(`/bench/${at}`));
    await inLanes(count, (at) => session.set(`/bench/${at % 1_024}`, at, patient), 'writes');
  });
}

/** A snapshot of that many znodes. */
export async function writeSnapshot(directory: string, count: number): Promise<void> {
  await fill(directory, async (session) => {
    const nameOf = (at: number): string => `/d${Math.floor(at / perDirectory)}`;
    await inLanes(Math.ceil(count / perDirectory), (at) => session.create(`/d${at}`, null, patient));
    const value = new Uint8Array(32);
    await inLanes(count, (at) => session.create(`${nameOf(at)}/z${at}`, value, patient), 'znodes');
  });
  // Any entry is one too many now, so a snapshot is taken at once.
  const limits = { snapshotAfterEntries: 1 };
  const peer = await openPeer({ id: 'a', limits, storage: fileStorage({ directory }) });
  await peer.ready(patient);
  while (peer.status().positions.snapshotIndex === 0) {
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
  await peer.close({ graceful: false });
  console.log('  its snapshot is taken');
}

async function fill(directory: string, work: (session: Session) => Promise<void>): Promise<void> {
  const peer = await openPeer({ id: 'a', limits: never, storage: fileStorage({ directory }) });
  await work(await peer.openSession({ timeoutMs: Number.POSITIVE_INFINITY }));
  await peer.close({ graceful: false });
}

async function inLanes(count: number, call: (at: number) => Promise<unknown>, what?: string): Promise<void> {
  let nextLine = count / linesPerFill;
  for (let first = 0; first < count; first += lane) {
    const length = Math.min(lane, count - first);
    await Promise.all(Array.from({ length }, (_, at) => call(first + at)));
    if (what === undefined || first + length < nextLine) continue;
    console.log(`  ${thousands(first + length)} ${what} are stored`);
    nextLine += count / linesPerFill;
  }
}
