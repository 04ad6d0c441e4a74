/** A damaged directory, until its storage has gone on without what is damaged (docs/internals/recovery.md). */
import { describe, expect, test } from 'vitest';
import { manifestName } from './manifest/manifest.ts';
import { firstSegment, other, recordStart, wreck } from './testing/damage.ts';
import { entries, openOn, owner, written } from './testing/setup.ts';

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
