/** One test for each row of docs/internals/recovery.md, with the row's name. */
import { crc32 } from 'node:zlib';
import type { Entry } from '@quorate/core/ports';
import { describe, expect, test } from 'vitest';
import { viewOf } from './fields.ts';
import { sectorBytes, slotBytes } from './limits.ts';
import { decodeSlot } from './manifest/manifest-slot.ts';
import { manifestName } from './manifest/manifest.ts';
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

const firstSegment = 'log-000000000001';
const other = { ...owner, incarnation: 9_999 };
/** A record of one entry of 100 bytes. */
const recordBytes = 216;
const recordStart = (number: number): number => sectorBytes + (number - 1) * recordBytes;

/** The directory after one more write that a loss of power cut off. */
async function cutOff(one: Entry, kept: (after: Uint8Array) => Uint8Array): Promise<MemoryDirectory> {
  const directory = await written(5);
  const { storage } = await openOn(directory);
  let after: MemoryDirectory | undefined;
  directory.fault = ({ call, name }) => {
    if (call === 'sync' && name === firstSegment) after ??= directory.crash((write) => kept(write.after));
  };
  await storage.write({ entries: [one] });
  return after ?? directory;
}

/** Everything up to a byte; the rest is as it was: zeros. */
function upTo(length: number): (after: Uint8Array) => Uint8Array {
  return (after) => new Uint8Array(after.length).map((_, at) => (at < length ? (after[at] ?? 0) : 0));
}

function flip(bit: number): (bytes: Uint8Array) => void {
  return (bytes) => {
    bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
  };
}

function wreck(start: number): (bytes: Uint8Array) => void {
  return (bytes) => bytes.fill(0xee, start, start + 30);
}

describe('clean', () => {
  test('all that was acknowledged is there', async () => {
    const { stored } = await openOn(await written(5));
    expect(stored).toEqual({
      incarnation: owner.incarnation,
      hardState: { term: 1, vote: 'a', founding: Uint8Array.of(9) },
      snapshot: undefined,
      entries: entries(1, 5),
    });
  });

  test('an entry that was written and never acknowledged may be there too', async () => {
    const directory = await cutOff(entry(6), (after) => after);
    expect((await openOn(directory)).stored.entries).toEqual(entries(1, 6));
  });
});

describe('what was written and never synced', () => {
  test('is made durable before anybody relies on it, also where a sync has failed', async () => {
    for (const failing of [firstSegment, manifestName]) {
      const directory = await written(5);
      const { storage } = await openOn(directory);
      directory.fault = ({ call, name }) => {
        if (call === 'sync' && name === failing) throw new Error('it failed');
      };
      const hardState = { term: 2, vote: 'b', founding: undefined };
      await expect(storage.write({ hardState, entries: entries(6, 6) })).rejects.toThrow('it failed');
      await storage.close();
      directory.fault = undefined;
      // The process starts again, and the system shows it what the disk has never seen.
      const { stored } = await openOn(directory);
      const after = await openOn(directory.crash());
      expect(stored.hardState?.term).toBe(2);
      expect(after.stored).toEqual(stored);
    }
  });
});

describe('torn tail', () => {
  test('a write cut off at any byte leaves what was acknowledged, and the log goes on', async () => {
    for (let length = 0; length < recordBytes; length += 1) {
      const directory = await cutOff(entry(6), upTo(length));
      const { storage, stored } = await openOn(directory);
      expect([length, stored.damage, stored.entries.length]).toEqual([length, undefined, 5]);
      await storage.write({ entries: entries(6, 7, 2) });
      const again = await openOn(directory.crash());
      expect(again.stored.entries).toEqual([...entries(1, 5), ...entries(6, 7, 2)]);
    }
  });

  test('any sectors of a large write may be missing', async () => {
    const sectorsOf = (after: Uint8Array, position: number, mask: number): Uint8Array => {
      const first = sectorBytes - (position % sectorBytes);
      return after.map((byte, at) => {
        const sector = at < first ? 0 : 1 + Math.floor((at - first) / sectorBytes);
        return (mask & (1 << sector)) === 0 ? 0 : byte;
      });
    };
    const sectors = 7;
    for (let mask = 0; mask < 2 ** sectors - 1; mask += 1) {
      const directory = await cutOff(entry(6, 1, 3_000), (after) => sectorsOf(after, recordStart(6), mask));
      const { storage, stored } = await openOn(directory);
      expect([mask, stored.damage, stored.entries.length]).toEqual([mask, undefined, 5]);
      await storage.write({ entries: entries(6, 6, 2) });
      const again = await openOn(directory.crash());
      expect([mask, again.stored.damage, again.stored.entries.length]).toEqual([mask, undefined, 6]);
    }
  });
});

