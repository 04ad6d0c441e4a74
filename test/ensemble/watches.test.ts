/**
 * What a watch may be relied on for, guarantee by guarantee (semantics.md, Watches; the names in brackets are
 * those of reliability.md 1.1: ordered, unique, atomic, reliable, resumable, previous value, kind, filter).
 */
import { op, type Session, type WatchBatch, type WatchEvent } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { openEnsemble, sessionKinds, type Ensemble } from './ensemble.ts';
import { SeededRandom } from './seeded-random.ts';
import { collect, type Watching } from './watching.ts';

const seedsAndKinds = [71, 72].flatMap((seed) => sessionKinds.map((kind) => ({ seed, kind })));

/** kind, path, value, previous: all that a test usually asks of an event. */
const brief = ({ kind, path, value, previous }: WatchEvent): unknown[] => [kind, path, value, previous];
const briefs = (batches: readonly WatchBatch[]): unknown[][] =>
  batches.map(({ events }) => events.map(brief));

async function withSession(ensemble: Ensemble): Promise<Session> {
  const session = await ensemble.session('a', { timeoutMs: 7_900 });
  await session.create('/w', 'root');
  return session;
}

describe.each(sessionKinds)('a watch (%s)', (kind) => {
  test('tells what happened as kind, value and value before (kind, previous value)', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 1 });
    const session = await withSession(ensemble);
    const watch = collect(session.watch('/w/x'));
    await session.create('/w/x', 1);
    await session.set('/w/x', 2);
    await session.delete('/w/x');
    await session.create('/w/x', 3);
    const [snapshot, ...changes] = await watch.batches(5);
    // A missing path may be watched.
    expect(snapshot).toMatchObject({ kind: 'snapshot', last: true, events: [] });
    expect(briefs(changes)).toEqual([
      [['created', '/w/x', 1, undefined]],
      [['changed', '/w/x', 2, 1]],
      [['deleted', '/w/x', undefined, 2]],
      [['created', '/w/x', 3, undefined]],
    ]);
    expect(changes.map(({ events }) => events[0]?.stat?.version)).toEqual([0, 1, 1, 0]);
    expect(changes.map(({ zxid, events }) => events[0]?.stat?.mzxid === zxid)).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  test('sees its scope and nothing else; a changed stat of the parent is no event (filter)', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 1 });
    const session = await withSession(ensemble);
    await session.create('/w/old', 'there');
    const [node, children, subtree] = (['node', 'children', 'subtree'] as const).map((scope) =>
      collect(session.watch('/w', { scope })),
    );
    if (node === undefined || children === undefined || subtree === undefined) throw new RangeError('three');
    await session.create('/w/new', 1);
    await session.create('/w/new/deep', 2);
    await session.set('/w/new', 3);
    await session.set('/w', 'changed');
    await session.create('/other', 0);
    await session.delete('/w', { recursive: true });

    const created = [['created', '/w/new', 1, undefined]];
    const deep = [['created', '/w/new/deep', 2, undefined]];
    const set = [['changed', '/w/new', 3, 1]];
    const root = [['changed', '/w', 'changed', 'root']];
    expect(briefs(await node.batches(3))).toEqual([
      [['present', '/w', 'root', undefined]],
      root,
      [['deleted', '/w', undefined, 'changed']],
    ]);
    const [listed, ...childChanges] = briefs(await children.batches(4));
    expect(listed).toEqual([['present', '/w/old', 'there', undefined]]);
    expect(childChanges.slice(0, 2)).toEqual([created, set]);
    expect(new Set(childChanges[2]?.map(String))).toEqual(
      new Set(['deleted,/w/new,,3', 'deleted,/w/old,,there']),
    );
    const [all, ...below] = briefs(await subtree.batches(6));
    expect(all).toHaveLength(2);
    expect(below.slice(0, 4)).toEqual([created, deep, set, root]);
    expect(below[4]).toHaveLength(4);
  });

  test('gets a multi as one batch with one event for each operation, none merged (atomic)', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const session = await withSession(ensemble);
    const watches = await watchEverywhere(ensemble, '/w');
    await session.multi([
      op.create('/w/x', 1),
      op.set('/w/x', 2),
      op.set('/w/x', 3),
      op.create('/elsewhere'),
      op.delete('/w/x'),
      op.create('/w/x', 4),
    ]);
    await expect(session.multi([op.set('/w/x', 'never'), op.check('/w/x', 99)])).rejects.toMatchObject({
      code: 'BAD_VERSION',
    });
    await session.set('/w/x', 5);
    for (const watch of watches) {
      expect(briefs((await watch.batches(3)).slice(1))).toEqual([
        [
          ['created', '/w/x', 1, undefined],
          ['changed', '/w/x', 2, 1],
          ['changed', '/w/x', 3, 2],
          ['deleted', '/w/x', undefined, 3],
          ['created', '/w/x', 4, undefined],
        ],
        [['changed', '/w/x', 5, 4]],
      ]);
    }
  });

  test('is registered at the call, in the order of the session', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const [follower] = await ensemble.followers();
    const session = await ensemble.session(follower?.id ?? 'a');
    const watches: Watching[] = [];
    const writes = [session.create('/x', 0)];
    for (let value = 1; value <= 5; value += 1) {
      watches.push(collect(session.watch('/x')));
      writes.push(session.set('/x', value) as never);
    }
    await Promise.all(writes);
    for (const [at, watch] of watches.entries()) {
      const values = (await watch.batches(6 - at)).map(({ events }) => events[0]?.value);
      expect(values).toEqual(Array.from({ length: 6 - at }, (_, each) => at + each));
    }
  });

  test('has an event in its queue before the write or the read that shows it settles', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const [follower, other] = await ensemble.followers();
    const writer = await ensemble.session(other?.id ?? 'a');
    await writer.create('/x', 0);
    const session = await ensemble.session(follower?.id ?? 'a');
    await session.sync();
    const batches = session.watch('/x')[Symbol.asyncIterator]();
    await batches.next();
    for (let value = 1; value <= 20; value += 1) {
      let seen: unknown;
      void batches.next().then((result) => (seen = result.value?.events[0]?.value));
      if (value % 2 === 0) await session.set('/x', value);
      else {
        await writer.set('/x', value);
        await session.sync();
      }
      expect(seen).toBe(value);
    }
  });

  test('begins with a snapshot in pages, of which only the last one says so', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const session = await withSession(ensemble);
    for (let batch = 0; batch < 5; batch += 1) {
      await session.multi(Array.from({ length: 500 }, (_, at) => op.create(`/w/n${batch}-${at}`, at)));
    }
    const watch = collect(session.watch('/w', { scope: 'children' }));
    await session.create('/w/after');
    const [first, second, third, change] = await watch.batches(4);
    expect([first, second, third].map((page) => [page?.kind, page?.last, page?.events.length])).toEqual([
      ['snapshot', false, 1_000],
      ['snapshot', false, 1_000],
      ['snapshot', true, 500],
    ]);
    expect(new Set([first?.zxid, second?.zxid, third?.zxid]).size).toBe(1);
    const paths = [first, second, third].flatMap((page) => page?.events.map(({ path }) => path) ?? []);
    expect(paths).toEqual([...new Set(paths)].sort());
    expect(change).toMatchObject({ kind: 'changes', last: true, events: [{ path: '/w/after' }] });
  });
});

