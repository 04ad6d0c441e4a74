/**
 * A log that is cut short all the time: whoever missed too much is brought up by a snapshot, and its sessions,
 * watches and answers go on as if nothing had been (semantics.md, Watches; reliability.md 1.3).
 */
import { op, type Limits, type Peer, type Session } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { openEnsemble, type Ensemble } from './ensemble.ts';
import { collect } from './watching.ts';

const tiny: Partial<Limits> = { snapshotAfterEntries: 20, logEntriesKept: 5, snapshotChunkBytes: 256 };

/** Writes one entry after the other, until the leader has cut its log behind what `peer` has. */
async function outrun(ensemble: Ensemble, writer: Session, peer: Peer): Promise<number> {
  const { lastIndex } = peer.status().positions;
  const among = ensemble.ids.filter((id) => id !== peer.id);
  const leader = await ensemble.leader(among);
  let writes = 0;
  await writer.create('/busy', 0, { ifAbsent: true });
  while (writes < 60 || leader.status().positions.firstIndex <= lastIndex + 1) {
    writes += 1;
    await writer.set('/busy', writes);
  }
  return writes;
}

async function leaderAndFollowers(ensemble: Ensemble): Promise<[leader: Peer, one: Peer, two: Peer]> {
  const leader = await ensemble.leader();
  const [one, two] = ensemble.peers.filter((peer) => peer !== leader);
  if (one === undefined || two === undefined) throw new RangeError('two followers');
  return [leader, one, two];
}

describe('a peer that was cut off for longer than the log is kept', () => {
  test('catches up by a snapshot; its session, its watch and its waiting write go on', async () => {
    await using ensemble = await openEnsemble({ size: 3, limits: tiny });
    const [leader, cut] = await leaderAndFollowers(ensemble);
    const session = await ensemble.session(cut.id, { timeoutMs: 7_900 });
    const writer = await ensemble.session(leader.id, { timeoutMs: 7_900 });
    await writer.create('/busy', 0);
    await session.create('/mine', 'own', { kind: 'ephemeral' });
    await session.sync();
    const watch = collect(session.watch('/busy'));
    await watch.batches(1);
    ensemble.network.isolate(cut.id);
    const writes = await outrun(ensemble, writer, cut);
    const waiting = session.create('/waited', 0);
    const before = cut.status().positions;
    ensemble.heal();

    expect((await waiting).created).toBe(true);
    const seen = await watch.batches(writes + 1);
    expect(seen.map(({ events }) => events.map(({ value }) => value))).toEqual(
      Array.from({ length: writes + 1 }, (_, at) => [at]),
    );
    expect(seen.slice(1).map(({ events }) => events[0]?.previous)).toEqual(
      Array.from({ length: writes }, (_, at) => at),
    );
    expect(cut.status().positions.snapshotIndex).toBeGreaterThan(before.lastIndex);
    expect(session.state).toBe('connected');
    expect(await session.ephemerals()).toEqual(['/mine']);
    await writer.set('/busy', 'after');
    expect((await watch.batches(writes + 2)).at(-1)?.events[0]?.value).toBe('after');
    await ensemble.agree();
  });

  test('gets its answers from the snapshot when they were lost on their way', async () => {
    await using ensemble = await openEnsemble({ size: 3, limits: tiny });
    const [leader, deaf, other] = await leaderAndFollowers(ensemble);
    const session = await ensemble.session(deaf.id, { timeoutMs: 7_900 });
    const writer = await ensemble.session(leader.id, { timeoutMs: 7_900 });
    await writer.multi([op.create('/counter', 0), op.create('/names')]);
    await session.sync();
    // It still speaks: its writes are committed, but it hears of nothing.
    for (const { id } of [leader, other]) ensemble.network.cut(id, deaf.id, { oneWay: true });
    const answers = Promise.all([
      session.increment('/counter'),
      session.create('/names/n-', 'first', { sequential: true }),
      session.increment('/counter'),
    ]);
    await ensemble.until('the writes to be committed', () => leader.tree.get('/counter')?.value === 2);
    await outrun(ensemble, writer, deaf);
    await writer.create('/names/n-', 'second', { sequential: true });
    ensemble.heal();
    const [first, created, second] = await answers;
    expect([first, created.path, second]).toEqual([1, '/names/n-0000000000', 2]);
    await ensemble.agree();
    expect(deaf.tree.children('/names')).toEqual(['n-0000000000', 'n-0000000001']);
    expect(deaf.tree.get('/counter')?.value).toBe(2);
  });

  test('is told COMPACTED by its watch when the history does not reach back so far', async () => {
    await using ensemble = await openEnsemble({ size: 3, limits: { ...tiny, historyChangesMax: 10 } });
    const [leader, cut] = await leaderAndFollowers(ensemble);
    const session = await ensemble.session(cut.id, { timeoutMs: 7_900 });
    const writer = await ensemble.session(leader.id, { timeoutMs: 7_900 });
    await writer.create('/busy', 0);
    await session.sync();
    const watch = collect(session.watch('/busy'));
    await watch.batches(1);
    ensemble.network.isolate(cut.id);
    await outrun(ensemble, writer, cut);
    ensemble.heal();

    expect(await watch.failure()).toMatchObject({
      code: 'COMPACTED',
      details: { oldestZxid: expect.any(Number) },
    });
    expect(watch.seen).toHaveLength(1);
    await session.sync();
    const tooOld = collect(session.watch('/busy', { from: watch.seen[0]?.zxid ?? 0 }));
    const { details } = (await tooOld.failure()) as { details: { oldestZxid: number } };
    const resumed = collect(session.watch('/busy', { from: details.oldestZxid }));
    const values = (await resumed.batches(10)).map(({ events }) => events[0]?.value as number);
    expect(values).toEqual(Array.from({ length: 10 }, (_, at) => (values[0] ?? 0) + at));
    expect(session.state).toBe('connected');
    await ensemble.agree();
  });

  test('catches up although frames are lost, doubled and reordered on their way', async () => {
    await using ensemble = await openEnsemble({
      size: 3,
      seed: 61,
      limits: { ...tiny, snapshotChunkBytes: 1_024 },
    });
    const [leader, cut] = await leaderAndFollowers(ensemble);
    const writer = await ensemble.session(leader.id, { timeoutMs: 7_900 });
    await fill(writer, 100);
    ensemble.network.isolate(cut.id);
    await outrun(ensemble, writer, cut);
    const before = cut.status().positions;
    ensemble.heal();
    ensemble.disturb({ drop: 0.1, duplicate: 0.2, delay: 0.3 });
    await ensemble.until(
      'the snapshot to be there',
      () => cut.status().positions.snapshotIndex > before.lastIndex,
    );
    ensemble.heal();
    await ensemble.agree();
    expect(cut.status().znodesCount).toBe(leader.status().znodesCount);
  });

  test.each([1, 4, 10, 25])(
    'catches up when the leader dies after %i turns of the transfer',
    async (turns) => {
      await using ensemble = await openEnsemble({ size: 3, limits: tiny });
      const [leader, cut, other] = await leaderAndFollowers(ensemble);
      const writer = await ensemble.session(other.id, { timeoutMs: 7_900 });
      await fill(writer, 100);
      ensemble.network.isolate(cut.id);
      await outrun(ensemble, writer, cut);
      const before = cut.status().positions;
      ensemble.heal();
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      await ensemble.kill(leader.id);
      const next = await ensemble.leader();
      await writer.set('/busy', 'by the next leader');
      await ensemble.agree();
      expect(cut.tree.get('/busy')?.value).toBe('by the next leader');
      expect(cut.status().positions.snapshotIndex).toBeGreaterThan(before.lastIndex);
      expect(next.status().znodesCount).toBe(cut.status().znodesCount);
      await ensemble.start(leader.id);
      await ensemble.agree();
    },
  );
});

