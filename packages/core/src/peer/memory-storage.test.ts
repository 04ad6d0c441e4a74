import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../invariant.ts';
import type { Entry, SnapshotMeta } from '../ports/entry.ts';
import type { Storage, StoredState } from '../ports/storage.ts';
import { memoryStorage } from './memory-storage.ts';

const owner = { member: 'a', ensemble: 'test', incarnation: 41 };

function entry(index: number, term = 1): Entry {
  return { index, term, kind: 'commands', wallMs: 0, elapsedMs: 0, body: Uint8Array.of(index) };
}

function entries(first: number, last: number, term = 1): readonly Entry[] {
  return Array.from({ length: last - first + 1 }, (_, position) => entry(first + position, term));
}

function metaAt(index: number, term = 1): SnapshotMeta {
  return { index, term, elapsedMs: 0, membership: Uint8Array.of(1) };
}

async function opened(): Promise<Storage> {
  const storage = memoryStorage();
  await storage.open(owner);
  return storage;
}

async function reopen(storage: Storage): Promise<StoredState> {
  await storage.close();
  return storage.open(owner);
}

/** Writes a snapshot in chunks of these bytes. */
async function writeSnapshot(
  storage: Storage,
  meta: SnapshotMeta,
  chunks: readonly number[][],
): Promise<void> {
  let offset = 0;
  for (const [position, chunk] of chunks.entries()) {
    const bytes = Uint8Array.from(chunk);
    await storage.write({ snapshotChunk: { meta, offset, bytes, last: position === chunks.length - 1 } });
    offset += bytes.length;
  }
}

