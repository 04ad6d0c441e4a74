import { describe, expect, test } from 'vitest';
import { create, Driver, snapshotOf } from '../machine/testing/driver.ts';
import type { SnapshotMeta } from '../ports/entry.ts';
import type { InstallSnapshot } from '../raft/messages.ts';
import { SnapshotReceiving, SnapshotTaking } from './snapshots.ts';

function filled(): Driver {
  const driver = new Driver();
  driver.configure({});
  const session = driver.open();
  for (let at = 0; at < 40; at += 1) driver.ask(session, create(`/z${at}`, 'x'.repeat(100)));
  return driver;
}

function metaOf(driver: Driver): SnapshotMeta {
  return { index: driver.machine.appliedIndex, term: 1, elapsedMs: 0, membership: new Uint8Array(0) };
}

function chunksOf(driver: Driver): readonly InstallSnapshot[] {
  const header = { kind: 'install-snapshot', from: 'a', to: 'b', term: 1, incarnation: 1 } as const;
  const meta = metaOf(driver);
  const chunks = snapshotOf(driver.machine, 500);
  let offset = 0;
  return chunks.map((bytes, at) => {
    const chunk = { ...header, meta, offset, bytes, last: at === chunks.length - 1 } as InstallSnapshot;
    offset += bytes.length;
    return chunk;
  });
}

describe('SnapshotTaking', () => {
  test('hands out one chunk at a time, the next when the last is durable', () => {
    const driver = filled();
    const taking = new SnapshotTaking();
    expect(taking.nextChunk()).toBeUndefined();
    const meta = metaOf(driver);
    taking.begin(meta, driver.machine.beginSnapshot(500));
    let offset = 0;
    for (let count = 0; ; count += 1) {
      expect(taking.wantsTurn).toBe(true);
      const chunk = taking.nextChunk();
      expect(taking.nextChunk()).toBeUndefined();
      expect(chunk).toMatchObject({ meta, offset });
      if (chunk === undefined) break;
      offset += chunk.bytes.length;
      expect(taking.written(chunk)).toBe(chunk.last ? meta : undefined);
      if (!chunk.last) continue;
      expect(count).toBeGreaterThan(3);
      break;
    }
    expect(taking.isActive).toBe(false);
  });

  test('forgets what was overtaken, and waits for its write all the same', () => {
    const driver = filled();
    const taking = new SnapshotTaking();
    taking.begin(metaOf(driver), driver.machine.beginSnapshot(100_000));
    const chunk = taking.nextChunk();
    taking.abort();
    expect(taking.isActive).toBe(false);
    const next = metaOf(driver);
    taking.begin(next, driver.machine.beginSnapshot(100_000));
    expect(taking.wantsTurn).toBe(false);
    expect(chunk && taking.written(chunk)).toBeUndefined();
    expect(taking.wantsTurn).toBe(true);
  });
});

describe('SnapshotReceiving', () => {
  test('answers the whole state with its last chunk only', () => {
    const driver = filled();
    const receiving = new SnapshotReceiving();
    const results = chunksOf(driver).map((chunk) => receiving.feed(chunk));
    expect(results.every(({ accepted }) => accepted)).toBe(true);
    expect(results.slice(0, -1).every(({ machine }) => machine === undefined)).toBe(true);
    expect(results.at(-1)?.machine?.digest()).toBe(driver.machine.digest());
  });

  test('starts over with a chunk at offset 0', () => {
    const driver = filled();
    const receiving = new SnapshotReceiving();
    const chunks = chunksOf(driver);
    for (const chunk of chunks.slice(0, 3)) receiving.feed(chunk);
    const results = chunks.map((chunk) => receiving.feed(chunk));
    expect(results.at(-1)?.machine?.digest()).toBe(driver.machine.digest());
  });

  test('refuses a chunk without its beginning, and one of another snapshot', () => {
    const chunks = chunksOf(filled());
    const receiving = new SnapshotReceiving();
    const [first, second] = chunks;
    if (first === undefined || second === undefined) throw new RangeError('two chunks');
    expect(receiving.feed(second)).toEqual({ accepted: false, machine: undefined });
    receiving.feed(first);
    const other = { ...second, meta: { ...second.meta, index: 1 } };
    expect(receiving.feed(other)).toEqual({ accepted: false, machine: undefined });
  });

  test('refuses damage, and takes the whole once more from the beginning', () => {
    const driver = filled();
    const chunks = chunksOf(driver);
    for (const [at, chunk] of chunks.entries()) {
      const receiving = new SnapshotReceiving();
      const bytes = chunk.bytes.slice();
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      const damaged = chunks.map((each, position) => (position === at ? { ...each, bytes } : each));
      const results = damaged.map((each) => receiving.feed(each));
      expect(results.every(({ machine }) => machine === undefined)).toBe(true);
      expect(results.some(({ accepted }) => !accepted)).toBe(true);
      expect(
        chunks
          .map((each) => receiving.feed(each))
          .at(-1)
          ?.machine?.digest(),
      ).toBe(driver.machine.digest());
    }
  });

  test('refuses a whole state that is not that of its index', () => {
    const receiving = new SnapshotReceiving();
    const results = chunksOf(filled()).map((chunk) =>
      receiving.feed({ ...chunk, meta: { ...chunk.meta, index: chunk.meta.index + 1 } }),
    );
    expect(results.at(-1)?.accepted).toBe(false);
  });
});