test('peers that restart from their snapshots are what they were, sessions and answers included', async () => {
  await using ensemble = await openEnsemble({ size: 3, limits: tiny });
  const session = await ensemble.session('a', { timeoutMs: Infinity });
  await fill(session, 50);
  for (let turn = 1; turn <= 100; turn += 1) await session.set('/busy', turn, { create: true });
  await session.create('/mine', 'own', { kind: 'ephemeral' });
  await ensemble.agree();
  const { zxid, znodesCount } = ensemble.peer('a').status();
  for (const peer of ensemble.peers) expect(peer.status().positions.firstIndex).toBeGreaterThan(50);
  await Promise.all(ensemble.ids.map((id) => ensemble.kill(id)));
  await Promise.all(ensemble.ids.map((id) => ensemble.start(id)));
  await ensemble.leader();
  await Promise.all(ensemble.peers.map((peer) => peer.ready()));
  await ensemble.agree();
  expect(ensemble.peer('b').status()).toMatchObject({ zxid, znodesCount });
  expect(ensemble.peer('b').tree.get('/fill-49')?.value).toBe('value 49 '.repeat(5));
  const again = await ensemble.session('c', { resume: { id: session.id, secret: session.secret } });
  expect(await again.increment('/busy')).toBe(101);
  expect(await again.ephemerals()).toEqual(['/mine']);
});

/** So many znodes that a snapshot has many chunks. */
async function fill(session: Session, count: number): Promise<void> {
  const znodes = Array.from({ length: count }, (_, at) => op.create(`/fill-${at}`, `value ${at} `.repeat(5)));
  await session.multi(znodes);
}
