import type { Entry, StoredState, WriteBatch } from '@quorate/core/ports';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ObservedPeer } from '../invariant.ts';
import { Ledger } from '../ledger/ledger.ts';
import { type QuietRun, quietRun } from '../testing/quiet-run.ts';
import { damageHasACause } from './damage-has-a-cause.ts';
import { durableIsFound } from './durable-is-found.ts';
import { failedSyncIsFinal } from './failed-sync-is-final.ts';

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun([durableIsFound, damageHasACause]);
});

const entry = (index: number, term: number): Entry => ({
  index,
  term,
  kind: 'noop',
  wallMs: 0,
  elapsedMs: 0,
  body: new Uint8Array(0),
});
const snapshotAt = (index: number): NonNullable<StoredState['snapshot']> => ({
  ...(run.ledger.disks.ofPeer(run.leader).snapshot?.meta ?? expect.fail('no snapshot was taken')),
  index,
  term: 2,
});
const hardState = { term: 3, vote: 'a', founding: undefined };

describe('DurableIsFound', () => {
  let ledger: Ledger;
  let reopen: (stored: Partial<StoredState>) => void;
  let peerOf: (stored: Partial<StoredState>) => ObservedPeer;

  /** A member whose disk holds a snapshot at 4 and entries 3 to 6. */
  beforeEach(() => {
    ledger = new Ledger();
    const watch = durableIsFound.watch(ledger);
    const durable: StoredState = {
      incarnation: 1,
      hardState,
      snapshot: snapshotAt(4),
      entries: [entry(3, 2), entry(4, 2), entry(5, 3), entry(6, 3)],
    };
    peerOf = (stored) => ({ ...run.leader, incarnation: 1, stored: { ...durable, ...stored } });
    reopen = (stored) => watch.opened?.(peerOf(stored), run.view);
    ledger.disks.opened(peerOf({}));
  });

  const entries = (...terms: readonly number[]) => ({
    entries: terms.map((term, at) => entry(3 + at, term)),
  });
  const writing = (batch: WriteBatch): void => ledger.disks.writing(peerOf({}), batch);

  test('is content with what was durable, and with less of what the snapshot covers', () => {
    expect(() => reopen({})).not.toThrow();
    expect(() => reopen({ entries: [entry(5, 3), entry(6, 3)] })).not.toThrow();
  });

  test('is broken by a log that ends too early, too late, or with another entry', () => {
    const problem = 'another log than was durable';
    expect(() => reopen(entries(2, 2, 3))).toThrow(problem);
    expect(() => reopen(entries(2, 2, 3, 3, 3))).toThrow(problem);
    expect(() => reopen(entries(2, 2, 3, 2))).toThrow(problem);
    expect(() => reopen({ entries: [] })).toThrow(problem);
  });

  test('is broken by a gap behind the snapshot', () => {
    expect(() => reopen({ entries: [entry(6, 3)] })).toThrow('a gap');
  });

  test('is broken by an older term or another vote', () => {
    const problem = 'another term, vote or founding';
    expect(() => reopen({ hardState: { ...hardState, term: 2 } })).toThrow(problem);
    expect(() => reopen({ hardState: { ...hardState, vote: 'b' } })).toThrow(problem);
    expect(() => reopen({ hardState: undefined })).toThrow(problem);
  });

  test('is broken by an older snapshot, unless bits were flipped', () => {
    const watch = durableIsFound.watch(ledger);
    const older = peerOf({ snapshot: snapshotAt(2) });
    expect(() => watch.opened?.(older, run.view)).toThrow('an older snapshot');
    watch.rotted?.(older, run.view, { file: 'snapshot' });
    expect(() => watch.opened?.(older, run.view)).not.toThrow();
  });

  test('is broken by a snapshot that nobody wrote', () => {
    const newer = { snapshot: snapshotAt(6) };
    expect(() => reopen(newer)).toThrow('never written');
    writing({ snapshotChunk: { meta: snapshotAt(6), offset: 0, bytes: new Uint8Array(1), last: true } });
    expect(() => reopen(newer)).not.toThrow();
  });

  test('takes every beginning of the batch that was under way, and no other part', () => {
    writing({ hardState: { ...hardState, term: 4 }, truncateFrom: 6, entries: [entry(6, 4), entry(7, 4)] });
    const later = { hardState: { ...hardState, term: 4 } };
    for (const found of [{}, entries(2, 2, 3), entries(2, 2, 3, 4), entries(2, 2, 3, 4, 4)])
      expect(() => reopen({ ...later, ...found })).not.toThrow();
    expect(() => reopen({ ...later, ...entries(2, 2, 4) })).toThrow('another log');
    expect(() => reopen({ ...later, ...entries(2, 2, 3, 3, 4) })).toThrow('another log');
  });

  test('forgets what was under way when it has become durable', () => {
    writing({ entries: [entry(7, 3)] });
    ledger.disks.stored(peerOf({}), { entries: [entry(7, 3)] });
    expect(() => reopen(entries(2, 2, 3, 3, 3))).not.toThrow();
    expect(() => reopen({})).toThrow('another log');
  });

  test('asks nothing of a storage that calls itself damaged', () => {
    expect(() => reopen({ entries: [], damage: 'a bad record' })).not.toThrow();
  });
});

describe('DamageHasACause', () => {
  const damagedOne = (): ObservedPeer => ({
    ...run.follower,
    stored: { ...run.follower.stored, damage: 'a bad record' },
  });

  test('is broken by damage where nothing was harmed', () => {
    const watch = damageHasACause.watch(new Ledger());
    expect(() => watch.opened?.(damagedOne(), run.view)).toThrow('nothing harmed it');
    watch.rotted?.(run.leader, run.view, { file: 'log' });
    expect(() => watch.opened?.(damagedOne(), run.view)).toThrow('nothing harmed it');
  });

  test('takes a flipped bit for a cause until the member has gone on without it', () => {
    const watch = damageHasACause.watch(new Ledger());
    const peer = damagedOne();
    watch.rotted?.(peer, run.view, { file: 'log' });
    expect(() => watch.opened?.(peer, run.view)).not.toThrow();
    expect(() => watch.opened?.(peer, run.view)).not.toThrow();
    watch.stored?.({ peer, batch: {} }, run.view);
    expect(() => watch.opened?.(peer, run.view)).toThrow('nothing harmed it');
  });
});

describe('FailedSyncIsFinal', () => {
  test('is broken by a write that is confirmed after a sync that failed, in this life', () => {
    const watch = failedSyncIsFinal.watch(new Ledger());
    const { follower: peer, leader, view } = run;
    const confirm = (): void => watch.stored?.({ peer, batch: {} }, view);
    expect(confirm).not.toThrow();
    watch.syncFailed?.(leader, view);
    expect(confirm).not.toThrow();
    watch.syncFailed?.(peer, view);
    expect(confirm).toThrow('although a sync of it has failed');
    watch.crashed?.(peer, view, { isWiped: false });
    expect(confirm).not.toThrow();
  });
});
