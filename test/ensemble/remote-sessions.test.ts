/**
 * Sessions without a replica (`connect`): the same Session, served by any peer, which moves when that peer is lost
 * (semantics.md, Sessions).
 */
import type { Peer, Session } from '@quorate/core';
import type { Clock, Random } from '@quorate/core/ports';
import { describe, expect, test } from 'vitest';
import { openEnsemble, type Ensemble } from './ensemble.ts';
import { collect } from './watching.ts';

async function serving(ensemble: Ensemble): Promise<Peer> {
  return await ensemble.until('a peer that serves', () =>
    ensemble.peers.find((peer) => peer.status().queues.servedSessions === 1),
  );
}

test('a session without a replica writes, reads, updates, watches and closes', async () => {
  await using ensemble = await openEnsemble({ size: 3 });
  const session = await ensemble.connect('x');
  await session.create('/x', { n: 1 });
  await session.create('/e', 0, { kind: 'ephemeral' });
  const watch = collect(session.watch<{ n: number }>('/x'));
  await watch.batches(1);
  await session.update<{ n: number }>('/x', (draft) => {
    draft.n += 1;
  });
  const [, changed] = await watch.batches(2);
  expect(changed?.events).toMatchObject([{ kind: 'changed', value: { n: 2 }, previous: { n: 1 } }]);
  expect(await session.getMany(['/x', '/none'])).toMatchObject([{ value: { n: 2 } }, undefined]);
  expect(await session.ephemerals()).toEqual(['/e']);
  expect(await session.list('/')).toMatchObject([{ name: 'e' }, { name: 'x' }]);
  await session.close();
  await ensemble.agree();
  expect(ensemble.peer('a').tree.stat('/e')).toBeUndefined();
  expect(ensemble.peer('a').status().queues.servedSessions).toBe(0);
});

test('a session whose peers die one after the other keeps its ephemerals, its order and its watch', async () => {
  await using ensemble = await openEnsemble({ size: 3 });
  const session = await ensemble.connect('x');
  await session.create('/counter', 0);
  await session.create('/e', 0, { kind: 'ephemeral' });
  const watch = collect(session.watch<number>('/counter'));
  await watch.batches(1);
  const results: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const calls = Array.from({ length: 50 }, () => session.increment('/counter'));
    const peer = await serving(ensemble);
    await ensemble.restart(peer.id);
    results.push(...(await Promise.all(calls)));
    await ensemble.leader();
  }
  const expected = Array.from({ length: 150 }, (_, at) => at + 1);
  expect(results).toEqual(expected);
  const batches = await watch.batches(151);
  expect(batches.flatMap(({ events }) => events.map(({ value }) => value))).toEqual([0, ...expected]);
  expect(await session.ephemerals()).toEqual(['/e']);
  await session.close();
});

/** Peers are tried in the order of their ids. */
const inOrder: Random = { u32: () => 0, bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) };

