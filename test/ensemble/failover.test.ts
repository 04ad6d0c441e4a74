/**
 * The end of a leader: its connections break, or it leaves with a word. Election time-outs are far beyond the
 * patience of these tests where a broken connection alone must be enough.
 */
import type { Peer } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { heartbeatMs, openEnsemble, type Ensemble } from './ensemble.ts';
import { collect } from './watching.ts';

/** Nothing that happens in these tests waits for such a time-out. */
const neverByTimeout = { heartbeatMs: 20, electionTimeoutMs: 60_000 };

async function leaderAndOther(ensemble: Ensemble): Promise<{ leader: Peer; other: Peer }> {
  const leader = await ensemble.leader();
  const other = ensemble.peers.find((peer) => peer !== leader);
  if (other === undefined) throw new RangeError('another peer');
  return { leader, other };
}

describe('a leader whose process dies', () => {
  test.each([3, 5] as const)('is followed by another without a time-out (ensemble of %i)', async (size) => {
    await using ensemble = await openEnsemble({ size, timing: neverByTimeout });
    const { leader, other } = await leaderAndOther(ensemble);
    const session = await ensemble.session(other.id, { timeoutMs: 7_000 });
    await session.create('/x', 0);
    const write = session.increment('/x');
    await ensemble.kill(leader.id);
    const afterwards = session.increment('/x');
    const next = await ensemble.leader();
    expect(next.id).not.toBe(leader.id);
    expect([await write, await afterwards]).toEqual([1, 2]);
    expect(session.signal.aborted).toBe(false);
    expect(session.state).toBe('connected');
    await ensemble.agree();
  });

  test('takes its sessions with it: their ephemerals vanish everywhere in one step, and a watch sees that', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const { leader, other } = await leaderAndOther(ensemble);
    const doomed = await ensemble.session(leader.id, { timeoutMs: 400 });
    const witness = await ensemble.session(other.id, { timeoutMs: 7_000 });
    await witness.create('/members');
    await Promise.all(
      ['x', 'y', 'z'].map((name) => doomed.create(`/members/${name}`, name, { kind: 'ephemeral' })),
    );
    await doomed.create('/members/stays', 'persistent');
    await witness.sync();
    const watch = collect(witness.watch('/members', { scope: 'children' }));
    const killedAt = performance.now();
    await ensemble.kill(leader.id);
    const endedAs = doomed.state;

    const [snapshot, gone] = await watch.batches(2);
    // The next leader grants it its whole time-out.
    expect(performance.now() - killedAt).toBeGreaterThan(400);
    expect(endedAs).toBe('closed');
    expect(snapshot?.events.map((event) => event.path)).toEqual(
      ['stays', 'x', 'y', 'z'].map((name) => `/members/${name}`),
    );
    expect(gone?.events.map(({ kind, path, previous }) => [kind, path, previous])).toEqual(
      ['x', 'y', 'z'].map((name) => ['deleted', `/members/${name}`, name]),
    );
    await ensemble.agree();
    for (const peer of ensemble.peers) {
      expect(peer.tree.children('/members')).toEqual(['stays']);
      expect(peer.sessions().map(({ id }) => id)).toEqual([witness.id]);
    }
  });

  test('leaves sessions on other peers their full time-out: none expires, their ephemerals stay', async () => {
    await using ensemble = await openEnsemble({ size: 5 });
    const { leader } = await leaderAndOther(ensemble);
    const survivors = ensemble.ids.filter((id) => id !== leader.id);
    const sessions = await Promise.all(survivors.map((id) => ensemble.session(id, { timeoutMs: 1_000 })));
    await Promise.all(sessions.map((session, at) => session.create(`/e${at}`, at, { kind: 'ephemeral' })));
    await ensemble.kill(leader.id);
    const second = await ensemble.leader();
    await ensemble.kill(second.id);
    await ensemble.leader();
    const alive = sessions.filter((_, at) => survivors[at] !== second.id);
    for (let turn = 0; turn < 3; turn += 1) await Promise.all(alive.map((session) => session.sync()));
    expect(alive.map((session) => session.signal.aborted)).toEqual([false, false, false]);
    expect(alive.map((session) => session.state)).toEqual(['connected', 'connected', 'connected']);
    await ensemble.agree();
  });
});