describe('a storage in memory', () => {
  it('is empty at first and takes the incarnation that it is offered, once', async () => {
    const storage = memoryStorage();
    expect(await storage.open(owner)).toEqual({
      incarnation: 41,
      hardState: undefined,
      snapshot: undefined,
      entries: [],
    });
    await storage.close();
    expect(await storage.open({ ...owner, incarnation: 99 })).toMatchObject({ incarnation: 41 });
  });

  it('keeps votes and entries over a restart, and the very bodies', async () => {
    const storage = await opened();
    const hardState = { term: 3, vote: 'b', founding: Uint8Array.of(7) };
    const log = entries(1, 3);
    await storage.write({ hardState, entries: log });
    const state = await reopen(storage);
    expect(state).toMatchObject({ hardState, entries: log });
    expect(state.entries[0]?.body).toBe(log[0]?.body);
  });

  it('hands out a log that its reader may change', async () => {
    const storage = await opened();
    await storage.write({ entries: entries(1, 2) });
    const first = await reopen(storage);
    (first.entries as Entry[]).length = 0;
    expect((await reopen(storage)).entries).toHaveLength(2);
  });

  it('belongs to one member of one ensemble', async () => {
    const storage = await opened();
    await storage.close();
    const failure = { code: 'STORAGE_FAILED', message: expect.stringContaining('belongs to member "a"') };
    await expect(storage.open({ ...owner, member: 'b' })).rejects.toMatchObject(failure);
    await expect(storage.open({ ...owner, ensemble: 'other' })).rejects.toMatchObject(failure);
    await expect(storage.open(owner)).resolves.toBeDefined();
  });

  it('is open for one peer at a time', async () => {
    const storage = await opened();
    await expect(storage.open(owner)).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('another peer uses this storage'),
    });
  });

  it('can be closed twice, and refuses everything while closed', async () => {
    const storage = await opened();
    await storage.close();
    await storage.close();
    await expect(storage.write({})).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    const range = { offset: 0, length: 1 };
    await expect(storage.readSnapshot(metaAt(1), range)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });

  it('answers a write later than the call, never within it', async () => {
    const storage = await opened();
    let isWritten = false;
    const written = storage.write({ entries: [entry(1)] }).then(() => {
      isWritten = true;
    });
    expect(isWritten).toBe(false);
    await written;
    expect(isWritten).toBe(true);
  });

  it('states that only one write is outstanding, and takes the next one after it', async () => {
    const storage = await opened();
    const first = storage.write({ entries: [entry(1)] });
    await expect(storage.write({ entries: [entry(2)] })).rejects.toThrow(InvariantViolation);
    await first;
    await storage.write({ entries: [entry(2)] });
    expect((await reopen(storage)).entries).toHaveLength(2);
  });

  it('takes a write at once after a peer died with one outstanding', async () => {
    const storage = await opened();
    void storage.write({ entries: [entry(1)] });
    expect((await reopen(storage)).entries).toHaveLength(1);
    await storage.write({ entries: [entry(2)] });
  });

  it('refuses entries that leave a gap or repeat an index', async () => {
    const storage = await opened();
    await expect(storage.write({ entries: [entry(2)] })).rejects.toThrow(InvariantViolation);
    const other = await opened();
    await other.write({ entries: [entry(1)] });
    await expect(other.write({ entries: [entry(1)] })).rejects.toThrow(InvariantViolation);
  });

  it('refuses a term that goes back', async () => {
    const storage = await opened();
    await storage.write({ hardState: { term: 2, vote: undefined, founding: undefined } });
    const hardState = { term: 1, vote: undefined, founding: undefined };
    await expect(storage.write({ hardState })).rejects.toThrow(InvariantViolation);
  });

  it('truncates before it appends', async () => {
    const storage = await opened();
    await storage.write({ entries: entries(1, 5) });
    await storage.write({ truncateFrom: 3, entries: [entry(3, 2)] });
    expect((await reopen(storage)).entries).toEqual([...entries(1, 2), entry(3, 2)]);
    await storage.write({ truncateFrom: 4, entries: [entry(4, 2)] });
    await expect(storage.write({ truncateFrom: 6 })).rejects.toThrow(InvariantViolation);
  });

  it('compacts what a complete snapshot covers, and nothing else', async () => {
    const storage = await opened();
    await storage.write({ entries: entries(1, 6) });
    await writeSnapshot(storage, metaAt(4), [[1, 2, 3]]);
    await storage.write({ compactThrough: 3 });
    await storage.write({ compactThrough: 3 });
    expect(await reopen(storage)).toMatchObject({ snapshot: metaAt(4), entries: entries(4, 6) });
    await storage.write({ compactThrough: 4, entries: [entry(7)] });
    expect((await reopen(storage)).entries).toEqual(entries(5, 7));
    await expect(storage.write({ truncateFrom: 4 })).rejects.toThrow(InvariantViolation);
    const other = await opened();
    await other.write({ entries: entries(1, 6) });
    await expect(other.write({ compactThrough: 1 })).rejects.toThrow(InvariantViolation);
  });
});

