/**
 * How sessions live and end: what keeps them, who may end them, what goes with them, and how they move to
 * another peer (semantics.md, Sessions).
 */
import { describe, expect, test } from 'vitest';
import { openEnsemble, sessionKinds, stays, type Ensemble } from './ensemble.ts';
import { collect } from './watching.ts';

/** Long enough to be kept alive through an election, short enough to wait for. */
const shortMs = 600;

const existsAt = (ensemble: Ensemble, path: string): boolean[] =>
  ensemble.peers.map((peer) => peer.tree.stat(path) !== undefined);

describe.each(sessionKinds)('a session (%s)', (kind) => {
  test('lives as long as its peer says so, however idle it is, and its ephemerals with it', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const sessions = await Promise.all(
      ensemble.ids.map((id) => ensemble.session(id, { timeoutMs: shortMs })),
    );
    await Promise.all(sessions.map((session, at) => session.create(`/e${at}`, at, { kind: 'ephemeral' })));
    await ensemble.agree();
    // A busy machine may suspend one for a moment; it must not end.
    await stays('every session is alive and every ephemeral there', 2 * shortMs, () =>
      sessions.every(
        (session, at) => !session.signal.aborted && existsAt(ensemble, `/e${at}`).every(Boolean),
      ),
    );
    await ensemble.until('every session is connected', () =>
      sessions.every(({ state }) => state === 'connected'),
    );
    expect(ensemble.peer('a').sessions()).toHaveLength(3);
  });

  test('that is closed takes its ephemerals with it in one step, and other sessions see that', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const [mine, other] = [await ensemble.session('a'), await ensemble.session('b')];
    await mine.create('/m');
    await Promise.all(['x', 'y'].map((name) => mine.create(`/m/${name}`, name, { kind: 'ephemeral' })));
    await other.sync();
    const watch = collect(other.watch('/m', { scope: 'children' }));
    await watch.batches(1);
    await mine.close();
    await mine.close();
    const [, gone] = await watch.batches(2);
    expect(gone?.events.map((event) => [event.kind, event.path])).toEqual([
      ['deleted', '/m/x'],
      ['deleted', '/m/y'],
    ]);
    await expect(mine.get('/m')).rejects.toMatchObject({ code: 'SESSION_CLOSED', outcome: 'not-applied' });
    expect(mine.signal.reason).toMatchObject({ code: 'SESSION_CLOSED' });
    await ensemble.agree();
    expect(ensemble.peer('c').sessions()).toHaveLength(1);
  });

  test('is seen, and ended, by an operator on any peer', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const session = await ensemble.session('a', { timeoutMs: Infinity });
    await session.create('/mine', 0, { kind: 'ephemeral' });
    await ensemble.agree();
    expect(ensemble.peer('c').sessions()).toMatchObject([
      { id: session.id, timeoutMs: Infinity, ephemeralsCount: 1 },
    ]);
    await ensemble.peer('c').endSession(session.id);
    await ensemble.until('the session to hear of its end', () => session.signal.aborted);
    expect(session.state).toBe('closed');
    await expect(session.set('/mine', 1)).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    await ensemble.agree();
    expect(existsAt(ensemble, '/mine')).toEqual([false, false, false]);
    expect(ensemble.peer('b').sessions()).toEqual([]);
    await expect(ensemble.peer('b').endSession('0x7fffffff')).rejects.toMatchObject({
      code: expect.stringMatching(/SESSION_EXPIRED|BAD_ARGUMENTS/),
    });
  });
});

