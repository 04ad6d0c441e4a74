/**
 * Peers that come back: with their data, without it (amnesia), all at once. What was acknowledged stays, and
 * whoever has forgotten neither votes nor counts before it was admitted (semantics.md, Ensemble).
 */
import { describe, expect, test } from 'vitest';
import { openEnsemble, patienceMs } from './ensemble.ts';

describe('a peer that restarts on its storage', () => {
  test('keeps what it had and catches up with what it missed', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const [follower] = await ensemble.followers();
    const id = follower?.id ?? '';
    const session = await ensemble.session((await ensemble.leader()).id, { timeoutMs: 7_000 });
    await session.create('/before', 1);
    await ensemble.agree();
    const { incarnation } = ensemble.peer(id).status();
    await ensemble.kill(id);
    await session.create('/meanwhile', 2);
    const peer = await ensemble.start(id);
    expect(peer.status().incarnation).toBe(incarnation);
    await peer.ready();
    expect(peer.tree.get('/before')?.value).toBe(1);
    expect(peer.tree.get('/meanwhile')?.value).toBe(2);
    await ensemble.agree();
  });

  test('opens sessions of its own, although its log tells of those of its former life', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const former = await Promise.all(
      ['b', 'b', 'b'].map((id) => ensemble.session(id, { timeoutMs: Infinity })),
    );
    await ensemble.restart('b');
    // Not ready yet: the log is being applied while these calls wait.
    const sessions = await Promise.all(
      Array.from({ length: 3 }, (_, at) => ensemble.session('b', { timeoutMs: 3_000 + at })),
    );
    const ids = [...former, ...sessions].map((session) => session.id);
    expect(new Set(ids).size).toBe(6);
    expect(sessions.map((session) => session.timeoutMs)).toEqual([3_000, 3_001, 3_002]);
    await Promise.all(sessions.map((session, at) => session.create(`/own${at}`, at)));
    await Promise.all(sessions.map((session, at) => session.set(`/own${at}`, 'again')));
  });
});

test.each([1, 3, 5] as const)(
  'an ensemble of %i that restarts as a whole has everything that was acknowledged',
  async (size) => {
    await using ensemble = await openEnsemble({ size });
    const sessions = await Promise.all(
      ensemble.ids.map((id) => ensemble.session(id, { timeoutMs: Infinity })),
    );
    await sessions[0]?.create('/q');
    await Promise.all(sessions.map((session) => session.sync()));
    const names = await Promise.all(
      sessions.flatMap((session, at) =>
        [0, 1, 2].map((turn) => session.create('/q/n-', { at, turn }, { sequential: true })),
      ),
    );
    await sessions[0]?.create('/mine', 'lasting', { kind: 'ephemeral' });
    const { identity } = ensemble.peer('a').status();
    await Promise.all(ensemble.ids.map((id) => ensemble.kill(id)));
    await Promise.all(ensemble.ids.map((id) => ensemble.start(id)));
    await ensemble.leader();
    await Promise.all(ensemble.peers.map((peer) => peer.ready()));

    await ensemble.agree();
    for (const peer of ensemble.peers) {
      expect(peer.status().identity).toBe(identity);
      expect(peer.tree.children('/q')).toEqual(names.map(({ path }) => path.slice('/q/'.length)).sort());
      expect(peer.tree.get('/mine')?.value).toBe('lasting');
      expect(peer.sessions()).toHaveLength(size);
    }
    const [first] = sessions;
    if (first === undefined) throw new RangeError('a session');
    const resume = { id: first.id, secret: first.secret };
    const resumed = await ensemble.session(ensemble.ids.at(-1) ?? 'a', { resume });
    expect(await resumed.ephemerals()).toEqual(['/mine']);
    const next = await resumed.create('/q/n-', 'next', { sequential: true });
    expect(next.path).toBe(`/q/n-${String(names.length).padStart(10, '0')}`);
  },
);