describe('a session without a replica, cut off', () => {
  test('from its peer goes on at another one, whether it is told so or not', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const session = await ensemble.connect('x', { random: inOrder });
    await session.create('/counter', 0);
    await session.create('/e', 0, { kind: 'ephemeral' });
    const watch = collect(session.watch<number>('/counter'));
    await watch.batches(1);
    const results: number[] = [];
    for (const silent of [false, true]) {
      const calls = Array.from({ length: 20 }, () => session.increment('/counter'));
      ensemble.network.cut('x', (await serving(ensemble)).id, { silent });
      results.push(...(await Promise.all(calls)));
      ensemble.heal();
    }
    const expected = Array.from({ length: 40 }, (_, at) => at + 1);
    expect(results).toEqual(expected);
    const batches = await watch.batches(41);
    expect(batches.flatMap(({ events }) => events.map(({ value }) => value))).toEqual([0, ...expected]);
    expect(await session.ephemerals()).toEqual(['/e']);
    await session.close();
  });

  test('together with its peer leaves it for one that has a leader', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const session = await ensemble.connect('x', { random: inOrder });
    await session.create('/x', 0);
    for (const other of ['b', 'c']) ensemble.network.cut('a', other);
    await session.set('/x', 1);
    expect(ensemble.peer('a').tree.get('/x')?.value).toBe(0);
    await ensemble.until('another peer to serve', () =>
      ['b', 'c'].some((id) => ensemble.peer(id).status().queues.servedSessions === 1),
    );
    ensemble.heal();
    await session.close();
  });

  test('never reads an older state at the next peer', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const session = await ensemble.connect('x', { random: inOrder, timeoutMs: 4_000 });
    await session.create('/x', 0);
    await ensemble.agree();
    for (const other of ['a', 'c']) ensemble.network.cut('b', other);
    await ensemble.leader(['a', 'c']);
    // Written by somebody else: an own write would make b wait in any case.
    await (await ensemble.session('c')).set('/x', 1);
    expect((await session.get('/x', { consistency: 'linearizable' })).value).toBe(1);
    expect(ensemble.peer('b').tree.get('/x')?.value).toBe(0);
    // It turns to b, which is behind and stays so.
    ensemble.network.cut('x', 'a', { silent: false });
    expect((await session.get('/x')).value).toBe(1);
    expect((await serving(ensemble)).id).toBe('c');
    ensemble.heal();
    await session.close();
  });

  test('from everybody is suspended, and connected again if that was not for too long', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const session = await ensemble.connect('x', { timeoutMs: 4_000 });
    await session.create('/e', 0, { kind: 'ephemeral' });
    const states: string[] = [];
    session.on('state', (state) => states.push(state));
    ensemble.network.isolate('x');
    await ensemble.until('the session to be suspended', () => session.state === 'suspended');
    const late = session.set('/e', 1);
    ensemble.heal();
    await late;
    await ensemble.until('the session to be connected', () => states.at(-1) === 'connected');
    expect(states).toEqual(['suspended', 'connected']);
    await session.close();
  });

  test('from everybody for too long has expired before anybody sees its ephemerals go', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const session = await ensemble.connect('x', { timeoutMs: 600 });
    await session.create('/e', 0, { kind: 'ephemeral' });
    // A peer that has not applied it yet must not count as one where it is gone.
    await ensemble.agree();
    let expiredAt = Number.POSITIVE_INFINITY;
    session.signal.addEventListener('abort', () => (expiredAt = performance.now()));
    ensemble.network.isolate('x');
    const goneAt = await ensemble.until('the ephemeral to be gone', () =>
      ensemble.peers.some((peer) => peer.tree.stat('/e') === undefined) ? performance.now() : undefined,
    );
    expect(expiredAt).toBeLessThanOrEqual(goneAt);
    expect(session.state).toBe('expired');
    await expect(session.get('/e')).rejects.toMatchObject({
      code: 'SESSION_EXPIRED',
      outcome: 'not-applied',
    });
  });
});

