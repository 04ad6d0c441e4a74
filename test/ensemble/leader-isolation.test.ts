/**
 * A leader that is cut off without a word: it steps down, the majority goes on, its writes happen once or are
 * given up, and nobody ever reads something old for something new (semantics.md, Writes, Reads, Ensemble).
 */
import { CoordinationError, type Peer } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { openEnsemble, pause, type Ensemble } from './ensemble.ts';
import { SeededRandom } from './seeded-random.ts';

/** Cuts the leader off; answers it and the others. */
async function isolateLeader(ensemble: Ensemble): Promise<{ old: Peer; others: readonly Peer[] }> {
  const old = await ensemble.leader();
  const others = ensemble.peers.filter((peer) => peer !== old);
  ensemble.network.isolate(old.id);
  return { old, others };
}

describe('writes that a leader has not committed when it is cut off', () => {
  test.each([3, 5] as const)('happen exactly once after the heal (ensemble of %i)', async (size) => {
    await using ensemble = await openEnsemble({ size });
    const old = await ensemble.leader();
    const session = await ensemble.session(old.id, { timeoutMs: 7_000 });
    await session.create('/counter', 0);
    await ensemble.agree();

    const { others } = await isolateLeader(ensemble);
    const pending = Array.from({ length: 20 }, () => session.increment('/counter'));
    await ensemble.until('the old leader to step down', () => old.role !== 'leader');
    const next = await ensemble.leader(others.map((peer) => peer.id));
    const other = await ensemble.session(next.id);
    for (let turn = 0; turn < 5; turn += 1) await other.increment('/counter');
    expect((await other.get('/counter')).value).toBe(5);
    ensemble.heal();

    expect(await Promise.all(pending)).toEqual(Array.from({ length: 20 }, (_, at) => 6 + at));
    await ensemble.agree();
    expect(old.tree.get('/counter')?.value).toBe(25);
    expect(session.state).toBe('connected');
  });

  test('are of unknown outcome at their deadline; those that no leader had are not applied', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const old = await ensemble.leader();
    const session = await ensemble.session(old.id, { timeoutMs: 7_000 });
    await session.create('/handed', 0);
    await session.create('/kept', 0);
    await ensemble.agree();

    await isolateLeader(ensemble);
    const handed = session.increment('/handed', 1, { deadlineMs: 300 });
    await expect(handed).rejects.toMatchObject({ outcome: 'unknown', details: { deadlineMs: 300 } });
    await ensemble.until('the old leader to step down', () => old.leader === undefined);
    await ensemble.until('the session to see that', () => session.state === 'suspended');
    const kept = session.increment('/kept', 1, { deadlineMs: 100 });
    await expect(kept).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      outcome: 'not-applied',
      retryable: true,
    });
    ensemble.heal();

    await session.sync();
    await ensemble.agree();
    expect((await session.get('/kept')).value).toBe(0);
    expect((await session.get('/kept')).stat.version).toBe(0);
    expect([0, 1]).toContain((await session.get('/handed')).value);
    expect(await session.increment('/kept')).toBe(1);
  });
});

