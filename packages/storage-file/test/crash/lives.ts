/** Sequences of what peers do to their storage, recorded call by call. */
import type { WriteBatch } from '@quorate/core/ports';
import { storageOn } from '../../src/index.ts';
import { content, entries, entry, metaAt, owner, segmentBytes } from '../../src/testing/setup.ts';
import { textOf } from './expected.ts';
import { type Files, RecordingDirectory, type Recorded } from './recorder.ts';

export interface Life {
  readonly name: string;
  readonly batches: readonly WriteBatch[];
  /** Turns that the calls of the directory take, in a circle. */
  readonly turns: readonly number[];
  /** Its process dies after so many batches, and another one goes on. */
  readonly restartAfter?: number;
}

/** Batches of one to many entries, of a few bytes to some sectors, with votes between. */
function appending(): readonly WriteBatch[] {
  const batches: WriteBatch[] = [{ hardState: { term: 1, vote: 'a', founding: Uint8Array.of(1) } }];
  let index = 1;
  for (const [at, count] of [1, 3, 1, 8, 1, 1, 20, 2, 1, 1].entries()) {
    batches.push({ entries: entries(index, index + count - 1, 1, [20, 400, 1_500][at % 3]) });
    index += count;
  }
  batches.push({ hardState: { term: 2, vote: undefined, founding: undefined } });
  batches.push({
    hardState: { term: 2, vote: 'b', founding: undefined },
    entries: entries(index, index + 2, 2),
  });
  return batches;
}

/** Conflicting ends that a new leader cuts off, with and without entries in their place. */
function truncating(): readonly WriteBatch[] {
  return [
    { hardState: { term: 1, vote: 'a', founding: undefined } },
    { entries: entries(1, 10, 1) },
    { truncateFrom: 8 },
    {
      hardState: { term: 2, vote: 'c', founding: undefined },
      truncateFrom: 5,
      entries: entries(5, 9, 2, 300),
    },
    { entries: entries(10, 12, 2) },
    {
      hardState: { term: 3, vote: undefined, founding: undefined },
      truncateFrom: 6,
      entries: [entry(6, 3, 2_000)],
    },
    { truncateFrom: 6, entries: entries(6, 7, 4) },
  ];
}

/** Segments fill, and records that are larger than one. */
function rolling(): readonly WriteBatch[] {
  const batches: WriteBatch[] = [{ hardState: { term: 1, vote: 'a', founding: undefined } }];
  for (let index = 1; index <= 18; index += 1) batches.push({ entries: [entry(index, 1, 3_500)] });
  batches.push({ entries: [entry(19, 1, 20_000)] }, { entries: entries(20, 31, 1, 3_000) });
  batches.push({ truncateFrom: 25, entries: entries(25, 27, 2, 6_000) });
  return batches;
}

/** Own snapshots in chunks between appends, and compaction behind them. */
function compacting(): readonly WriteBatch[] {
  const batches: WriteBatch[] = [{ hardState: { term: 1, vote: 'a', founding: undefined } }];
  for (let index = 1; index <= 24; index += 1) {
    batches.push({ entries: [entry(index, 1, 2_200)] });
    if (index % 6 !== 0) continue;
    const meta = metaAt(index);
    const bytes = content(3_000, index);
    batches.push({ snapshotChunk: { meta, offset: 0, bytes: bytes.subarray(0, 1_700), last: false } });
    batches.push({
      snapshotChunk: { meta, offset: 1_700, bytes: bytes.subarray(1_700), last: true },
      entries: [],
    });
    batches.push({ compactThrough: index - 2 });
  }
  return batches;
}

