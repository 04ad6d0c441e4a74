import type { WriteBatch } from '@quorate/core/ports';
import { describe, expect, test } from 'vitest';
import { type DirectoryFault, filesError, MemoryDirectory } from './testing/memory-directory.ts';
import { content, entries, entry, metaAt, openOn } from './testing/setup.ts';

/** What a member's life looks like to its storage: a few hundred calls, over several segments. */
function life(): readonly WriteBatch[] {
  const batches: WriteBatch[] = [{ hardState: { term: 1, vote: 'a', founding: Uint8Array.of(1) } }];
  for (let index = 1; index <= 60; index += 1) {
    batches.push({ entries: [entry(index, 1, 900)] });
    if (index % 20 !== 0) continue;
    const [first, second] = [content(3_000, index), content(2_000, index)];
    batches.push({ snapshotChunk: { meta: metaAt(index), offset: 0, bytes: first, last: false } });
    batches.push({ snapshotChunk: { meta: metaAt(index), offset: 3_000, bytes: second, last: true } });
    batches.push({ compactThrough: index - 3 });
  }
  batches.push({ hardState: { term: 2, vote: undefined, founding: undefined }, truncateFrom: 59 });
  batches.push({ entries: entries(59, 62, 2, 300) });
  const meta = metaAt(90, 2);
  const chunk = { meta, offset: 0, bytes: content(4_000), last: true };
  batches.push({ snapshotChunk: chunk, install: meta });
  batches.push({ entries: entries(91, 95, 2) });
  return batches;
}

/** Nobody changes it. */
const batches = life();

interface Expected {
  term: number;
  snapshotIndex: number;
  /** Term by index, of what must be there behind the snapshot. */
  readonly log: Map<number, number>;
}

function apply(expected: Expected, batch: WriteBatch): void {
  expected.term = batch.hardState?.term ?? expected.term;
  if (batch.snapshotChunk?.last === true) expected.snapshotIndex = batch.snapshotChunk.meta.index;
  if (batch.install !== undefined) expected.log.clear();
  for (const index of expected.log.keys()) {
    if (index >= (batch.truncateFrom ?? Number.POSITIVE_INFINITY)) expected.log.delete(index);
  }
  for (const { index, term } of batch.entries ?? []) expected.log.set(index, term);
}

/** Runs the life until a call fails; answers what was acknowledged, and the batch after it. */
async function live(
  directory: MemoryDirectory,
): Promise<{ readonly acknowledged: number; readonly codes: readonly unknown[] }> {
  const codes: unknown[] = [];
  let acknowledged = 0;
  const opened = await openOn(directory).catch(() => undefined);
  if (opened === undefined) return { acknowledged, codes: ['not opened'] };
  for (const batch of batches) {
    const code = await opened.storage.write(batch).then(
      () => 'acknowledged',
      (error: unknown) => (error as { readonly code?: unknown }).code,
    );
    codes.push(code);
    if (code !== 'acknowledged' && codes.length - acknowledged > 3) break;
    if (code === 'acknowledged') acknowledged = codes.length;
  }
  return { acknowledged, codes };
}

/** Opens it, and holds it against what the first batches left; the one that was under way may have happened. */
async function holds(directory: MemoryDirectory, acknowledged: number): Promise<void> {
  const { storage, stored } = await openOn(directory);
  expect(stored.damage).toBeUndefined();
  const candidates = [acknowledged, acknowledged + 1].map((count) => {
    const expected: Expected = { term: 0, snapshotIndex: 0, log: new Map() };
    for (const batch of batches.slice(0, count)) apply(expected, batch);
    return expected;
  });
  const [least, most] = candidates;
  const snapshotIndex = stored.snapshot?.index ?? 0;
  expect([least?.term, most?.term]).toContain(stored.hardState?.term ?? 0);
  expect([least?.snapshotIndex, most?.snapshotIndex]).toContain(snapshotIndex);
  const found = JSON.stringify(stored.entries.filter(({ index }) => index > snapshotIndex).map(pair));
  const wanted = candidates.map(({ log }) =>
    JSON.stringify([...log].filter(([index]) => index > snapshotIndex)),
  );
  expect(wanted).toContain(found);
  await storage.close();
}