describe('in a minority', () => {
  test('session reads and local reads go on, everything else is UNAVAILABLE, and after the heal all is well', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const [minority] = await ensemble.followers();
    if (minority === undefined) throw new RangeError('a follower');
    const session = await ensemble.session(minority.id, { timeoutMs: 7_000 });
    const states: string[] = [];
    session.on('state', (state) => states.push(state));
    await session.create('/here', 'before');
    ensemble.network.isolate(minority.id);
    await ensemble.until('the session to be suspended', () => session.state === 'suspended');

    const majority = await ensemble.session(
      (await ensemble.leader(ensemble.ids.filter((id) => id !== minority.id))).id,
    );
    await majority.set('/here', 'after');
    expect((await session.get('/here')).value).toBe('before');
    expect(await session.children('/')).toEqual(['here']);
    expect(minority.tree.get('/here')?.value).toBe('before');
    const soon = { deadlineMs: 100 };
    const unavailable = { code: 'UNAVAILABLE', outcome: 'not-applied' };
    await expect(session.set('/here', 'lost', soon)).rejects.toMatchObject(unavailable);
    await expect(session.sync(soon)).rejects.toMatchObject(unavailable);
    await expect(session.get('/here', { consistency: 'linearizable', ...soon })).rejects.toMatchObject(
      unavailable,
    );
    await expect(minority.ready(soon)).rejects.toMatchObject(unavailable);
    await expect(minority.openSession(soon)).rejects.toMatchObject({ code: 'UNAVAILABLE' });

    const late = session.create('/late', 'waited');
    ensemble.heal();
    await late;
    await minority.ready();
    expect((await session.get('/here')).value).toBe('after');
    await ensemble.until('the session to be connected', () => states.at(-1) === 'connected');
    expect(states).toEqual(['suspended', 'connected']);
    await ensemble.agree();
  });

  test('of a split without any majority nobody leads, and nothing is written', async () => {
    await using ensemble = await openEnsemble({ size: 4 });
    const session = await ensemble.session('a', { timeoutMs: 7_000 });
    await session.create('/x', 0);
    await ensemble.agree();
    for (const left of ['a', 'b']) for (const right of ['c', 'd']) ensemble.network.cut(left, right);
    await ensemble.until('nobody to lead', () => ensemble.peers.every((peer) => peer.leader === undefined));
    await expect(session.set('/x', 1, { deadlineMs: 300 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(ensemble.peers.map((peer) => peer.tree.get('/x')?.value)).toEqual([0, 0, 0, 0]);
    ensemble.heal();
    await session.set('/x', 2);
    await ensemble.agree();
  });
});

describe.each([{ seed: 31 }, { seed: 32 }])(
  'while leaders are cut off again and again (seed $seed)',
  ({ seed }) => {
    test('a linearizable read never sees less than what was answered before it began', async () => {
      await using ensemble = await openEnsemble({ size: 3, seed });
      const sessions = await Promise.all(
        ensemble.ids.map((id) => ensemble.session(id, { timeoutMs: 7_000 })),
      );
      await sessions[0]?.create('/register', 0);
      await ensemble.agree();
      let answered = 0;
      let reads = 0;
      const over = new AbortController();
      const random = new SeededRandom(seed);

      const writing = sessions.map(async (session) => {
        while (!over.signal.aborted) {
          try {
            const value = await session.increment('/register', 1, { deadlineMs: 250 });
            answered = Math.max(answered, value);
          } catch (error) {
            expectLate(error);
          }
        }
      });
      // Sessions of their own: a read waits for the writes of its session, and those of a cut-off leader hang.
      const readers = await Promise.all(ensemble.ids.map((id) => ensemble.session(id, { timeoutMs: 7_000 })));
      const reading = readers.map(async (session) => {
        while (!over.signal.aborted) {
          const floor = answered;
          try {
            const { value } = await session.get<number>('/register', {
              consistency: 'linearizable',
              deadlineMs: 250,
            });
            reads += 1;
            if (value < floor)
              throw new RangeError(`read ${value} after ${floor} was answered, seed ${seed}`);
          } catch (error) {
            expectLate(error);
          }
        }
      });
      for (let round = 0; round < 5; round += 1) {
        const target = await ensemble.leader();
        const kind = random.below(3);
        ensemble.note(`cut ${target.id} off, kind ${kind}`);
        if (kind === 0) ensemble.network.isolate(target.id);
        // Told of it, the others elect at once, while the old leader still believes in itself.
        else if (kind === 1) ensemble.network.isolate(target.id, { silent: false });
        else {
          const other = random.pick(ensemble.ids.filter((id) => id !== target.id));
          ensemble.network.cut(target.id, other, { oneWay: true });
        }
        await pause(150 + random.below(150));
        ensemble.heal();
      }
      over.abort();
      await Promise.all([...writing, ...reading]);

      expect(reads).toBeGreaterThan(20);
      await ensemble.agree();
      expect(ensemble.peer('a').tree.get<number>('/register')?.value).toBeGreaterThanOrEqual(answered);
    });
  },
);

/** The deadline of a call passed; anything else is wrong. */
function expectLate(error: unknown): void {
  const isLate =
    error instanceof CoordinationError &&
    (error.code === 'UNAVAILABLE' || error.code === 'OPERATION_TIMEOUT');
  if (!isLate) throw error;
}