describe('a session without a replica', () => {
  test('expires when the event loop that uses it hangs, though its connection is open', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const hanging = hangingClock();
    const session = await ensemble.connect('x', { timeoutMs: 500, clock: hanging.clock });
    await session.create('/e', 0, { kind: 'ephemeral' });
    await ensemble.agree();
    hanging.hang();
    await ensemble.until('the ephemeral to be gone', () =>
      ensemble.peers.every((peer) => peer.tree.stat('/e') === undefined),
    );
    expect(session.state).toBe('expired');
  });

  test('is taken over by another process, and tells the earlier one', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const first = await ensemble.connect('x');
    await first.create('/e', 0, { kind: 'ephemeral' });
    const { id, secret } = first;
    const second = await ensemble.connect('y', { resume: { id, secret } });
    await ensemble.until('the first holder to hear of it', () => first.signal.aborted);
    expect(first.state).toBe('expired');
    expect(await second.increment('/e')).toBe(1);
    expect(await second.ephemerals()).toEqual(['/e']);
    await second.close();
  });

  test('is not opened with another secret, after its end, or where nobody answers', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const session = await ensemble.connect('x');
    const { id, secret } = session;
    await expect(ensemble.connect('y', { resume: { id, secret: new Uint8Array(16) } })).rejects.toMatchObject(
      {
        code: 'AUTH_FAILED',
      },
    );
    await session.close();
    await expect(ensemble.connect('y', { resume: { id, secret } })).rejects.toMatchObject({
      code: 'SESSION_CLOSED',
    });
    await expect(ensemble.connect('y', { peers: { nobody: '' }, deadlineMs: 100 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      details: { deadlineMs: 100 },
    });
    const leaving = new AbortController();
    const asked = ensemble.connect('y', { peers: { nobody: '' }, signal: leaving.signal });
    leaving.abort(new RangeError('left'));
    await expect(asked).rejects.toThrow('left');
  });

  test('is refused before anything is sent when its options make no sense', async () => {
    await using ensemble = await openEnsemble({ size: 1 });
    const wrong = [
      { peers: {} },
      { peers: { '': '' } },
      { peers: { a: 7 as unknown as string } },
      { ensemble: '' },
      { timeoutMs: 0 },
      { deadlineMs: -1 },
      { limits: { frameBytesMax: 0 } },
      { limits: { valueBytesMax: 1 } as object },
      { transport: {} as never },
      { resume: { id: 'x', secret: new Uint8Array(16) } },
    ];
    for (const options of wrong) {
      await expect(ensemble.connect('x', options)).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    }
    expect(ensemble.peer('a').sessions()).toEqual([]);
  });

  test('keeps a quiet watch although the history no longer reaches back to its last event', async () => {
    await using ensemble = await openEnsemble({ size: 3, limits: { historyChangesMax: 5 } });
    const session = await ensemble.connect('x');
    await session.create('/quiet', 0);
    await session.create('/busy', 0);
    const watch = collect(session.watch('/quiet'));
    await watch.batches(1);
    for (let turn = 0; turn < 20; turn += 1) await session.increment('/busy');
    ensemble.network.cut('x', (await serving(ensemble)).id, { silent: false });
    await session.set('/quiet', 1);
    expect((await watch.batches(2)).at(-1)?.events).toMatchObject([{ kind: 'changed', value: 1 }]);
    await session.close();
  });

  test('keeps its watches complete under load while peers come and go', async () => {
    await using ensemble = await openEnsemble({ size: 3, seed: 5 });
    const sessions = await Promise.all(
      ['x', 'y', 'z'].map((name) => ensemble.connect(name, { timeoutMs: 8_000 })),
    );
    const [first] = sessions;
    if (first === undefined) throw new RangeError('a session');
    await first.create('/counter', 0);
    // Elsewhere a watch could otherwise begin before the znode: with an empty snapshot, and its creation as an event.
    await ensemble.agree();
    const watches = sessions.map((session) => collect(session.watch<number>('/counter')));
    await Promise.all(watches.map((watch) => watch.batches(1)));
    const working = Promise.all(sessions.map(async (session) => await incrementOften(session)));
    for (let round = 0; round < 4; round += 1) {
      const victim = ensemble.ids[ensemble.random.below(3)] ?? 'a';
      await ensemble.restart(victim);
      await ensemble.leader();
    }
    const results = (await working).flat().sort((one, other) => one - other);
    const expected = Array.from({ length: results.length }, (_, at) => at + 1);
    expect(results).toEqual(expected);
    for (const watch of watches) {
      const batches = await watch.batches(expected.length + 1);
      expect(batches.flatMap(({ events }) => events.map(({ value }) => value))).toEqual([0, ...expected]);
    }
    await Promise.all(sessions.map((session) => session.close()));
  });
});

async function incrementOften(session: Session): Promise<number[]> {
  const results: number[] = [];
  for (let turn = 0; turn < 20; turn += 1) {
    results.push(...(await Promise.all(Array.from({ length: 10 }, () => session.increment('/counter')))));
  }
  return results;
}

/** Real time for an event loop that hangs: nothing calls back any more. */
function hangingClock(): { readonly clock: Clock; hang(): void } {
  const timers: NodeJS.Timeout[] = [];
  let hangs = false;
  return {
    clock: {
      now: () => performance.now(),
      wallNow: () => Date.now(),
      every(intervalMs, callback) {
        const timer = setInterval(callback, intervalMs);
        timers.push(timer);
        return { cancel: () => clearInterval(timer), keepAlive: () => undefined };
      },
      afterInput: (callback) => void setImmediate(() => hangs || callback()),
    },
    hang() {
      hangs = true;
      for (const timer of timers) clearInterval(timer);
    },
  };
}