const pair = ({ index, term }: { readonly index: number; readonly term: number }): readonly number[] => [
  index,
  term,
];

/** Lets one call fail, counted from the first on. */
function failingAt(count: number, matches: (call: DirectoryFault) => boolean, error: Error) {
  let seen = 0;
  return (call: DirectoryFault): void => {
    if (!matches(call)) return;
    seen += 1;
    if (seen === count) throw error;
  };
}

async function countOf(matches: (call: DirectoryFault) => boolean): Promise<number> {
  const directory = new MemoryDirectory();
  let count = 0;
  directory.fault = (call) => {
    if (matches(call)) count += 1;
  };
  const { acknowledged, codes } = await live(directory);
  expect(acknowledged).toBe(batches.length);
  expect(new Set(codes)).toEqual(new Set(['acknowledged']));
  return count;
}

const isSync = ({ call }: DirectoryFault): boolean => call === 'sync' || call === 'sync-directory';
const isWrite = ({ call }: DirectoryFault): boolean => call === 'write';

describe('a sync that fails', () => {
  test.each(['EIO', 'ENOSPC'])('with %s, whichever it is: nothing is acknowledged after it', async (code) => {
    const syncs = await countOf(isSync);
    expect(syncs).toBeGreaterThan(80);
    for (let at = 1; at <= syncs; at += 1) {
      const directory = new MemoryDirectory();
      directory.fault = failingAt(at, isSync, filesError(code, 'it'));
      const { acknowledged, codes } = await live(directory);
      const failedAt = codes.findIndex((each) => each !== 'acknowledged');
      expect(codes.slice(failedAt).filter((each) => each === 'acknowledged')).toEqual([]);
      directory.fault = undefined;
      for (const kept of ['lost', 'kept'] as const)
        await holds(
          directory.crash(() => kept, kept),
          acknowledged,
        );
    }
  });

  test('is not tried again', async () => {
    const directory = new MemoryDirectory();
    const { storage } = await openOn(directory);
    await storage.write({ entries: entries(1, 2) });
    directory.fault = failingAt(1, isSync, filesError('EIO', 'it'));
    await expect(storage.write({ entries: entries(3, 3) })).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    const before = directory.calls.length;
    await expect(storage.write({ entries: entries(4, 4) })).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await storage.close();
    expect(directory.calls.length).toBe(before);
  });
});

describe('a write that fails', () => {
  test('with EIO, whichever it is: nothing is acknowledged after it', async () => {
    const writes = await countOf(isWrite);
    for (let at = 1; at <= writes; at += 1) {
      const directory = new MemoryDirectory();
      directory.fault = failingAt(at, isWrite, filesError('EIO', 'it'));
      const { acknowledged, codes } = await live(directory);
      const failedAt = codes.findIndex((each) => each !== 'acknowledged');
      expect(codes.slice(failedAt).filter((each) => each === 'acknowledged')).toEqual([]);
      directory.fault = undefined;
      await holds(directory.crash(), acknowledged);
    }
  });
});

describe('a read that fails', () => {
  test('is never taken for the end of what there is: the storage does not open', async () => {
    const directory = new MemoryDirectory();
    expect((await live(directory)).acknowledged).toBe(batches.length);
    const after = directory.crash();
    const isRead = ({ call }: DirectoryFault): boolean => call === 'read';
    let reads = 0;
    after.fault = (call) => {
      if (isRead(call)) reads += 1;
    };
    await holds(after.copy(), batches.length);
    const whole = await openOn(after);
    await whole.storage.close();
    expect(reads).toBeGreaterThan(5);
    for (let at = 1; at <= reads; at += 1) {
      const copy = directory.crash();
      copy.fault = failingAt(at, isRead, filesError('EIO', 'it'));
      await expect(openOn(copy)).rejects.toMatchObject({ code: 'EIO' });
      expect(copy.calls).toEqual([]);
      copy.fault = undefined;
      await holds(copy, batches.length);
    }
  });

  test('of a snapshot is told to who asked, and harms nothing', async () => {
    const directory = new MemoryDirectory();
    const { storage } = await openOn(directory);
    await storage.write({ entries: entries(1, 5) });
    const chunk = { meta: metaAt(5), offset: 0, bytes: content(5_000), last: true };
    await storage.write({ snapshotChunk: chunk });
    const range = { offset: 0, length: 5_000 };
    directory.fault = ({ call }) => {
      if (call === 'read') throw filesError('EIO', 'it');
    };
    await expect(storage.readSnapshot(metaAt(5), range)).rejects.toMatchObject({ code: 'EIO' });
    directory.fault = undefined;
    expect((await storage.readSnapshot(metaAt(5), range))?.bytes).toEqual(content(5_000));
    await storage.write({ entries: entries(6, 6) });
  });
});

