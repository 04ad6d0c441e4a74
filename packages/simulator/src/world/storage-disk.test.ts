import { describe, expect, test } from 'vitest';
import type { Entry, Storage, StoredState, WriteBatch } from '@quorate/core/ports';
import { simulate } from './simulate.ts';
import type { World } from './world.ts';

const owner = { member: 'a', ensemble: 'e', incarnation: 1 };

const entry = (index: number): Entry => ({
  index,
  term: 1,
  kind: 'commands',
  wallMs: 0,
  elapsedMs: 0,
  body: Uint8Array.of(index),
});

const hardState = (term: number): WriteBatch => ({ hardState: { term, vote: 'a', founding: undefined } });

/** A storage of host `a` in a new life, opened. */
async function opened(world: World): Promise<{ storage: Storage; stored: StoredState }> {
  let found: { storage: Storage; stored: StoredState } | undefined;
  world.host('a').start(async ({ storage }) => {
    found = { storage, stored: await storage.open(owner) };
  });
  await world.sleep(100);
  if (found === undefined) throw new TypeError('the storage did not open');
  return found;
}

/** What a batch that was under way at a crash left, for many seeds: how often each outcome came. */
async function leftAfterCrash(batch: WriteBatch): Promise<ReadonlyMap<string, number>> {
  const outcomes = new Map<string, number>();
  for (let seed = 0; seed < 60; seed += 1) {
    const { result } = await simulate({ seed }, async (world) => {
      const { storage } = await opened(world);
      await storage.write({ ...hardState(1), entries: [entry(1)] });
      void storage.write(batch);
      world.host('a').crash();
      const { stored } = await opened(world);
      return `term ${stored.hardState?.term}, ${stored.entries.length} entries`;
    });
    outcomes.set(result, (outcomes.get(result) ?? 0) + 1);
  }
  return outcomes;
}

describe('a disk behind the storage port', () => {
  test('keeps what was written, for the next life', async () => {
    const { result } = await simulate({ seed: 2 }, async (world) => {
      const { storage } = await opened(world);
      await storage.write({ ...hardState(3), entries: [entry(1), entry(2)] });
      world.host('a').crash();
      return (await opened(world)).stored;
    });
    expect(result).toMatchObject({
      incarnation: 1,
      hardState: { term: 3 },
      entries: [{ index: 1 }, { index: 2 }],
    });
  });

  test('is empty after a wipe', async () => {
    const { result } = await simulate({ seed: 2 }, async (world) => {
      const { storage } = await opened(world);
      await storage.write(hardState(3));
      world.host('a').crash({ wipe: true });
      return (await opened(world)).stored;
    });
    expect(result.hardState).toBeUndefined();
  });

  test('takes the time that it is told to', async () => {
    const { result } = await simulate({ seed: 2 }, async (world) => {
      const { storage } = await opened(world);
      world.host('a').disk.conditions.latencyUsMin = 50_000;
      const startMs = world.nowMs;
      await storage.write(hardState(3));
      return world.nowMs - startMs;
    });
    expect(result).toBeGreaterThanOrEqual(50);
  });

  test('keeps any beginning of the write under way at a crash, and nothing else', async () => {
    const outcomes = await leftAfterCrash({ ...hardState(2), entries: [entry(2), entry(3)] });
    expect([...outcomes.keys()].toSorted()).toEqual([
      'term 1, 1 entries',
      'term 2, 1 entries',
      'term 2, 2 entries',
      'term 2, 3 entries',
    ]);
    expect(Math.min(...outcomes.values())).toBeGreaterThan(5);
  });

  test('may have truncated and not appended at a crash', async () => {
    const outcomes = await leftAfterCrash({ truncateFrom: 1, entries: [entry(1), entry(2)] });
    expect([...outcomes.keys()].toSorted()).toEqual([
      'term 1, 0 entries',
      'term 1, 1 entries',
      'term 1, 2 entries',
    ]);
  });

  test('writes on while its process is paused', async () => {
    const { result } = await simulate({ seed: 2 }, async (world) => {
      const { storage } = await opened(world);
      let isTold = false;
      void storage.write(hardState(3)).then(() => (isTold = true));
      world.host('a').pause();
      await world.sleep(1_000);
      const told = isTold;
      world.host('a').crash();
      return { told, term: (await opened(world)).stored.hardState?.term };
    });
    expect(result).toEqual({ told: false, term: 3 });
  });

  test.each(['EIO', 'ENOSPC'] as const)('rejects a write that fails with %s', async (writeFailure) => {
    const { result, faults } = await simulate({ seed: 2 }, async (world) => {
      const { storage } = await opened(world);
      Object.assign(world.host('a').disk.conditions, { writeFailurePpm: 1_000_000, writeFailure });
      return await storage.write(hardState(3)).catch((error: unknown) => error);
    });
    expect(result).toMatchObject({
      code: 'STORAGE_FAILED',
      details: { reason: `the disk answered ${writeFailure}` },
    });
    expect(faults['write-failed']).toBe(1);
  });

  test('rejects a read that fails', async () => {
    const { result } = await simulate({ seed: 2 }, async (world) => {
      const { storage } = await opened(world);
      world.host('a').disk.conditions.readFailurePpm = 1_000_000;
      const meta = { index: 1, term: 1, elapsedMs: 0, membership: new Uint8Array() };
      return await storage.readSnapshot(meta, { offset: 0, length: 1 }).catch((error: unknown) => error);
    });
    expect(result).toMatchObject({ code: 'STORAGE_FAILED' });
  });

  test('belongs to one peer of one life at a time', async () => {
    const { result } = await simulate({ seed: 2 }, async (world) => {
      const { storage } = await opened(world);
      return await storage.open(owner).catch((error: unknown) => error);
    });
    expect(result).toMatchObject({ code: 'STORAGE_FAILED' });
  });

  test('loses power in the middle of a write when it is told to', async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 40; seed += 1) {
      const { result, faults } = await simulate({ seed }, async (world) => {
        const { storage } = await opened(world);
        world.host('a').disk.conditions.crashPpm = 1_000_000;
        void storage.write({ entries: [entry(1), entry(2)] });
        await world.sleep(100);
        expect(world.host('a').isRunning).toBe(false);
        return (await opened(world)).stored.entries.length;
      });
      expect(faults['power-loss']).toBe(1);
      outcomes.add(`${result}`);
    }
    expect([...outcomes].toSorted()).toEqual(['0', '1', '2']);
  });

  test('takes nothing from a process that is dead, not even when the next one crashes', async () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const { result } = await simulate({ seed }, async (world) => {
        const dead = await opened(world);
        world.host('a').crash();
        await opened(world);
        void dead.storage.write(hardState(9));
        world.host('a').crash();
        return (await opened(world)).stored.hardState;
      });
      expect(result).toBeUndefined();
    }
  });
});
