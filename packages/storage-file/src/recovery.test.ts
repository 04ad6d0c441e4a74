/** The rows of docs/internals/recovery.md about whole files and whole directories, with their names. */
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { viewOf } from './fields.ts';
import { sectorBytes, slotBytes } from './limits.ts';
import { decodeSlot } from './manifest/manifest-slot.ts';
import { manifestName } from './manifest/manifest.ts';
import { firstSegment, flip, other, recordBytes } from './testing/damage.ts';
import { MemoryDirectory } from './testing/memory-directory.ts';
import {
  content,
  entries,
  entry,
  metaAt,
  openOn,
  owner,
  readAll,
  writeSnapshot,
  written,
} from './testing/setup.ts';

describe('bad slot', () => {
  test('one copy of the manifest: nothing is lost', async () => {
    const intact = await written(5);
    const { storage } = await openOn(intact);
    await storage.write({ hardState: { term: 2, vote: 'b', founding: undefined } });
    for (let copy = 0; copy < 4; copy += 1) {
      const directory = intact.crash();
      directory.damage(manifestName, (bytes) => bytes.fill(0xff, copy * slotBytes, copy * slotBytes + 100));
      const { stored } = await openOn(directory, other);
      expect([stored.damage, stored.hardState?.vote]).toEqual([undefined, 'b']);
      expect(stored.incarnation).toBe(owner.incarnation);
    }
  });

  test('a write of term and vote that was cut off: the ones before are in force', async () => {
    for (let keptLength = 0; keptLength < 200; keptLength += 7) {
      const directory = await written(5);
      const { storage } = await openOn(directory);
      directory.fault = ({ call }) => {
        if (call === 'sync') throw new Error('the power is gone');
      };
      const next = { term: 2, vote: 'b', founding: undefined };
      await expect(storage.write({ hardState: next })).rejects.toThrow('the power is gone');
      const after = directory.crash(({ before, after: written_ }) => {
        const torn = before.slice();
        torn.set(written_.subarray(0, keptLength));
        return torn;
      });
      const { stored } = await openOn(after);
      expect([1, 2]).toContain(stored.hardState?.term);
      expect(stored.damage).toBeUndefined();
    }
  });

  test('all copies of the manifest: damage, and nothing is believed', async () => {
    const directory = await written(5);
    directory.damage(manifestName, (bytes) => bytes.fill(0));
    const { stored } = await openOn(directory, other);
    expect(stored).toEqual({
      incarnation: other.incarnation,
      hardState: undefined,
      snapshot: undefined,
      entries: [],
      damage: 'all four copies of the manifest are damaged',
    });
  });
});

describe('missing file', () => {
  test('the manifest, beside a log: damage', async () => {
    const directory = await written(5);
    directory.drop(manifestName);
    expect((await openOn(directory, other)).stored.damage).toBe('the file manifest is missing');
  });

  test('a snapshot that the log still reaches back behind: nothing is lost', async () => {
    const directory = await withSnapshots(900);
    directory.drop('snapshot-40-1');
    const { storage, stored } = await openOn(directory);
    expect(stored.damage).toBeUndefined();
    expect(stored.snapshot).toEqual(metaAt(20));
    expect(stored.entries).toEqual([...entries(21, 40, 1, 900), ...entries(41, 45)]);
    expect(await readAll(storage, metaAt(20))).toEqual(Buffer.from(content(9_000, 20)));
  });

  test('the only snapshots, when the log no longer reaches back: damage', async () => {
    const directory = await withSnapshots(900);
    directory.drop('snapshot-40-1');
    directory.drop('snapshot-20-1');
    const { stored } = await openOn(directory, other);
    expect(stored.damage).toMatch(
      /^no snapshot is whole that reaches to entry \d+, after which the log begins/,
    );
    expect(stored.damage).toContain('snapshot-40-1 is missing; snapshot-20-1 is missing');
    expect(stored.snapshot).toBeUndefined();
    expect(stored.entries).toEqual([]);
  });
});

/** Snapshots at 20 and 40, entries up to 45. */
async function withSnapshots(bodyBytes = 100): Promise<MemoryDirectory> {
  const directory = new MemoryDirectory();
  const { storage } = await openOn(directory);
  for (const index of [20, 40]) {
    for (const each of entries(index - 19, index, 1, bodyBytes)) await storage.write({ entries: [each] });
    await writeSnapshot(storage, metaAt(index), content(9_000, index));
    await storage.write({ compactThrough: index - 5 });
  }
  await storage.write({ entries: entries(41, 45) });
  return directory.crash();
}