describe('a record that is mostly zeros', () => {
  const zeros: Entry = { ...entry(6), body: new Uint8Array(3_000) };

  test('torn, its beginning or its end is missing: it may go', async () => {
    const within = sectorBytes - (recordStart(6) % sectorBytes);
    const begins = await cutOff(zeros, (after) => after.map((byte, at) => (at < within ? byte : 0)));
    const ends = await cutOff(zeros, (after) => after.map((byte, at) => (at < within ? 0 : byte)));
    for (const directory of [begins, ends]) {
      const { stored } = await openOn(directory);
      expect([stored.damage, stored.entries.length]).toEqual([undefined, 5]);
    }
  });

  test('with a flipped bit: damage, though most of its sectors are zeros', async () => {
    const intact = await cutOff(zeros, (after) => after);
    for (let at = 40; at < 3_000; at += 13) {
      const directory = intact.copy();
      directory.damage(firstSegment, flip(8 * (recordStart(6) + at)));
      const { stored } = await openOn(directory, other);
      expect([at, stored.damage]).toEqual([at, expect.stringContaining('damaged record at the end')]);
    }
  });
});

describe('bad record', () => {
  test('followed by a good one: damage, and nothing behind it is served', async () => {
    const directory = await written(5, { close: false });
    directory.damage(firstSegment, flip(8 * (recordStart(3) + 100)));
    const { stored } = await openOn(directory, other);
    expect(stored.damage).toContain('a damaged record before intact ones, log-000000000001');
    expect(stored.entries).toEqual(entries(1, 2));
    expect(stored.incarnation).toBe(other.incarnation);
    expect(stored.hardState).toEqual({ term: 1, vote: 'a', founding: undefined });
  });

  test('at the end of the log, whichever of its bytes a bit is flipped in: damage', async () => {
    const intact = await written(5, { close: false });
    for (let at = 0; at < recordBytes; at += 1) {
      const directory = intact.copy();
      directory.damage(firstSegment, flip(8 * (recordStart(5) + at) + (at % 8)));
      const { stored } = await openOn(directory, other);
      // The padding before the record's end is nobody's.
      expect(stored.entries).toEqual(entries(1, stored.damage === undefined ? 5 : 4));
    }
  });

  test('a last record that is gone after a clean close: damage', async () => {
    const directory = await written(5);
    directory.damage(firstSegment, (bytes) => bytes.fill(0, recordStart(5), recordStart(6)));
    const { stored } = await openOn(directory, other);
    expect(stored.damage).toBe('the log ends with record 4, but record 5 was durable');
  });

  test('a bit that flips behind the log harms nothing', async () => {
    const directory = await written(5, { close: false });
    directory.damage(firstSegment, flip(8 * (recordStart(6) + 1_000)));
    const { storage, stored } = await openOn(directory);
    expect(stored.damage).toBeUndefined();
    await storage.write({ entries: entries(6, 6) });
    expect((await openOn(directory.crash())).stored.entries).toEqual(entries(1, 6));
  });
});

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

describe('damaged directory', () => {
  test('stays as it was found until something is written', async () => {
    const directory = await written(5, { close: false });
    directory.damage(firstSegment, wreck(recordStart(3)));
    const before = directory.calls.length;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const { storage, stored } = await openOn(directory, other);
      expect(stored.damage).toContain('damaged record');
      await storage.close();
    }
    expect(directory.calls.length).toBe(before);
  });

  test('goes on from its intact part with the first write, and sets the damage aside', async () => {
    const directory = await written(5, { close: false });
    directory.damage(firstSegment, wreck(recordStart(3)));
    const { storage } = await openOn(directory, other);
    await storage.write({ entries: entries(3, 9, 2) });
    const after = directory.crash();
    const again = await openOn(after, owner);
    expect(again.stored.damage).toBeUndefined();
    expect(again.stored.incarnation).toBe(other.incarnation);
    expect(again.stored.hardState).toEqual({ term: 1, vote: 'a', founding: undefined });
    expect(again.stored.entries).toEqual([...entries(1, 2), ...entries(3, 9, 2)]);
    expect(await after.list()).toContain(`damaged-${firstSegment}`);
  });

  test('whose manifest is gone begins as a new one with the first write', async () => {
    const directory = await written(5);
    directory.drop(manifestName);
    const { storage } = await openOn(directory, other);
    await storage.write({ entries: entries(1, 2, 3) });
    const after = directory.crash();
    const { stored } = await openOn(after, owner);
    expect(stored.incarnation).toBe(other.incarnation);
    expect(stored.entries).toEqual(entries(1, 2, 3));
    expect(await after.list()).toContain(`damaged-${firstSegment}`);
  });

  test('may crash anywhere on its way: it is damaged still, or repaired', async () => {
    const damaged = await written(40, { close: false });
    damaged.damage(firstSegment, wreck(recordStart(30)));
    let steps = 1;
    for (let step = 0; step < steps; step += 1) {
      const directory = damaged.copy();
      const { storage } = await openOn(directory, other);
      const first = directory.calls.length;
      directory.fault = ({ call }) => {
        if (call !== 'read' && directory.calls.length > first + step) throw new Error('the power is gone');
      };
      const outcome = await storage.write({ entries: entries(30, 31, 2) }).then(
        () => 'done',
        () => 'failed',
      );
      if (outcome === 'failed') steps = step + 2;
      for (const kept of ['lost', 'kept'] as const) {
        const { stored } = await openOn(
          directory.crash(() => kept, kept),
          { ...owner, incarnation: 3 },
        );
        expect(stored.incarnation).not.toBe(owner.incarnation);
        expect(stored.entries.slice(0, 29)).toEqual(entries(1, 29));
      }
    }
    expect(steps).toBeGreaterThan(10);
  });
});
