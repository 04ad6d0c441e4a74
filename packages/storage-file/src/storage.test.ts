import { describe, expect, test } from 'vitest';
import { content, entries, entry, metaAt, openOn, owner, readAll, writeSnapshot } from './testing/setup.ts';
import { MemoryDirectory } from './testing/memory-directory.ts';

const hardState = { term: 3, vote: 'b', founding: Uint8Array.of(1, 2) };

describe('a storage that is opened again after a loss of power', () => {
  test('is new when nothing was written, and takes the incarnation that was offered first', async () => {
    const directory = new MemoryDirectory();
    const { stored } = await openOn(directory);
    expect(stored).toEqual({ incarnation: 4_711, hardState: undefined, snapshot: undefined, entries: [] });
    const again = await openOn(directory.crash(), { ...owner, incarnation: 1 });
    expect(again.stored.incarnation).toBe(4_711);
  });

  test('holds term, vote, founding and every entry that was written', async () => {
    const directory = new MemoryDirectory();
    const { storage } = await openOn(directory);
    await storage.write({ hardState, entries: entries(1, 3) });
    await storage.write({ entries: [{ ...entry(4), kind: 'noop', body: new Uint8Array(0) }] });
    await storage.write({ entries: [{ ...entry(5), kind: 'membership' }] });
    const { stored } = await openOn(directory.crash());
    expect(stored.damage).toBeUndefined();
    expect(stored.hardState).toEqual(hardState);
    expect(stored.entries.map(({ index, kind }) => [index, kind])).toEqual([
      [1, 'commands'],
      [2, 'commands'],
      [3, 'commands'],
      [4, 'noop'],
      [5, 'membership'],
    ]);
    expect(stored.entries[2]).toEqual(entry(3));
  });

  test('goes on from there, over many segments and many lives', async () => {
    let directory = new MemoryDirectory();
    for (let life = 0; life < 20; life += 1) {
      const { storage, stored } = await openOn(directory);
      expect(stored.entries.length).toBe(life * 25);
      for (let index = life * 25 + 1; index <= (life + 1) * 25; index += 1) {
        await storage.write({ entries: [entry(index, 1, 900)] });
      }
      directory = directory.crash();
    }
    const { stored } = await openOn(directory);
    expect(stored.entries).toEqual(entries(1, 500, 1, 900));
  });

  test('keeps a batch that is larger than a segment, and an entry that is', async () => {
    const directory = new MemoryDirectory();
    const { storage } = await openOn(directory);
    await storage.write({ entries: entries(1, 3) });
    await storage.write({ entries: entries(4, 200, 1, 500) });
    await storage.write({ entries: [entry(201, 1, 100_000)] });
    await storage.write({ entries: entries(202, 204) });
    const { stored } = await openOn(directory.crash());
    expect(stored.damage).toBeUndefined();
    expect(stored.entries.length).toBe(204);
    expect(stored.entries[200]?.body).toEqual(entry(201, 1, 100_000).body);
  });

  test('has dropped what was truncated, also when nothing followed', async () => {
    const directory = new MemoryDirectory();
    const { storage } = await openOn(directory);
    await storage.write({ entries: entries(1, 10) });
    await storage.write({ truncateFrom: 5 });
    expect((await openOn(directory.crash())).stored.entries).toEqual(entries(1, 4));
    await storage.write({ truncateFrom: 3, entries: entries(3, 4, 2) });
    const { stored } = await openOn(directory.crash());
    expect(stored.entries).toEqual([...entries(1, 2), ...entries(3, 4, 2)]);
  });

  test('has a snapshot once its last chunk is written, and reads any part of it', async () => {
    const directory = new MemoryDirectory();
    const { storage } = await openOn(directory);
    await storage.write({ entries: entries(1, 10) });
    const bytes = content(200_001);
    await writeSnapshot(storage, metaAt(8), bytes);
    await storage.write({ compactThrough: 5 });
    const { storage: again, stored } = await openOn(directory.crash());
    expect(stored.snapshot).toEqual(metaAt(8));
    expect(stored.entries).toEqual(entries(6, 10));
    expect(await readAll(again, metaAt(8))).toEqual(Buffer.from(bytes));
    const range = { offset: 65_530, length: 20 };
    expect((await again.readSnapshot(metaAt(8), range))?.bytes).toEqual(bytes.subarray(65_530, 65_550));
    expect(await again.readSnapshot(metaAt(7), range)).toBeUndefined();
  });

  test('forgets a snapshot that never became whole', async () => {
    const directory = new MemoryDirectory();
    const { storage } = await openOn(directory);
    await storage.write({ entries: entries(1, 10) });
    const chunk = { meta: metaAt(8), offset: 0, bytes: content(1_000), last: false };
    await storage.write({ snapshotChunk: chunk });
    const after = directory.crash(() => 'kept', 'kept');
    expect((await after.list()).some((name) => name.startsWith('snapshot-'))).toBe(true);
    const { stored } = await openOn(after);
    expect(stored.snapshot).toBeUndefined();
    expect((await after.list()).some((name) => name.startsWith('snapshot-'))).toBe(false);
  });

  test('has replaced its whole log by a snapshot that was installed', async () => {
    const directory = new MemoryDirectory();
    const { storage } = await openOn(directory);
    await storage.write({ entries: entries(1, 10) });
    const meta = metaAt(50, 4);
    const chunk = { meta, offset: 0, bytes: content(5_000), last: true };
    await storage.write({ hardState, snapshotChunk: chunk, install: meta });
    await storage.write({ entries: entries(51, 53, 4) });
    const { stored } = await openOn(directory.crash());
    expect(stored.snapshot).toEqual(meta);
    expect(stored.entries).toEqual(entries(51, 53, 4));
    expect(stored.damage).toBeUndefined();
  });

  test('removes segments that a snapshot made unneeded, but keeps those of the snapshot before', async () => {
    const directory = new MemoryDirectory();
    const { storage } = await openOn(directory);
    const segments = async (): Promise<number> =>
      (await directory.list()).filter((name) => name.startsWith('log-')).length;
    for (let index = 1; index <= 300; index += 1) {
      await storage.write({ entries: [entry(index, 1, 900)] });
      if (index % 50 === 0) {
        await writeSnapshot(storage, metaAt(index), content(3_000, index));
        await storage.write({ compactThrough: index - 5 });
      }
    }
    expect(await segments()).toBeLessThan(10);
    expect((await directory.list()).filter((name) => name.startsWith('snapshot-')).sort()).toEqual([
      'snapshot-250-1',
      'snapshot-300-1',
    ]);
    const { stored } = await openOn(directory.crash());
    expect(stored.entries).toEqual(entries(296, 300, 1, 900));
  });
});