describe.each(sessionKinds)('a session that is cut off with its peer (%s)', (kind) => {
  test.each(['leader', 'follower'] as const)(
    'has expired by its own judgement before others see its ephemerals go (%s)',
    async (role) => {
      await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
      const leader = await ensemble.leader();
      const cut = role === 'leader' ? leader : ensemble.peers.find((peer) => peer !== leader);
      const rest = ensemble.peers.filter((peer) => peer !== cut);
      const session = await ensemble.session(cut?.id ?? '', { timeoutMs: shortMs });
      await session.create('/mine', 0, { kind: 'ephemeral' });
      await ensemble.agree();
      let expiredAt = Number.POSITIVE_INFINITY;
      session.signal.addEventListener('abort', () => (expiredAt = performance.now()));
      const states: string[] = [];
      session.on('state', (state) => states.push(state));

      ensemble.network.isolate(cut?.id ?? '');
      const goneAt = await ensemble.until('the ephemeral to be gone elsewhere', () =>
        rest.some((peer) => peer.tree.stat('/mine') === undefined) ? performance.now() : undefined,
      );
      expect(expiredAt).toBeLessThanOrEqual(goneAt);
      expect(session.state).toBe('expired');
      expect(states).toEqual(['suspended', 'expired']);
      expect(cut?.tree.stat('/mine')).toBeDefined();
      await expect(session.get('/mine')).rejects.toMatchObject({
        code: 'SESSION_EXPIRED',
        outcome: 'not-applied',
      });
      ensemble.heal();
      await ensemble.agree();
      expect(existsAt(ensemble, '/mine')).toEqual([false, false, false]);
    },
  );

  test('is not expired by a leader that was cut off itself, and goes on after the heal', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const leader = await ensemble.leader();
    const other = ensemble.peers.find((peer) => peer !== leader);
    const session = await ensemble.session(other?.id ?? '', { timeoutMs: 2_000 });
    await session.create('/mine', 0, { kind: 'ephemeral' });
    await ensemble.agree();
    for (let round = 0; round < 3; round += 1) {
      const old = await ensemble.leader();
      if (old.id === other?.id) await old.transferLeadership();
      const target = await ensemble.leader();
      ensemble.network.isolate(target.id);
      await ensemble.leader(ensemble.ids.filter((id) => id !== target.id));
      ensemble.heal();
      await session.sync();
    }
    expect(session.signal.aborted).toBe(false);
    await ensemble.agree();
    expect(existsAt(ensemble, '/mine')).toEqual([true, true, true]);
  });

  test('is suspended without a leader and connected with the next one', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const leader = await ensemble.leader();
    const [other, third] = ensemble.peers.filter((peer) => peer !== leader);
    const session = await ensemble.session(other?.id ?? '', { timeoutMs: 7_000 });
    const states: string[] = [];
    session.on('state', (state) => states.push(state));
    ensemble.network.isolate(leader.id);
    ensemble.network.cut(other?.id ?? '', third?.id ?? '');
    await ensemble.until('nobody to lead', () => other?.leader === undefined);
    await ensemble.until('the session to be suspended', () => states.includes('suspended'));
    expect(session.signal.aborted).toBe(false);
    ensemble.heal();
    await session.sync();
    await ensemble.until('the session to be connected', () => session.state === 'connected');
    expect(states).toEqual(['suspended', 'connected']);
  });
});

describe('a session that moves to another peer', () => {
  test('keeps ephemerals and order there, and is over where it was', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const first = await ensemble.session('a', { timeoutMs: Infinity });
    await first.create('/mine', 0, { kind: 'ephemeral' });
    const { id, secret } = first;
    const moved = await ensemble.session('b', { resume: { id, secret } });
    await ensemble.until('the old holder to hear of it', () => first.signal.aborted);
    expect(first.state).toBe('expired');
    await expect(first.set('/mine', 'old')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
    expect(moved).toMatchObject({ id, timeoutMs: Infinity, state: 'connected' });
    expect(await moved.increment('/mine')).toBe(1);
    expect(await moved.ephemerals()).toEqual(['/mine']);

    const back = await ensemble.session('a', { resume: { id, secret } });
    expect((await back.get('/mine')).value).toBe(1);
    expect(ensemble.peer('c').sessions()).toMatchObject([{ id, ephemeralsCount: 1 }]);
    await back.close();
    await expect(ensemble.session('c', { resume: { id, secret } })).rejects.toMatchObject({
      code: 'SESSION_CLOSED',
    });
    await ensemble.agree();
    expect(existsAt(ensemble, '/mine')).toEqual([false, false, false]);
  });

  test('is taken over from a peer that died, before it expires', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const leader = await ensemble.leader();
    const [other] = ensemble.peers.filter((peer) => peer !== leader);
    const session = await ensemble.session(leader.id, { timeoutMs: 3_000 });
    await session.create('/mine', 'kept', { kind: 'ephemeral' });
    await ensemble.kill(leader.id);
    const { id, secret } = session;
    const moved = await ensemble.session(other?.id ?? '', { resume: { id, secret } });
    expect((await moved.get('/mine')).value).toBe('kept');
    await stays('it lives on', 500, () => !moved.signal.aborted);
    await ensemble.until('it is connected', () => moved.state === 'connected');
  });

  test('needs its secret; one that has expired cannot be taken over', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const session = await ensemble.session('a', { timeoutMs: shortMs });
    const { id, secret } = session;
    const wrong = secret.map((byte) => byte ^ 1);
    await expect(ensemble.session('b', { resume: { id, secret: wrong } })).rejects.toMatchObject({
      code: 'AUTH_FAILED',
    });
    expect(session.state).toBe('connected');
    await ensemble.kill('a');
    await ensemble.until('the session to expire', () => ensemble.peer('b').sessions().length === 0);
    await expect(ensemble.session('b', { resume: { id, secret } })).rejects.toMatchObject({
      code: 'SESSION_EXPIRED',
    });
  });

  test('cuts off a holder that is still within its time-out but out of reach', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const [cut, other] = await ensemble.followers();
    const first = await ensemble.session(cut?.id ?? '', { timeoutMs: 7_000 });
    await first.create('/x', 0);
    await ensemble.agree();
    ensemble.network.isolate(cut?.id ?? '');
    const { id, secret } = first;
    const late = first.set('/x', 'of the old holder').catch((error: unknown) => error);
    const moved = await ensemble.session(other?.id ?? '', { resume: { id, secret } });
    await moved.set('/x', 'of the new holder');
    ensemble.heal();
    expect(await late).toMatchObject({ code: 'SESSION_EXPIRED' });
    await ensemble.agree();
    expect(cut?.tree.get('/x')?.value).toBe('of the new holder');
    expect(moved.state).toBe('connected');
  });
});
