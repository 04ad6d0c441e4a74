/**
 * Every truncation and every flipped bit of a full log of 64 KiB, and of a snapshot of 64 KiB: what a start finds is
 * exactly what was acknowledged, or it says that something is damaged and what it still has is exact. A sample here;
 * all of it (some minutes) with
 *
 *   QUORATE_PROOFS=full npx vitest run packages/storage-file/test/damage.test.ts
 */
import type { Entry, StoredState } from '@quorate/core/ports';
import { expect, test } from 'vitest';
import { storageOn } from '../src/index.ts';
import { content, entry, metaAt, owner, readAll, writeSnapshot } from '../src/testing/setup.ts';
import { MemoryDirectory } from '../src/testing/memory-directory.ts';
import { type Files, RecordingDirectory } from './crash/recorder.ts';

const isFull = process.env['QUORATE_PROOFS'] === 'full';
/** Primes to each other and to all that is aligned, so that a sample meets every kind of field. */
const flipStride = isFull ? 1 : 521;
const cutStride = isFull ? 1 : 67;
const timeoutMs = isFull ? 3_600_000 : 60_000;

const KiB = 1_024;
const segmentBytes = 64 * KiB;

interface Written {
  readonly files: Map<string, Uint8Array>;
  readonly name: string;
  readonly entries: readonly Entry[];
}

function filesOf(directory: MemoryDirectory): Map<string, Uint8Array> {
  return new Map(directory.names().map((name) => [name, directory.bytesOf(name)]));
}

/** As many records as fit into one segment, of all lengths. */
async function fullLog({ isClosed }: { readonly isClosed: boolean }): Promise<Written> {
  const directory = new MemoryDirectory();
  const storage = storageOn(directory, { segmentBytes });
  await storage.open(owner);
  await storage.write({ hardState: { term: 1, vote: 'a', founding: undefined } });
  const written: Entry[] = [];
  let bytes = 512;
  for (let index = 1; ; index += 1) {
    const next = entry(index, 1, (index * 97) % 1_300);
    // Record header and end, preface and header of the entry (docs/reference/formats.md), aligned.
    const length = Math.ceil((40 + 40 + 32 + next.body.length) / 8) * 8;
    if (bytes + length > segmentBytes) break;
    bytes += length;
    await storage.write({ entries: [next] });
    written.push(next);
  }
  if (isClosed) await storage.close();
  return { files: filesOf(directory), name: 'log-000000000001', entries: written };
}

/** A received snapshot, so that nothing but the file holds what it covers, and some entries after it. */
async function snapshotAlone(): Promise<Written> {
  const directory = new MemoryDirectory();
  const storage = storageOn(directory, { segmentBytes });
  await storage.open(owner);
  await writeSnapshot(storage, metaAt(40), content(64 * KiB));
  const written = [41, 42, 43].map((index) => entry(index));
  await storage.write({ install: metaAt(40), entries: written });
  await storage.close();
  const name = directory.names().find((one) => one.startsWith('snapshot-')) ?? '';
  return { files: filesOf(directory), name, entries: written };
}

async function found(files: Files): Promise<{
  readonly stored: StoredState;
  readonly snapshot: Uint8Array | undefined;
}> {
  const storage = storageOn(new RecordingDirectory(files), { segmentBytes });
  const stored = await storage.open(owner);
  const { snapshot } = stored;
  const bytes = snapshot === undefined ? undefined : await readAll(storage, snapshot, 64 * KiB);
  await storage.close();
  return { stored, snapshot: bytes };
}

function isSameEntry(left: Entry | undefined, right: Entry): boolean {
  return (
    left?.index === right.index &&
    left.term === right.term &&
    left.kind === right.kind &&
    left.wallMs === right.wallMs &&
    left.elapsedMs === right.elapsedMs &&
    Buffer.compare(left.body, right.body) === 0
  );
}

const snapshotBytes = content(64 * KiB);

/** How a start ends: everything is there, or it says so. Anything else is silent corruption, in words. */
async function judge(files: Files, { entries }: Written): Promise<string> {
  const { stored, snapshot } = await found(files);
  if (!stored.entries.every((one, at) => isSameEntry(entries[at], one)))
    return 'other entries than were written';
  if (snapshot !== undefined && Buffer.compare(snapshot, snapshotBytes) !== 0) return 'another snapshot';
  if (stored.damage !== undefined) return 'detected';
  const isSnapshotThere = entries[0]?.index === 1 || snapshot !== undefined;
  return stored.entries.length === entries.length && isSnapshotThere ? 'whole' : 'less than was acknowledged';
}

interface Outcomes {
  whole: number;
  detected: number;
  readonly silent: string[];
}

async function sweep(written: Written, damaged: () => Generator<string>): Promise<Outcomes> {
  const outcomes: Outcomes = { whole: 0, detected: 0, silent: [] };
  expect(await judge(written.files, written)).toBe('whole');
  for (const what of damaged()) {
    const outcome = await judge(written.files, written);
    if (outcome === 'whole' || outcome === 'detected') outcomes[outcome] += 1;
    else outcomes.silent.push(`${what}: ${outcome}`);
    if (outcomes.silent.length >= 5) break;
  }
  return outcomes;
}

function* flips({ files, name }: Written): Generator<string> {
  const bytes = files.get(name) ?? new Uint8Array(0);
  for (let bit = 0; bit < 8 * bytes.length; bit += flipStride) {
    const at = bit >>> 3;
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
    yield `bit ${bit & 7} of byte ${at}`;
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
  }
}

function* cuts({ files, name }: Written): Generator<string> {
  const bytes = files.get(name) ?? new Uint8Array(0);
  for (let length = 0; length < bytes.length; length += cutStride) {
    files.set(name, bytes.subarray(0, length));
    yield `cut to ${length} bytes`;
  }
  files.set(name, bytes);
}

const subjects = [
  { what: 'a log of 64 KiB', make: () => fullLog({ isClosed: false }) },
  { what: 'a log of 64 KiB that was closed', make: () => fullLog({ isClosed: true }) },
  { what: 'a snapshot of 64 KiB', make: snapshotAlone },
];

test.each(subjects)(
  'every flipped bit of $what is found, or takes nothing away',
  { timeout: timeoutMs },
  async ({ what, make }) => {
    const written = await make();
    const outcomes = await sweep(written, () => flips(written));
    if (isFull) console.log(`flips of ${what}:`, JSON.stringify(outcomes));
    expect(outcomes.silent).toEqual([]);
    expect(outcomes.detected).toBeGreaterThan(isFull ? 400_000 : 700);
  },
);

test.each(subjects)(
  'every truncation of $what is found, or takes nothing away',
  { timeout: timeoutMs },
  async ({ what, make }) => {
    const written = await make();
    const outcomes = await sweep(written, () => cuts(written));
    if (isFull) console.log(`truncations of ${what}:`, JSON.stringify(outcomes));
    expect(outcomes.silent).toEqual([]);
    expect(outcomes.detected).toBeGreaterThan(isFull ? 65_000 : 900);
  },
);
