/** How fast a peer starts: a long log, and a large snapshot, each beside decoding and applying alone. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openPeer, type Peer, type Session } from '@quorate/core';
import { Machine, SnapshotReader } from '@quorate/core/inspect';
import type { Entry, SnapshotMeta, Storage } from '@quorate/core/ports';
import { fileStorage } from '@quorate/storage-file';
import { median, printTable, thousands } from '../measure.ts';

const rounds = 3;
/** A loaded machine is no failure. */
const patient = { deadlineMs: 600_000 };
const lane = 4_096;
const never = 1_000_000_000;
const owner = { member: 'a', ensemble: 'quorate', incarnation: 1 };
const chunkBytes = 256 * 1_024;
const nobodyAsks = {
  waitingSessions: new Set<number>(),
  isWatched: () => false,
  requestApplied: () => undefined,
};

export async function compareRecovery(root: string, count: number): Promise<void> {
  const rows = [await replay(join(root, 'log'), count), await load(join(root, 'snapshot'), count)];
  console.log(`Starting, medians of ${rounds} rounds in turn:\n`);
  printTable(['what', 'decode and apply alone', 'openPeer until ready', 'speed ratio'], rows);
  console.log();
}

/** The log of that many writes, without a snapshot. */
async function replay(directory: string, count: number): Promise<string[]> {
  const limits = { snapshotAfterEntries: never, snapshotAfterBytes: never };
  const open = (): Promise<Peer> => openPeer({ id: 'a', limits, storage: fileStorage({ directory }) });
  const peer = await open();
  const session = await peer.openSession({ timeoutMs: Number.POSITIVE_INFINITY });
  await session.create('/bench');
  await Promise.all(Array.from({ length: 1_024 }, (_, at) => session.create(`/bench/${at}`)));
  await inLanes(count, (at) => session.set(`/bench/${at % 1_024}`, at, patient));
  await peer.close({ graceful: false });
  const alone: number[] = [];
  const started: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    alone.push(await applyAlone(directory));
    started.push(await timeOf(open));
  }
  await rm(directory, { recursive: true });
  return rowOf(`log of ${thousands(count)} writes`, alone, started);
}

async function applyAlone(directory: string): Promise<number> {
  const storage = fileStorage({ directory });
  const entries: readonly Entry[] = (await storage.open(owner)).entries;
  await storage.close();
  globalThis.gc?.();
  const machine = new Machine();
  const startedAt = performance.now();
  for (const entry of entries) machine.apply(entry, nobodyAsks);
  return performance.now() - startedAt;
}

/** A snapshot of that many znodes, and next to nothing behind it. */
async function load(directory: string, count: number): Promise<string[]> {
  const peer = await openPeer({
    id: 'a',
    limits: { snapshotAfterEntries: never, snapshotAfterBytes: never },
    storage: fileStorage({ directory }),
  });
  const session = await peer.openSession({ timeoutMs: Number.POSITIVE_INFINITY });
  await fill(session, count);
  await peer.close({ graceful: false });
  // Any entry is one too many now, so a snapshot is taken at once.
  const open = (): Promise<Peer> =>
    openPeer({ id: 'a', limits: { snapshotAfterEntries: 1 }, storage: fileStorage({ directory }) });
  const taking = await open();
  await taking.ready(patient);
  while (taking.status().positions.snapshotIndex === 0)
    await new Promise((resolve) => void setTimeout(resolve, 50));
  await taking.close({ graceful: false });
  const alone: number[] = [];
  const started: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    alone.push(await decodeAlone(directory));
    started.push(await timeOf(open));
  }
  await rm(directory, { recursive: true });
  return rowOf(`snapshot of ${thousands(count)} znodes`, alone, started);
}

async function decodeAlone(directory: string): Promise<number> {
  const storage = fileStorage({ directory });
  const { snapshot } = await storage.open(owner);
  const chunks = snapshot === undefined ? [] : await chunksOf(storage, snapshot);
  await storage.close();
  globalThis.gc?.();
  const startedAt = performance.now();
  const reader = new SnapshotReader();
  for (const chunk of chunks) reader.push(chunk);
  reader.finish();
  return performance.now() - startedAt;
}

async function chunksOf(storage: Storage, snapshot: SnapshotMeta): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (let offset = 0; ; ) {
    const read = await storage.readSnapshot(snapshot, { offset, length: chunkBytes });
    if (read === undefined) return chunks;
    chunks.push(read.bytes);
    offset += read.bytes.length;
    if (read.last) return chunks;
  }
}

async function fill(session: Session, count: number): Promise<void> {
  const perDirectory = 1_000;
  await inLanes(Math.ceil(count / perDirectory), (at) => session.create(`/d${at}`, null, patient));
  const value = new Uint8Array(32);
  await inLanes(count, (at) => session.create(`/d${Math.floor(at / perDirectory)}/z${at}`, value, patient));
}

async function inLanes(count: number, call: (at: number) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < count; first += lane) {
    const length = Math.min(lane, count - first);
    await Promise.all(Array.from({ length }, (_, at) => call(first + at)));
  }
}

/** From nothing to a peer that answers with everything that was in its directory. */
async function timeOf(open: () => Promise<Peer>): Promise<number> {
  globalThis.gc?.();
  const startedAt = performance.now();
  const peer = await open();
  await peer.ready(patient);
  const tookMs = performance.now() - startedAt;
  await peer.close({ graceful: false });
  return tookMs;
}

function rowOf(what: string, alone: readonly number[], started: readonly number[]): string[] {
  const ratios = alone.map((ms, round) => ms / (started[round] ?? Number.NaN));
  return [
    what,
    `${median(alone).toFixed(0)} ms`,
    `${median(started).toFixed(0)} ms`,
    median(ratios).toFixed(2),
  ];
}