describe('a full disk', () => {
  test('whenever it shows: a write that is refused comes through when there is room', async () => {
    const isGrowing = ({ call, name }: DirectoryFault): boolean =>
      (call === 'write' && name !== 'manifest') || (call === 'open' && name.startsWith('log-'));
    const calls = await countOf(isGrowing);
    let refused = 0;
    const again = new Set<unknown>();
    for (let at = 1; at <= calls; at += 1) {
      const directory = new MemoryDirectory();
      const { storage } = await openOn(directory);
      let seen = 0;
      let isFull = false;
      directory.fault = (call) => {
        if (isGrowing(call)) seen += 1;
        // Zeros that were written before are room that is there.
        isFull = seen >= at && isGrowing(call) && (isFull || isNew(directory, call));
        if (isFull) throw filesError('ENOSPC', call.name);
      };
      let acknowledged = 0;
      for (const batch of batches) {
        const attempt = (): Promise<unknown> =>
          storage.write(batch).then(
            () => 'acknowledged',
            (error: unknown) => (error as { readonly code?: unknown }).code,
          );
        let code = await attempt();
        if (code === 'STORAGE_FULL') {
          refused += 1;
          again.add(await attempt());
          await holds(directory.crash(), acknowledged);
          directory.fault = undefined;
          code = await attempt();
        }
        expect(code).toBe('acknowledged');
        acknowledged += 1;
      }
      await holds(directory.crash(), acknowledged);
    }
    expect(refused).toBeGreaterThan(10);
    expect([...again]).toEqual(['STORAGE_FULL']);
  });

  test('lets a storage open, and read what it has', async () => {
    const directory = new MemoryDirectory();
    const { storage } = await openOn(directory);
    await storage.write({ entries: entries(1, 40, 1, 900) });
    const after = directory.crash();
    after.fault = (call) => {
      if (isNew(after, call)) throw filesError('ENOSPC', call.name);
    };
    const opened = await openOn(after);
    expect(opened.stored.entries).toEqual(entries(1, 40, 1, 900));
    const codes = new Set<unknown>();
    for (let index = 41; index <= 80; index += 1) {
      const failure = await opened.storage.write({ entries: [entry(index, 1, 900)] }).then(
        () => undefined,
        (error: unknown) => error,
      );
      codes.add((failure as { readonly code?: unknown } | undefined)?.code);
      if (failure !== undefined) break;
    }
    expect(codes).toContain('STORAGE_FULL');
    await opened.storage.close();
  });
});

/** Whether a call asks for more room than its file has. */
function isNew(directory: MemoryDirectory, { call, name }: DirectoryFault): boolean {
  if (call === 'open') return directory.calls.at(-1) === `open ${name}` && !directory.has(name);
  return call === 'write' && directory.isGrowing(name);
}

describe('a loss of power', () => {
  test('before any call that changes something: what was acknowledged is there', async () => {
    const whole = new MemoryDirectory();
    await live(whole);
    const calls = whole.calls.length;
    expect(calls).toBeGreaterThan(250);
    for (let at = 1; at <= calls; at += 1) {
      const directory = new MemoryDirectory();
      directory.fault = () => {
        if (directory.calls.length >= at) throw filesError('EIO', 'no power');
      };
      const { acknowledged } = await live(directory);
      for (const [writes, names] of [
        ['lost', 'lost'],
        ['kept', 'kept'],
        ['lost', 'kept'],
        ['kept', 'lost'],
      ] as const) {
        await holds(
          directory.crash(() => writes, names),
          acknowledged,
        );
      }
    }
  }, 120_000);
});