/** A snapshot of the leader's replaces the log, twice; entries follow it. */
function installing(): readonly WriteBatch[] {
  const [first, second] = [metaAt(50, 2), metaAt(90, 3)];
  const [firstBytes, secondBytes] = [content(2_500, 50), content(1_000, 90)];
  return [
    { hardState: { term: 1, vote: 'a', founding: undefined } },
    { entries: entries(1, 6, 1, 900) },
    { snapshotChunk: { meta: first, offset: 0, bytes: firstBytes.subarray(0, 1_200), last: false } },
    { snapshotChunk: { meta: first, offset: 0, bytes: firstBytes.subarray(0, 2_000), last: false } },
    {
      hardState: { term: 2, vote: undefined, founding: undefined },
      snapshotChunk: { meta: first, offset: 2_000, bytes: firstBytes.subarray(2_000), last: true },
      install: first,
    },
    { entries: entries(51, 55, 2, 900) },
    { truncateFrom: 54, entries: entries(54, 58, 3, 900) },
    { snapshotChunk: { meta: second, offset: 0, bytes: secondBytes, last: true }, install: second },
    { entries: entries(91, 93, 3) },
    { compactThrough: 90 },
  ];
}

export const lives: readonly Life[] = [
  { name: 'append batches', batches: appending(), turns: [0, 1, 3, 0, 2] },
  { name: 'truncation', batches: truncating(), turns: [1, 0, 0, 2] },
  { name: 'segment roll', batches: rolling(), turns: [2, 0, 5, 1, 0, 0, 9] },
  { name: 'segment roll beside slow zeros', batches: rolling(), turns: [40, 3, 0, 17] },
  { name: 'snapshots and compaction', batches: compacting(), turns: [0, 4, 1, 0, 7] },
  { name: 'received snapshots', batches: installing(), turns: [3, 0, 1] },
  { name: 'a restart between appends', batches: appending(), turns: [0, 2, 1], restartAfter: 6 },
  { name: 'a restart between snapshots', batches: compacting(), turns: [1, 0, 6], restartAfter: 16 },
  { name: 'a restart between truncations', batches: truncating(), turns: [0], restartAfter: 3 },
];

export interface Recording {
  readonly recorded: readonly Recorded[];
  /** What was there, durably, before. */
  readonly files: Files;
  readonly numbers: ReadonlyMap<string, number>;
}

/** A start on what a crash has left, as far as `open` goes; and what the peer is told. */
export async function recordStart(files: Files): Promise<Recording & { readonly told: string | undefined }> {
  const directory = new RecordingDirectory(files, [0, 3, 1]);
  const numbers = directory.numbers();
  const storage = storageOn(directory, { segmentBytes });
  const stored = await storage.open(owner);
  directory.note('opened');
  await directory.processDied();
  const told = stored.damage === undefined ? textOf(stored) : undefined;
  return { recorded: directory.recorded, files, numbers, told };
}

/**
 * The process of a recorded life is killed after so many changes, and started again on all that it had written,
 * which the system still holds although nobody has synced it.
 */
export async function recordRestart(
  recorded: readonly Recorded[],
): Promise<Recording & { readonly told: string | undefined; readonly openedAt: number }> {
  const directory = new RecordingDirectory(new Map(), [0]);
  await directory.replay(recorded);
  const storage = storageOn(directory, { segmentBytes });
  const stored = await storage.open(owner);
  directory.note('opened');
  const openedAt = directory.recorded.length;
  await directory.processDied();
  const told = stored.damage === undefined ? textOf(stored) : undefined;
  return { recorded: directory.recorded, files: new Map(), numbers: new Map(), told, openedAt };
}

export async function record({ batches, turns, restartAfter }: Life): Promise<Recording> {
  const directory = new RecordingDirectory(new Map(), turns);
  let storage = storageOn(directory, { segmentBytes });
  await storage.open(owner);
  directory.note('opened');
  for (const [at, batch] of batches.entries()) {
    if (at === restartAfter) {
      await directory.processDied();
      storage = storageOn(directory, { segmentBytes });
      await storage.open(owner);
    }
    await storage.write(batch);
    directory.note('acknowledged');
  }
  await storage.close();
  return { recorded: directory.recorded, files: new Map(), numbers: new Map() };
}
