import { describe, expect, test } from 'vitest';
import { RaftLog } from './log.ts';
import { testEntries, testMembership } from './testing/lone-peer.ts';

const membership = testMembership(['a']);
const entries = (terms: readonly number[], firstIndex = 1): ReturnType<typeof testEntries> =>
  testEntries(terms, membership, firstIndex);
const snapshot = (index: number, term: number) =>
  ({ index, term, elapsedMs: index, membership: new Uint8Array(0) }) as const;

describe('a restored log', () => {
  test('without a snapshot begins at index 1', () => {
    const log = new RaftLog(undefined, entries([1, 1, 2]));
    expect([log.firstIndex, log.lastIndex, log.lastTerm, log.boundaryIndex]).toEqual([1, 3, 2, 0]);
    log.validate();
  });

  test('follows on its snapshot', () => {
    const log = new RaftLog(snapshot(4, 2), entries([2, 3], 5));
    expect([log.firstIndex, log.lastIndex, log.termAt(4), log.termAt(3)]).toEqual([5, 6, 2, undefined]);
    log.validate();
  });

  test('with entries kept behind its snapshot knows the term of its first predecessor', () => {
    const log = new RaftLog(snapshot(4, 2), entries([1, 2, 2, 3], 2));
    expect([log.boundaryIndex, log.boundaryTerm, log.lastIndex]).toEqual([2, 1, 5]);
    expect(log.countSinceSnapshot).toBe(1);
    log.validate();
  });

  test('that contradicts its snapshot is dropped, and that is noticed (B37)', () => {
    const log = new RaftLog(snapshot(4, 3), entries([1, 1, 1, 2, 2]));
    expect([log.firstIndex, log.lastIndex, log.lastTerm]).toEqual([5, 4, 3]);
    expect(log.hasConflictOnDisk).toBe(true);
    log.validate();
  });

  test('that ends before its snapshot is dropped, and that is noticed (B37)', () => {
    const log = new RaftLog(snapshot(9, 3), entries([1, 1, 1]));
    expect([log.firstIndex, log.lastIndex, log.hasConflictOnDisk]).toEqual([10, 9, true]);
  });

  test('that is not there beside its snapshot may never have been told of it: it is installed once more', () => {
    expect(new RaftLog(snapshot(9, 3), []).hasConflictOnDisk).toBe(true);
    expect(new RaftLog(undefined, []).hasConflictOnDisk).toBe(false);
  });

  test('with a gap behind its snapshot is refused (B37)', () => {
    expect(() => new RaftLog(snapshot(2, 1), entries([1, 1], 4))).toThrow('no gap');
  });
});

describe('the log', () => {
  test('refuses a gap and a falling term', () => {
    const log = new RaftLog(undefined, entries([1, 2]));
    expect(() => log.append(entries([2], 4))).toThrow('consecutive');
    expect(() => log.append(entries([1], 3))).toThrow('never fall');
  });

  test('never truncates what a snapshot holds', () => {
    const log = new RaftLog(undefined, entries([1, 1, 1]));
    log.snapshotTaken(snapshot(2, 1));
    expect(() => log.truncateFrom(2)).toThrow('in a snapshot');
    log.truncateFrom(3);
    expect(log.lastIndex).toBe(2);
    log.validate();
  });

  test('keeps the term of the last compacted entry, and no other (B20)', () => {
    const log = new RaftLog(undefined, entries([1, 1, 2, 2]));
    log.snapshotTaken(snapshot(3, 2));
    log.compactThrough(2);
    expect([log.termAt(1), log.termAt(2), log.termAt(3), log.termAt(5)]).toEqual([
      undefined,
      1,
      2,
      undefined,
    ]);
    expect(() => log.entryAt(2)).toThrow('in the log');
    expect(() => log.compactThrough(4)).toThrow('only what a snapshot holds');
    log.validate();
  });

  test('finds the last place where another log may agree', () => {
    const log = new RaftLog(undefined, entries([1, 1, 4, 4, 5]));
    expect(log.lastAgreeable(9, 9)).toEqual({ index: 5, term: 5 });
    expect(log.lastAgreeable(4, 4)).toEqual({ index: 4, term: 4 });
    expect(log.lastAgreeable(5, 3)).toEqual({ index: 2, term: 1 });
    expect(log.lastAgreeable(5, 0)).toEqual({ index: 0, term: 0 });
  });

  test('slices by count and by bytes, but always gives one entry', () => {
    const log = new RaftLog(undefined, entries([1, 1, 1, 1]));
    const count = (entriesMax: number, bytesMax: number): number =>
      log.slice(2, { entriesMax, bytesMax }).length;
    expect([count(2, 10_000), count(3, 10_000), count(9, 10_000), count(9, 1), count(9, 140)]).toEqual([
      2, 3, 3, 1, 2,
    ]);
    expect(log.slice(5, { entriesMax: 9, bytesMax: 9 })).toEqual([]);
  });

  test.each([
    [3, 4, true],
    [9, 3, false],
    [1, 5, true],
    [4, 4, true],
    [2, 4, false],
  ])(
    'a log that ends with index %i, term %i is up to date: %s (3.6.1)',
    (lastIndex, lastTerm, isUpToDate) => {
      const log = new RaftLog(undefined, entries([1, 4, 4]));
      expect(log.isUpToDate({ lastIndex, lastTerm })).toBe(isUpToDate);
    },
  );

  test('counts entries and bytes since the snapshot through truncation, snapshot and installation', () => {
    const log = new RaftLog(undefined, entries([1, 1, 1, 1, 1]));
    log.truncateFrom(5);
    log.validate();
    expect(log.countSinceSnapshot).toBe(4);
    log.snapshotTaken(snapshot(3, 1));
    log.validate();
    expect(log.countSinceSnapshot).toBe(1);
    log.install(snapshot(8, 2));
    log.validate();
    expect([log.countSinceSnapshot, log.bytesSinceSnapshot, log.lastElapsedMs]).toEqual([0, 0, 8]);
  });
});
