/** The rows of docs/internals/recovery.md about the end of the log, with their names: torn, or damaged? */
import type { Entry } from '@quorate/core/ports';
import { describe, expect, test } from 'vitest';
import { sectorBytes } from './limits.ts';
import { manifestName } from './manifest/manifest.ts';
import { firstSegment, flip, other, recordBytes, recordStart } from './testing/damage.ts';
import type { MemoryDirectory } from './testing/memory-directory.ts';
import { entries, entry, openOn, owner, written } from './testing/setup.ts';

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
