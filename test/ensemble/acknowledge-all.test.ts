/** `acknowledge: 'all'`: settled when every voter has it, and honest about it when one has not. */
import { describe, expect, test } from 'vitest';
import { openEnsemble, sessionKinds } from './ensemble.ts';

const all = { acknowledge: 'all' } as const;

describe.each(sessionKinds)('acknowledge: all (%s)', (kind) => {
  test.each([1, 3, 5] as const)('is answered when all of %i voters are up, from every peer', async (size) => {
    await using ensemble = await openEnsemble({ sessions: kind, size });
    const sessions = await Promise.all(ensemble.ids.map((id) => ensemble.session(id)));
    for (const [at, session] of sessions.entries()) {
      const { path } = await session.create(`/x${at}`, at, all);
      const { zxid } = ensemble.peer(ensemble.ids[at] ?? '');
      expect(path).toBe(`/x${at}`);
      expect(zxid).toBeGreaterThan(0);
    }
    await Promise.all(sessions.map((session) => session.increment('/sum', 1, { ...all, create: true })));
    await ensemble.agree();
    expect(ensemble.peer('a').tree.get('/sum')?.value).toBe(size);
  });

  test('fails with NOT_FULLY_REPLICATED and is applied when one voter is away; the majority has it', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const [away, other] = await ensemble.followers();
    if (away === undefined || other === undefined) throw new RangeError('two followers');
    const session = await ensemble.session(other.id);
    await session.create('/x', 0);
    await ensemble.agree();
    ensemble.network.isolate(away.id);
    const write = session.set('/x', 1, { ...all, deadlineMs: 400 });
    const plain = session.increment('/x', 1);
    expect(await plain).toBe(2);
    await expect(write).rejects.toMatchObject({ code: 'NOT_FULLY_REPLICATED', outcome: 'applied' });
    expect((await session.get('/x')).value).toBe(2);
    expect(away.tree.get('/x')?.value).toBe(0);
  });

  test('waits for a voter that comes back before the deadline', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const [away] = await ensemble.followers();
    const leader = await ensemble.leader();
    const session = await ensemble.session(leader.id, { timeoutMs: 7_000 });
    await session.create('/x', 0);
    await ensemble.kill(away?.id ?? '');
    let isAnswered = false;
    const write = session.set('/x', 1, all).then(() => (isAnswered = true));
    await session.set('/y', 1, { create: true });
    expect(isAnswered).toBe(false);
    await ensemble.start(away?.id ?? '');
    await write;
    expect(session.state).toBe('connected');
  });

  test('an error is answered at once, whoever is away', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3 });
    const [away] = await ensemble.followers();
    const session = await ensemble.session((await ensemble.leader()).id);
    ensemble.network.isolate(away?.id ?? '');
    await expect(session.set('/missing', 1, { ...all, deadlineMs: 5_000 })).rejects.toMatchObject({
      code: 'NO_NODE',
      outcome: 'not-applied',
    });
  });
});