describe.each(seedsAndKinds)(
  'watches of the same path on all peers (seed $seed, $kind)',
  ({ seed, kind }) => {
    test('see every change once, in one order, through lost frames and changes of leader (ordered, unique, reliable)', async () => {
      await using ensemble = await openEnsemble({ sessions: kind, size: 3, seed });
      const session = await withSession(ensemble);
      const watches = await watchEverywhere(ensemble, '/w');
      ensemble.disturb({ drop: 0.1, duplicate: 0.2, delay: 0.2 });
      const random = new SeededRandom(seed);
      const writers = await Promise.all(ensemble.ids.map((id) => ensemble.session(id, { timeoutMs: 7_900 })));
      for (let round = 0; round < 4; round += 1) {
        if (round % 2 === 1) {
          const leader = await ensemble.leader();
          ensemble.network.isolate(leader.id);
          await ensemble.until('a change of leader', () =>
            ensemble.peers.some((peer) => peer.role === 'leader' && peer !== leader),
          );
          ensemble.network.heal();
        }
        await Promise.all(writers.map((writer) => scribble(writer, random)));
      }
      ensemble.heal();
      await session.set('/w', 'the end');
      await ensemble.agree();
      const whole = await Promise.all(watches.map((watch) => untilTheEnd(watch)));
      const [reference = []] = whole;
      for (const seen of whole) expect(seen).toEqual(reference);
      checkHistory(reference, ensemble.peer('a').tree);
    });
  },
);

describe.each(sessionKinds)('a watch that resumes (%s)', (kind) => {
  test('goes on just after its zxid, on any peer, without a snapshot (resumable)', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const session = await withSession(ensemble);
    const watch = collect(session.watch('/w', { scope: 'subtree' }));
    for (let value = 0; value < 10; value += 1) await session.create(`/w/n${value}`, value);
    const seen = await watch.batches(11);
    const { id, secret } = session;
    const moved = await ensemble.session('c', { resume: { id, secret } });
    for (const [at, { zxid }] of seen.entries()) {
      const rest = seen.slice(at + 1);
      const again = collect(moved.watch('/w', { scope: 'subtree', from: zxid }));
      expect(await again.batches(rest.length)).toEqual(rest);
      again.close();
    }
  });

  test('waits on a peer that is not there yet', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const [behind, other] = await ensemble.followers();
    if (behind === undefined || other === undefined) throw new RangeError('two followers');
    const writer = await ensemble.session(other.id, { timeoutMs: 7_900 });
    const reader = await ensemble.session(behind.id, { timeoutMs: 7_900 });
    await writer.create('/x', 0);
    await ensemble.agree();
    ensemble.network.isolate(behind.id);
    const { mzxid } = await writer.set('/x', 1);
    await writer.set('/x', 2);
    const watch = collect(reader.watch('/x', { from: mzxid }));
    expect(behind.tree.get('/x')?.value).toBe(0);
    expect(watch.seen).toEqual([]);
    ensemble.heal();
    expect(briefs(await watch.batches(1))).toEqual([[['changed', '/x', 2, 1]]]);
  });

  test('from before the history that is kept is told where that begins', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3, limits: { historyChangesMax: 5 } });
    const session = await ensemble.session('b');
    const { stat } = await session.create('/x', 0);
    for (let value = 1; value <= 10; value += 1) await session.set('/x', value);
    const tooOld = collect(session.watch('/x', { from: stat.czxid }));
    const failure = (await tooOld.failure()) as { code: string; details: { oldestZxid: number } };
    expect(failure.code).toBe('COMPACTED');
    const { oldestZxid } = failure.details;
    const watch = collect(session.watch('/x', { from: oldestZxid }));
    expect((await watch.batches(5)).map(({ events }) => events[0]?.value)).toEqual([6, 7, 8, 9, 10]);
    const justTooOld = collect(session.watch('/x', { from: oldestZxid - 1 }));
    expect(await justTooOld.failure()).toMatchObject({ code: 'COMPACTED', details: { oldestZxid } });
  });
});