describe('snapshots in memory', () => {
  it('are read in ranges of any size, across chunks', async () => {
    const storage = await opened();
    const chunks = [[0, 1, 2], [3], [], [4, 5, 6, 7]];
    await writeSnapshot(storage, metaAt(9), chunks);
    for (let offset = 0; offset <= 8; offset += 1) {
      for (let length = 1; length <= 10; length += 1) {
        const expected = chunks.flat().slice(offset, offset + length);
        expect(await storage.readSnapshot(metaAt(9), { offset, length })).toEqual({
          bytes: Uint8Array.from(expected),
          last: offset + length >= 8,
        });
      }
    }
  });

  it('may be empty', async () => {
    const storage = await opened();
    await writeSnapshot(storage, metaAt(9), [[]]);
    const read = await storage.readSnapshot(metaAt(9), { offset: 0, length: 10 });
    expect(read).toEqual({ bytes: new Uint8Array(0), last: true });
  });

  it('are missed, without an error, when unknown, replaced, or shorter than the offset', async () => {
    const storage = await opened();
    const range = { offset: 0, length: 1 };
    expect(await storage.readSnapshot(metaAt(9), range)).toBeUndefined();
    await writeSnapshot(storage, metaAt(9), [[1]]);
    expect(await storage.readSnapshot(metaAt(9), { offset: 2, length: 1 })).toBeUndefined();
    expect(await storage.readSnapshot(metaAt(9, 2), range)).toBeUndefined();
    await writeSnapshot(storage, metaAt(10), [[2]]);
    expect(await storage.readSnapshot(metaAt(9), range)).toBeUndefined();
    expect(await storage.readSnapshot(metaAt(10), range)).toEqual({ bytes: Uint8Array.of(2), last: true });
  });

  it('count only when complete; the one before stays readable until then', async () => {
    const storage = await opened();
    await writeSnapshot(storage, metaAt(3), [[3]]);
    const chunk = { meta: metaAt(5), offset: 0, bytes: Uint8Array.of(5), last: false };
    await storage.write({ snapshotChunk: chunk });
    expect(await storage.readSnapshot(metaAt(3), { offset: 0, length: 9 })).toBeDefined();
    expect(await reopen(storage)).toMatchObject({ snapshot: metaAt(3) });
    // The restart has forgotten the part: it cannot be continued.
    const next = { meta: metaAt(5), offset: 1, bytes: Uint8Array.of(5), last: true };
    await expect(storage.write({ snapshotChunk: next })).rejects.toThrow(InvariantViolation);
  });

  it('take chunks in order, of one snapshot, from the start again at offset 0', async () => {
    const storage = await opened();
    const bytes = Uint8Array.of(1, 2);
    await storage.write({ snapshotChunk: { meta: metaAt(5), offset: 0, bytes, last: false } });
    await storage.write({ snapshotChunk: { meta: metaAt(5), offset: 0, bytes, last: false } });
    await storage.write({ snapshotChunk: { meta: metaAt(5), offset: 2, bytes, last: true } });
    const read = await storage.readSnapshot(metaAt(5), { offset: 0, length: 9 });
    expect(read?.bytes).toEqual(Uint8Array.of(1, 2, 1, 2));

    const gap = await opened();
    await gap.write({ snapshotChunk: { meta: metaAt(5), offset: 0, bytes, last: false } });
    const late = { meta: metaAt(5), offset: 3, bytes, last: false };
    await expect(gap.write({ snapshotChunk: late })).rejects.toThrow(InvariantViolation);

    const mixed = await opened();
    await mixed.write({ snapshotChunk: { meta: metaAt(5), offset: 0, bytes, last: false } });
    const foreign = { meta: metaAt(6), offset: 2, bytes, last: true };
    await expect(mixed.write({ snapshotChunk: foreign })).rejects.toThrow(InvariantViolation);
  });

  it('that come late do not replace a newer one', async () => {
    const storage = await opened();
    await writeSnapshot(storage, metaAt(8), [[8]]);
    await writeSnapshot(storage, metaAt(5), [[5]]);
    expect(await reopen(storage)).toMatchObject({ snapshot: metaAt(8) });
  });

  it('replace the whole log when installed, in the batch of their last chunk', async () => {
    const storage = await opened();
    await storage.write({ entries: entries(1, 3) });
    const meta = metaAt(20, 4);
    const snapshotChunk = { meta, offset: 0, bytes: Uint8Array.of(1), last: true };
    await storage.write({ snapshotChunk, install: meta, entries: [entry(21, 4)] });
    expect(await reopen(storage)).toMatchObject({ snapshot: meta, entries: [entry(21, 4)] });
  });

  it('cannot be installed before they are complete', async () => {
    const storage = await opened();
    const meta = metaAt(20);
    const snapshotChunk = { meta, offset: 0, bytes: Uint8Array.of(1), last: false };
    await expect(storage.write({ snapshotChunk, install: meta })).rejects.toThrow(InvariantViolation);
  });
});