describe('a voter that lost its data', () => {
  test('does not count while another voter is cut off: nothing is committed until that comes back', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const leader = await ensemble.leader();
    const [wiped, cut] = (await ensemble.followers()).map((peer) => peer.id);
    if (wiped === undefined || cut === undefined) throw new RangeError('two followers');
    const session = await ensemble.session(leader.id, { timeoutMs: 7_000 });
    await session.create('/acknowledged', 'kept');
    await ensemble.agree();
    // It did not have the next write, so the one that forgot it was part of its majority.
    ensemble.network.isolate(cut);
    await session.create('/only-with-the-two', 'kept too');
    const peer = await ensemble.restart(wiped, { wiped: true });

    const waiting = session.create('/needs-a-majority', 0, { deadlineMs: patienceMs });
    let isAnswered = false;
    void waiting.then(
      () => (isAnswered = true),
      () => (isAnswered = true),
    );
    await expect(peer.openSession({ deadlineMs: 500 })).rejects.toMatchObject({ code: expect.any(String) });
    expect(peer.status().isAdmitted).toBe(false);
    expect(isAnswered).toBe(false);
    expect(ensemble.peer(cut).tree.stat('/only-with-the-two')).toBeUndefined();

    ensemble.heal();
    await waiting;
    await ensemble.until('the forgetful voter to be admitted', () => peer.status().isAdmitted);
    await ensemble.agree();
    for (const each of ensemble.peers) {
      expect(each.tree.children('/')).toEqual(['acknowledged', 'needs-a-majority', 'only-with-the-two']);
    }
  });

  test('counts again when it was admitted: it can be half of the next majority', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const [wiped, other] = (await ensemble.followers()).map((peer) => peer.id);
    if (wiped === undefined || other === undefined) throw new RangeError('two followers');
    const session = await ensemble.session((await ensemble.leader()).id, { timeoutMs: 7_000 });
    await session.create('/x', 0);
    const peer = await ensemble.restart(wiped, { wiped: true });
    await ensemble.until('the forgetful voter to be admitted', () => peer.status().isAdmitted);
    await ensemble.kill(other);
    await session.set('/x', 1);
    await ensemble.agree();
    await ensemble.start(other);
    await ensemble.agree();
    expect(ensemble.peer(wiped).tree.get('/x')?.value).toBe(1);
  });

  test('may be two of five at a time, one of them the leader', async () => {
    await using ensemble = await openEnsemble({ size: 5 });
    const leader = await ensemble.leader();
    const [other] = (await ensemble.followers()).map((peer) => peer.id);
    const rest = ensemble.ids.filter((id) => id !== leader.id && id !== other);
    const session = await ensemble.session(rest[0] ?? '', { timeoutMs: 7_000 });
    await session.create('/x', 'kept');
    const { identity } = ensemble.peer(rest[0] ?? '').status();
    await Promise.all([leader.id, other ?? ''].map((id) => ensemble.restart(id, { wiped: true })));
    await session.set('/x', 'changed');
    await ensemble.until('both to be admitted', () =>
      ensemble.peers.every((peer) => peer.status().isAdmitted),
    );
    await ensemble.agree();
    expect(ensemble.peers.map((peer) => peer.tree.get('/x')?.value)).toEqual(Array(5).fill('changed'));
    expect(new Set(ensemble.peers.map((peer) => peer.status().identity))).toEqual(new Set([identity]));
  });
});

test('an ensemble of which everybody lost everything is a new one with a new identity', async () => {
  await using ensemble = await openEnsemble({ size: 3 });
  const session = await ensemble.session('a');
  await session.create('/old');
  const { identity } = ensemble.peer('a').status();
  await Promise.all(ensemble.ids.map((id) => ensemble.kill(id)));
  await Promise.all(ensemble.ids.map((id) => ensemble.start(id, { wiped: true })));
  await ensemble.leader();
  const next = await ensemble.session('b');
  expect(await next.children('/')).toEqual([]);
  expect(ensemble.peer('b').status().identity).not.toBe(identity);
  await expect(
    ensemble.session('c', { resume: { id: session.id, secret: session.secret }, deadlineMs: 2_000 }),
  ).rejects.toMatchObject({ code: expect.stringMatching(/SESSION_EXPIRED|AUTH_FAILED/) });
  await ensemble.agree();
});
