import { op, type WatchBatch, type WatchEvent, type WatchStream } from '@quorate/core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { WatchRecord } from '../../history/watch-record.ts';
import { recordOnePeer } from '../testing/one-peer.ts';
import { checkWatches, type WatchedRun } from './watch-checker.ts';

/** One peer, one session, a watch of each scope and one that resumes: recorded once, spoilt by each test. */
let good: WatchedRun;

beforeAll(async () => {
  const { history, log } = await recordOnePeer(async (session) => {
    await session.create('/w', 0);
    const { stat } = await session.create('/w/old', 'old');
    const streams = [
      session.watch('/w', { scope: 'subtree' }),
      session.watch('/w', { scope: 'children' }),
      session.watch('/w/a', { scope: 'node' }),
      session.watch('/w', { scope: 'subtree', from: stat.czxid }),
    ];
    await session.create('/w/a', 1);
    await session.set('/w/a', 2);
    await session.create('/elsewhere', 0);
    await session.multi([op.set('/w/a', 3), op.create('/w/b', 1), op.set('/w', 9), op.delete('/w/old')]);
    await session.delete('/w/a');
    await session.create('/w/a', 4);
    await session.get('/w/a');
    for (const stream of streams) await pullAll(stream);
  });
  good = { watches: history.watches(), operations: history.operations(), log };
});

describe('the watch checker', () => {
  it('has nothing against a good history', () => {
    expect(checkWatches(good)).toEqual({ kind: 'valid' });
    expect(good.watches.map(({ batches }) => batches.length)).toEqual([6, 6, 6, 5]);
  });

  const subtree = 0;
  const children = 1;
  const resumed = 3;

  it.each<[string, string, number, (batches: WatchBatch[]) => WatchBatch[]]>([
    ['WatchOrdered', 'batches change places', subtree, (all) => swap(all, 1, 2)],
    [
      'WatchOrdered',
      'events of a transaction change places',
      subtree,
      edit(3, ({ events }) => ({ events: events.toReversed() })),
    ],
    ['WatchOrdered', 'a batch is of the future', subtree, edit(5, () => ({ zxid: 1_000 }))],
    ['WatchUnique', 'a batch comes twice', subtree, (all) => all.toSpliced(2, 0, ...all.slice(2, 3))],
    [
      'WatchUnique',
      'an event comes twice',
      subtree,
      edit(3, ({ events }) => ({ events: [...events, ...events.slice(0, 1)] })),
    ],
    ['WatchUnique', 'a second snapshot that nobody owes', subtree, (all) => [...all, ...all.slice(0, 1)]],
    [
      'WatchAtomic',
      'an event of a transaction is missing',
      subtree,
      edit(3, ({ events }) => ({ events: events.slice(1) })),
    ],
    ['WatchAtomic', 'a transaction comes in two parts', subtree, (all) => tear(all, 3)],
    ['WatchReliable', 'a batch is missing', subtree, (all) => all.toSpliced(2, 1)],
    ['WatchReliable', 'a value is another one', subtree, editEvent(2, { value: 7 })],
    ['WatchResumable', 'the first batch after the resumption is missing', resumed, (all) => all.slice(1)],
    [
      'WatchBookmarkable',
      'a znode is missing in the snapshot',
      subtree,
      edit(0, ({ events }) => ({ events: events.slice(1) })),
    ],
    [
      'WatchBookmarkable',
      'the snapshot is of another time',
      subtree,
      edit(0, ({ zxid }) => ({ zxid: zxid + 1 })),
    ],
    ['WatchBookmarkable', 'changes come before the last page', subtree, edit(0, () => ({ last: false }))],
    ['WatchPrevKV', 'the previous value is another one', subtree, editEvent(2, { previous: 7 })],
    ['WatchIsCreate', 'a creation is told as a change', subtree, editEvent(1, { kind: 'changed' })],
    ['WatchFilter', 'an event is outside of the scope', children, editEvent(1, { path: '/w' })],
    [
      'WatchFilter',
      'nothing in the scope changed at that zxid',
      subtree,
      (all) => [...all.slice(0, 3), later(all[2]), ...all.slice(3)],
    ],
  ])('%s: flags that %s', (rule, _what, stream, spoil) => {
    expect(checkWatches(spoilt(stream, spoil))).toMatchObject({ kind: 'violation', rule });
  });

  it('WatchBeforeData: flags a change that came into the queue after the write was answered', () => {
    const answeredAt = good.operations.find(({ call }) => call.kind === 'set')?.trace.answeredAt ?? 0;
    const late = (watch: WatchRecord): WatchRecord => ({
      ...watch,
      deliveries: watch.deliveries.map((each, at) => (at === 2 ? { ...each, at: answeredAt + 0.5 } : each)),
    });
    const watches = good.watches.map((watch, at) => (at === subtree ? late(watch) : watch));
    expect(checkWatches({ ...good, watches })).toMatchObject({ kind: 'violation', rule: 'WatchBeforeData' });
  });

  it('forgives what a session did before it watched, and what a stream that ended missed', () => {
    const ended = good.watches.map((watch) => ({
      ...watch,
      endedAt: 0,
      deliveries: watch.deliveries.slice(0, 1),
    }));
    expect(checkWatches({ ...good, watches: ended })).toEqual({ kind: 'valid' });
  });
});

function spoilt(stream: number, spoil: (batches: WatchBatch[]) => WatchBatch[]): WatchedRun {
  const watches = good.watches.map((watch, at) => {
    if (at !== stream) return watch;
    const batches = spoil(watch.batches.map(({ batch }) => batch));
    return { ...watch, batches: batches.map((batch, position) => ({ at: position, batch })) };
  });
  return { ...good, watches };
}

function edit(at: number, change: (batch: WatchBatch) => Partial<WatchBatch>) {
  return (all: WatchBatch[]): WatchBatch[] =>
    all.map((batch, position) => (position === at ? { ...batch, ...change(batch) } : batch));
}

function editEvent(at: number, change: Partial<WatchEvent>) {
  return edit(at, ({ events: [first, ...rest] }) => ({
    events: [{ ...(first ?? never()), ...change }, ...rest],
  }));
}

function swap(all: WatchBatch[], first: number, second: number): WatchBatch[] {
  return all.map((batch, at) => (at === first ? all[second] : at === second ? all[first] : batch) ?? never());
}

/** The same events, as if the next command had made them, which was about another path. */
function later(batch: WatchBatch = never()): WatchBatch {
  return { ...batch, zxid: batch.zxid + 1 };
}

function tear(all: WatchBatch[], at: number): WatchBatch[] {
  const batch = all[at] ?? never();
  const first = { ...batch, events: batch.events.slice(0, 1) };
  // The first part alone would be flagged as incomplete: here it is complete, and the rest follows again.
  return all.toSpliced(at, 1, batch, first);
}

async function pullAll(stream: WatchStream): Promise<void> {
  for await (const { events } of stream) {
    if (events.some(({ path, value }) => path === '/w/a' && value === 4)) return;
  }
}

function never(): never {
  throw new TypeError('the test lost its footing');
}