describe('damaged snapshot', () => {
  test('the newest of two: the one before and the log give the same', async () => {
    const directory = await withSnapshots();
    directory.damage('snapshot-40-1', flip(8 * 5_000));
    const { storage, stored } = await openOn(directory);
    expect(stored.damage).toBeUndefined();
    expect(stored.snapshot).toEqual(metaAt(20));
    expect(stored.entries.at(-1)?.index).toBe(45);
    await storage.write({ entries: entries(46, 60) });
    await writeSnapshot(storage, metaAt(60), content(9_000, 60));
    // What is kept are valid ones.
    const names = (await directory.list()).filter((name) => name.startsWith('snapshot-'));
    expect(names.sort()).toEqual(['snapshot-20-1', 'snapshot-60-1']);
  });

  test('a bit of any byte of a small one: it is never served', async () => {
    const directory = new MemoryDirectory();
    const { storage } = await openOn(directory);
    await storage.write({ entries: entries(1, 2) });
    const meta = metaAt(2);
    const bytes = content(300);
    await storage.write({ snapshotChunk: { meta, offset: 0, bytes, last: true }, install: meta });
    const intact = directory.crash();
    const size = intact.bytesOf('snapshot-2-1').length;
    for (let at = 0; at < size; at += 1) {
      const flipped = intact.copy();
      flipped.damage('snapshot-2-1', flip(8 * at + (at % 8)));
      const opened = await openOn(flipped, other);
      const isWhole = opened.stored.damage === undefined;
      const served = isWhole ? await readAll(opened.storage, meta) : undefined;
      expect(opened.stored.snapshot).toEqual(isWhole ? meta : undefined);
      expect(served).toEqual(isWhole ? Buffer.from(bytes) : undefined);
    }
  });
});

describe('missing segment', () => {
  test('in the middle or at the end: damage', async () => {
    const directory = await written(200, { bodyBytes: 900 });
    const names = (await directory.list()).filter((name) => name.startsWith('log-')).sort();
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const copy = directory.copy();
      copy.drop(name);
      const { stored } = await openOn(copy, other);
      expect(stored.damage).toBe(`${name} is missing`);
    }
  });

  test('a segment that is shorter than it was made, by any length: damage', async () => {
    const directory = await written(20);
    const size = directory.bytesOf(firstSegment).length;
    for (let length = 0; length < size; length += 97) {
      const copy = directory.copy();
      copy.put(firstSegment, directory.bytesOf(firstSegment).slice(0, length));
      const { stored } = await openOn(copy, other);
      expect(stored.damage).toContain(firstSegment);
      const whole = Math.max(0, Math.floor((length - sectorBytes) / recordBytes));
      expect(stored.entries).toEqual(length < sectorBytes ? [] : entries(1, Math.min(20, whole)));
    }
  });

  test('a segment of another history of the same directory in its place: damage', async () => {
    const directory = await written(40, { bodyBytes: 900 });
    const history = new MemoryDirectory();
    const { storage } = await openOn(history);
    for (let index = 1; index <= 40; index += 1) {
      await storage.write({ entries: [{ ...entry(index, 1, 900), wallMs: 5 }] });
    }
    directory.put('log-000000000002', history.bytesOf('log-000000000002'));
    const { stored } = await openOn(directory, other);
    expect(stored.damage).toContain('log-000000000002 at byte 512');
    expect(stored.entries.every(({ wallMs }) => wallMs !== 5)).toBe(true);
  });

  test('a segment of another directory in its place: damage', async () => {
    const foreign = new MemoryDirectory();
    const { storage } = await openOn(foreign, { ...owner, incarnation: 5 });
    await storage.write({ entries: entries(1, 5) });
    const directory = await written(5);
    directory.put(firstSegment, foreign.crash().bytesOf(firstSegment));
    const { stored } = await openOn(directory, other);
    expect(stored.damage).toBe(`the header of ${firstSegment} is damaged`);
    expect(stored.entries).toEqual([]);
  });
});

describe('somebody else', () => {
  test('another member, or another ensemble: refused, and nothing is touched', async () => {
    const directory = await written(5);
    const before = directory.calls.length;
    for (const stranger of [
      { ...owner, member: 'b' },
      { ...owner, ensemble: 'x' },
    ]) {
      await expect(openOn(directory, stranger)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    }
    expect(directory.calls.length).toBe(before);
    expect((await openOn(directory)).stored.entries).toEqual(entries(1, 5));
  });

  test('a newer format: refused by name', async () => {
    const directory = await written(5);
    directory.damage(manifestName, (bytes) => {
      for (let place = 0; place < bytes.length; place += slotBytes) {
        if (decodeSlot(bytes.subarray(place, place + slotBytes)) === undefined) continue;
        const slot = bytes.subarray(place, place + 28);
        viewOf(slot).setUint32(4, 2);
        viewOf(slot).setUint32(24, crc32(slot.subarray(0, 24)));
      }
    });
    await expect(openOn(directory)).rejects.toMatchObject({ code: 'UNSUPPORTED_VERSION' });
  });

  test('a directory in use: refused', async () => {
    const directory = await written(5);
    const { storage } = await openOn(directory);
    await expect(openOn(directory)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await storage.close();
    await openOn(directory);
  });
});

describe('wiped directory', () => {
  test('is a new one: the member comes back as another incarnation', async () => {
    const { stored } = await openOn(new MemoryDirectory(), other);
    expect(stored).toEqual({
      incarnation: other.incarnation,
      hardState: undefined,
      snapshot: undefined,
      entries: [],
    });
  });
});