describe('a leader that leaves', () => {
  test('hands leadership on and closes its sessions; nobody waits for a time-out', async () => {
    await using ensemble = await openEnsemble({ size: 3, timing: neverByTimeout });
    const { leader, other } = await leaderAndOther(ensemble);
    const leaving = await ensemble.session(leader.id, { timeoutMs: 60_000 });
    await leaving.create('/mine', 0, { kind: 'ephemeral' });
    const staying = await ensemble.session(other.id, { timeoutMs: 60_000 });
    const last = leaving.create('/last', 'word');
    await ensemble.closeGracefully(leader.id);
    expect((await last).created).toBe(true);
    expect(leaving.state).toBe('closed');
    expect((await ensemble.leader()).id).not.toBe(leader.id);
    expect(await staying.exists('/mine', { consistency: 'linearizable' })).toBeUndefined();
    expect(await staying.exists('/last')).toBeDefined();
    expect(other.sessions().map(({ id }) => id)).toEqual([staying.id]);
    await ensemble.agree();
  });

  test('is bounded in time also without a majority', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const { leader } = await leaderAndOther(ensemble);
    await ensemble.session(leader.id, { timeoutMs: 60_000 });
    ensemble.network.isolate(leader.id);
    await ensemble.closeGracefully(leader.id);
    expect(ensemble.isRunning(leader.id)).toBe(false);
  });
});

describe('leadership', () => {
  test('goes where it is sent, under load and without losing a write', async () => {
    await using ensemble = await openEnsemble({ size: 3, timing: neverByTimeout });
    const session = await ensemble.session('a', { timeoutMs: 7_000 });
    await session.create('/counter', 0);
    let answered = 0;
    const over = new AbortController();
    const load = (async () => {
      while (!over.signal.aborted) {
        await Promise.all(Array.from({ length: 10 }, () => session.increment('/counter')));
        answered += 10;
      }
    })();
    for (const to of ['b', 'c', 'a', 'c']) {
      const leader = await ensemble.leader();
      if (leader.id === to) continue;
      await leader.transferLeadership(to);
      expect((await ensemble.leader()).id).toBe(to);
    }
    const before = await ensemble.leader();
    await before.transferLeadership();
    expect((await ensemble.leader()).id).not.toBe(before.id);
    over.abort();
    await load;
    await ensemble.agree();
    expect(ensemble.peer('a').tree.get('/counter')?.value).toBe(answered);
  });

  test('is handed on only by the leader, and only to a voter', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const { leader, other } = await leaderAndOther(ensemble);
    await expect(other.transferLeadership(other.id)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(leader.transferLeadership('nobody')).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    await leader.transferLeadership(leader.id);
    expect(leader.role).toBe('leader');
  });

  test('does not go to a voter that is not within reach, and the ensemble goes on', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const { leader, other } = await leaderAndOther(ensemble);
    const session = await ensemble.session(leader.id);
    ensemble.network.isolate(other.id);
    const written = session.create('/x');
    await expect(leader.transferLeadership(other.id)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await written;
    await session.create('/y');
    ensemble.heal();
    await ensemble.agree();
  });
});

test('after a failover status() tells positions and the terms of the timing model', async () => {
  await using ensemble = await openEnsemble({ size: 3 });
  const { leader, other } = await leaderAndOther(ensemble);
  const session = await ensemble.session(other.id, { timeoutMs: 7_000 });
  await ensemble.kill(leader.id);
  const next = await ensemble.leader();
  await Promise.all(ensemble.peers.map((peer) => peer.ready()));
  for (let turn = 0; turn < 5; turn += 1) await session.create(`/n${turn}`);
  await ensemble.agree();

  const { timings, positions, zxid, members, term } = next.status();
  expect(term).toBeGreaterThan(1);
  expect(timings.electionModelMs).toBe((3 * heartbeatMs) / 2);
  expect(timings.electionMs).toBeGreaterThan(0);
  expect(timings.propagationMs).toBeGreaterThan(0);
  expect(timings.commitMs).toBeGreaterThan(0);
  expect(timings.syncMs).toBe((timings.electionMs ?? 0) + (timings.propagationMs ?? 0));
  expect(timings.consistencyMs).toBe((timings.syncMs ?? 0) + (timings.commitMs ?? 0));
  expect(positions.commitIndex).toBe(positions.appliedIndex);
  expect(positions.lastIndex).toBe(positions.commitIndex);
  expect(positions.durableIndex).toBeLessThanOrEqual(positions.commitIndex);
  expect(zxid).toBe(next.tree.zxid);
  await ensemble.until('the leader to see who is silent', () => {
    const health = next.status().members.map(({ id, isHealthy }) => [id, isHealthy]);
    return health.some(([id, isHealthy]) => id === leader.id && isHealthy === false);
  });
  expect(members.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});
