/**
 * A network that loses, doubles, delays and reorders frames: every write happens once, in its session's order,
 * and is answered with what it did (semantics.md, Writes; reliability.md 1.1).
 */
import { CoordinationError, op, type Session } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { openEnsemble, patienceMs, sessionKinds, type FaultRates } from './ensemble.ts';
import { SeededRandom } from './seeded-random.ts';

const networks: readonly (FaultRates & { readonly name: string; readonly seed: number })[] = [
  { name: 'loses a tenth', seed: 11, drop: 0.1 },
  { name: 'loses 30 %', seed: 12, drop: 0.3 },
  { name: 'doubles 30 %', seed: 13, duplicate: 0.3 },
  { name: 'delays and reorders half', seed: 14, delay: 0.5 },
  { name: 'does all of it', seed: 15, drop: 0.15, duplicate: 0.15, delay: 0.3 },
];

const timeoutMs = 8_000;
/** For calls that wait for twenty round trips, of which each may need elections and new connections. */
const patient = { deadlineMs: patienceMs };

/** What the sessions were told, to be compared with what the replicas hold. */
interface Told {
  increments: number;
  /** The outcome of that many increments was unknown. */
  unknown: number;
  readonly created: string[];
}

const networksAndKinds = networks.flatMap((network) => sessionKinds.map((kind) => ({ ...network, kind })));

describe.each(networksAndKinds)('on a network that $name (seed $seed, $kind)', ({ seed, kind, ...rates }) => {
  test('every write of several sessions happens exactly once, and all replicas are equal', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3, seed });
    const sessions = await Promise.all(['a', 'b', 'c', 'a'].map((id) => ensemble.session(id, { timeoutMs })));
    await sessions[0]?.multi([op.create('/counter', 0), op.create('/names'), op.create('/cas', 0)]);
    await Promise.all(sessions.map((session) => session.sync()));
    ensemble.disturb(rates);

    const told: Told = { increments: 0, unknown: 0, created: [] };
    await Promise.all(sessions.map((session, at) => work(session, told, new SeededRandom(seed + at))));

    ensemble.heal();
    await ensemble.agree();
    const { tree } = ensemble.peer('b');
    const counter = tree.get<number>('/counter')?.value ?? Number.NaN;
    expect(counter).toBeGreaterThanOrEqual(told.increments);
    expect(counter).toBeLessThanOrEqual(told.increments + told.unknown);
    expect(new Set(told.created).size).toBe(told.created.length);
    const names = tree.children('/names').map((name) => `/names/${name}`);
    expect(names).toEqual(expect.arrayContaining(told.created));
    expect(names.length - told.created.length).toBeLessThanOrEqual(told.unknown);
  });

  test('a session that pipelines without waiting leaves its last write, and reads between its writes', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3, seed });
    const [follower] = await ensemble.followers();
    const session = await ensemble.session(follower?.id ?? 'a', { timeoutMs });
    await session.create('/x', 0);
    ensemble.disturb(rates);

    const calls: Promise<unknown>[] = [];
    const reads: Promise<number>[] = [];
    for (let value = 1; value <= 60; value += 1) {
      calls.push(session.set('/x', value, patient));
      if (value % 3 === 0) reads.push(session.get<number>('/x', patient).then((znode) => znode.value));
      // Other turns of the event loop make other batches.
      if (value % 10 === 0) await Promise.resolve();
    }
    calls.push(session.get('/x', { consistency: 'linearizable', ...patient }));
    calls.push(session.set('/x', 'last', patient));
    await Promise.all([...calls, ...reads]);

    expect(await Promise.all(reads)).toEqual(Array.from({ length: 20 }, (_, at) => 3 * (at + 1)));
    expect((await session.get('/x')).value).toBe('last');
    ensemble.heal();
    await ensemble.agree();
    expect(ensemble.peers.map((peer) => peer.tree.get('/x')?.value)).toEqual(['last', 'last', 'last']);
    expect(ensemble.peer('a').tree.stat('/x')?.version).toBe(61);
  });

  test('a resumed session goes on, however often its frames arrive', async () => {
    await using ensemble = await openEnsemble({ sessions: kind, size: 3, seed });
    const [first, second] = await ensemble.followers();
    if (first === undefined || second === undefined) throw new RangeError('two followers');
    ensemble.disturb(rates);
    let session = await ensemble.session(first.id, { timeoutMs });
    await session.create('/mine', 0, { kind: 'ephemeral' });
    for (const peer of [second, first]) {
      const { id, secret } = session;
      session = await ensemble.session(peer.id, { timeoutMs, resume: { id, secret } });
      expect(session.id).toBe(id);
      for (let turn = 0; turn < 4; turn += 1) await session.increment('/mine');
      expect(session.state).toBe('connected');
    }
    expect((await session.get('/mine', { consistency: 'linearizable' })).value).toBe(8);
    ensemble.heal();
    await ensemble.agree();
  });
});

async function work(session: Session, told: Told, random: SeededRandom): Promise<void> {
  for (let turn = 0; turn < 7; turn += 1) {
    const batch: Promise<unknown>[] = [];
    for (let call = 0; call < 4; call += 1) batch.push(once(session, told, random.below(4)));
    await Promise.all(batch);
  }
}

/** One call; each counts exactly one increment, or says why not. */
async function once(session: Session, told: Told, kind: number): Promise<void> {
  try {
    if (kind === 0) {
      const before = await session.increment('/counter', 1, patient);
      const after = (await session.get<number>('/counter', patient)).value;
      expect(after, 'a session reads its own write').toBeGreaterThanOrEqual(before);
    } else if (kind === 1) {
      const { path } = await session.create('/names/n-', session.id, { sequential: true, ...patient });
      told.created.push(path);
      expect((await session.get(path, patient)).value, 'a create answers with its own name').toBe(session.id);
      return;
    } else if (kind === 2) {
      await session.multi([op.increment('/counter'), op.set('/cas', session.id)], patient);
    } else {
      const { value } = await session.get('/cas', patient);
      await session.compareAndSet('/cas', value, session.id, patient);
      await session.increment('/counter', 1, patient);
    }
    told.increments += 1;
  } catch (error) {
    if (!(error instanceof CoordinationError) || error.outcome !== 'unknown') throw error;
    told.unknown += 1;
  }
}