describe.each(sessionKinds)('a watch whose consumer does not keep up (%s)', (kind) => {
  test('delivers what was queued, then fails with WATCH_OVERFLOW', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 1 });
    const session = await withSession(ensemble);
    const stream = session.watch('/w', { queueMax: 3 })[Symbol.asyncIterator]();
    for (let value = 1; value <= 4; value += 1) await session.set('/w', value);
    const seen: unknown[] = [];
    for (let turn = 0; turn < 4; turn += 1) seen.push((await stream.next()).value?.events[0]?.value);
    expect(seen).toEqual(['root', 1, 2, 3]);
    await expect(stream.next()).rejects.toMatchObject({ code: 'WATCH_OVERFLOW', retryable: true });
    expect((await stream.next()).done).toBe(true);
  });

  test('or begins again with a snapshot that has all of it, and goes on without a gap', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 1 });
    const session = await withSession(ensemble);
    const stream = session.watch('/w', { queueMax: 3, overflow: 'resync' })[Symbol.asyncIterator]();
    await stream.next();
    for (let value = 1; value <= 10; value += 1) await session.set('/w', value);
    const next = await stream.next();
    expect(next.value).toMatchObject({
      kind: 'snapshot',
      last: true,
      events: [{ kind: 'present', value: 10 }],
    });
    await session.set('/w', 11);
    expect((await stream.next()).value).toMatchObject({
      kind: 'changes',
      events: [{ value: 11, previous: 10 }],
    });
  });
});

/** One subtree watch on each peer, each with its snapshot already there. */
async function watchEverywhere(ensemble: Ensemble, path: string): Promise<readonly Watching[]> {
  const sessions = await Promise.all(ensemble.ids.map((id) => ensemble.session(id, { timeoutMs: 7_900 })));
  await Promise.all(sessions.map((session) => session.sync()));
  const watches = sessions.map((session) => collect(session.watch(path, { scope: 'subtree' })));
  await Promise.all(watches.map((watch) => watch.batches(1)));
  return watches;
}

/** A few changes of all kinds; what fails because another session was faster does not matter. */
async function scribble(session: Session, random: SeededRandom): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) {
    const path = `/w/${random.below(4)}`;
    const calls: Promise<unknown>[] = [
      session.set(path, random.below(1_000), { create: true }),
      session.multi([op.set(path, 'first'), op.set(path, 'second'), op.delete(path)]),
      session.delete(path, { ifExists: true }),
      session.create(`${path}-`, session.id, { sequential: true }),
    ];
    await Promise.allSettled(calls);
  }
}

async function untilTheEnd(watch: Watching): Promise<readonly WatchBatch[]> {
  for (let count = 1; ; count += 1) {
    const batches = await watch.batches(count);
    if (batches.at(-1)?.events.some(({ value }) => value === 'the end') === true) {
      return batches.slice(1);
    }
  }
}

/** The events are a possible history, and they lead to the tree as it is. */
function checkHistory(
  batches: readonly WatchBatch[],
  tree: {
    children(path: string): readonly string[];
    get(path: string): { readonly value: unknown } | undefined;
  },
): void {
  const state = new Map<string, unknown>([['/w', 'root']]);
  let zxid = 0;
  for (const batch of batches) {
    expect(batch.zxid).toBeGreaterThan(zxid);
    zxid = batch.zxid;
    for (const { kind, path, value, previous } of batch.events) {
      expect(previous, `the value of ${path} before ${zxid}`).toEqual(state.get(path));
      expect(kind === 'created').toBe(!state.has(path));
      if (kind === 'deleted') state.delete(path);
      else state.set(path, value);
    }
  }
  const names = tree.children('/w').map((name) => `/w/${name}`);
  expect([...state.keys()].sort()).toEqual(['/w', ...names].sort());
  for (const path of names) expect(tree.get(path)?.value).toEqual(state.get(path));
}
