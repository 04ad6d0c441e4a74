/**
 * Everything at once, for a few seconds: peers are cut off, killed, restarted and wiped while sessions count,
 * create, read and watch on whatever peer is there. At the end all is healed, and what the sessions were told is
 * compared with what all replicas hold.
 */
import { CoordinationError, type Session } from '@quorate/core';
import { expect, test } from 'vitest';
import { openEnsemble, pause, type Ensemble } from './ensemble.ts';
import { torment } from './nemesis.ts';
import { SeededRandom } from './seeded-random.ts';

const durationMs = 4_500;

/** What the sessions were told. */
class Ledger {
  increments = 0;
  incrementsUnknown = 0;
  /** No linearizable read may see less. */
  floor = 0;
  readonly created = new Set<string>();
  readonly createdMaybe = new Set<string>();
  readonly sequential: string[] = [];
  sequentialUnknown = 0;
  /** Created znodes as the watcher saw them, in its order. */
  readonly watched: string[] = [];
  watchedZxid = 0;
}

/** `SOAK_SEEDS=1,2,3` runs others, each with three and with five peers. */
const otherSeeds = (process.env['SOAK_SEEDS'] ?? '').split(',').filter((seed) => seed !== '');
const cases =
  otherSeeds.length === 0
    ? ([
        { size: 3, seed: 0xa11 },
        { size: 5, seed: 0xb22 },
      ] as const)
    : otherSeeds.flatMap((seed) => ([3, 5] as const).map((size) => ({ size, seed: Number(seed) })));

test.each(cases)(
  'an ensemble of $size under all that may happen keeps its promises (seed $seed)',
  async ({ size, seed }) => {
    // The watcher is without a peer for seconds while the others write thousands of changes: with the default history
    // it could not resume. That an end of the history is told as COMPACTED is the business of watches.test.ts.
    const limits = {
      snapshotAfterEntries: 30,
      logEntriesKept: 5,
      snapshotChunkBytes: 1_024,
      historyChangesMax: 50_000,
    };
    await using ensemble = await openEnsemble({ size, seed, limits });
    const setup = await ensemble.session('a');
    for (const path of ['/set', '/queue', '/alive']) await setup.create(path);
    await setup.create('/counter', 0);
    await setup.close();

    const ledger = new Ledger();
    const over = new AbortController();
    const actors = Promise.all(
      [count, count, createOnce, createOnce, createSequential, readBack, readBack, watch].map((act, at) =>
        play({ ensemble, random: new SeededRandom(seed + at), over: over.signal }, (session, random) =>
          act(session, { ledger, name: `actor-${at}`, random, over: over.signal }),
        ),
      ),
    );
    await Promise.race([actors, torment(ensemble, durationMs)]);
    over.abort();
    ensemble.heal();
    await ensemble.leader();
    await actors;
    const last = await ensemble.session('a', { timeoutMs: 7_900 });
    await watchToTheEnd(last, ledger);

    await ensemble.agree();
    const { tree } = ensemble.peer('b');
    const counter = tree.get<number>('/counter')?.value ?? Number.NaN;
    expect(counter, 'nothing acknowledged is lost').toBeGreaterThanOrEqual(ledger.increments);
    expect(counter, 'nothing is done twice').toBeLessThanOrEqual(
      ledger.increments + ledger.incrementsUnknown,
    );
    expect(ledger.increments).toBeGreaterThan(20);
    const set = tree.children('/set');
    expect([...ledger.created].filter((name) => !set.includes(name))).toEqual([]);
    expect(
      set.filter((name) => !ledger.created.has(name) && !ledger.createdMaybe.has(name) && name !== 'end'),
    ).toEqual([]);
    const queue = tree.children('/queue');
    expect(new Set(ledger.sequential).size).toBe(ledger.sequential.length);
    expect(ledger.sequential.filter((name) => !queue.includes(name))).toEqual([]);
    expect(queue.length - ledger.sequential.length).toBeLessThanOrEqual(ledger.sequentialUnknown);
    expect([...ledger.watched].sort(), 'a watch sees each creation once').toEqual(
      set.filter((name) => name !== 'end'),
    );
    await last.close();
    await ensemble.until('all sessions to end', () =>
      ensemble.peers.every((peer) => peer.sessions().length === 0),
    );
    for (const peer of ensemble.peers) expect(peer.tree.children('/alive')).toEqual([]);
    await ensemble.agree();
  },
);

interface Stage {
  readonly ensemble: Ensemble;
  readonly random: SeededRandom;
  readonly over: AbortSignal;
}

interface Part {
  readonly ledger: Ledger;
  readonly name: string;
  readonly random: SeededRandom;
  readonly over: AbortSignal;
}

/** Acts again and again, with a new session on another peer whenever one has ended. */
async function play(
  { ensemble, random, over }: Stage,
  act: (session: Session, random: SeededRandom) => Promise<void>,
): Promise<void> {
  while (!over.aborted) {
    try {
      await using session = await random
        .pick(ensemble.peers)
        .openSession({ timeoutMs: 1_000, deadlineMs: 1_000 });
      await session.create(`/alive/${session.id}`, 0, { kind: 'ephemeral' });
      while (!over.aborted && !session.signal.aborted) await act(session, random);
    } catch (error) {
      if (error !== over.reason) expectTrouble(error);
      await pause(10);
    }
  }
}

/** Trouble is what a disturbed ensemble may answer; anything else is wrong. */
function expectTrouble(error: unknown): CoordinationError {
  const codes = ['UNAVAILABLE', 'OPERATION_TIMEOUT', 'SESSION_EXPIRED', 'SESSION_CLOSED', 'PEER_CLOSED'];
  if (error instanceof CoordinationError && codes.includes(error.code)) return error;
  throw error;
}

/** Answers whether it certainly happened, certainly did not, or neither is certain. */
async function attempt(call: Promise<unknown>): Promise<'done' | 'not-done' | 'unknown'> {
  try {
    await call;
    return 'done';
  } catch (error) {
    return expectTrouble(error).outcome === 'not-applied' ? 'not-done' : 'unknown';
  }
}

async function count(session: Session, { ledger }: Part): Promise<void> {
  const call = async (): Promise<void> => {
    const value = await session.increment('/counter', 1, { deadlineMs: 600 });
    ledger.floor = Math.max(ledger.floor, value);
  };
  for (const outcome of await Promise.all([attempt(call()), attempt(call()), attempt(call())])) {
    if (outcome === 'done') ledger.increments += 1;
    if (outcome === 'unknown') ledger.incrementsUnknown += 1;
  }
}

async function createOnce(session: Session, { ledger, name }: Part): Promise<void> {
  const child = `${name}-${ledger.created.size + ledger.createdMaybe.size}`;
  ledger.createdMaybe.add(child);
  const outcome = await attempt(session.create(`/set/${child}`, session.id, { deadlineMs: 600 }));
  if (outcome !== 'done') return;
  ledger.createdMaybe.delete(child);
  ledger.created.add(child);
  const seen = await attempt(session.get(`/set/${child}`, { deadlineMs: 600 }));
  if (seen === 'unknown') throw new RangeError('a read has a certain outcome');
}

async function createSequential(session: Session, { ledger }: Part): Promise<void> {
  const call = session
    .create('/queue/n-', session.id, { sequential: true, deadlineMs: 600 })
    .then(({ path }) => {
      ledger.sequential.push(path.slice('/queue/'.length));
    });
  if ((await attempt(call)) === 'unknown') ledger.sequentialUnknown += 1;
}

async function readBack(session: Session, { ledger, random }: Part): Promise<void> {
  const { floor } = ledger;
  await attempt(
    session.get<number>('/counter', { consistency: 'linearizable', deadlineMs: 600 }).then(({ value }) => {
      if (value < floor) throw new RangeError(`read ${value} after ${floor} was answered`);
      return session.get<number>('/counter').then((later) => {
        if (later.value < value) throw new RangeError(`a session read ${value}, then ${later.value}`);
      });
    }),
  );
  await pause(random.below(5));
}

/** Follows `/set` through whatever session there is, from where the last one stopped. */
async function watch(session: Session, { ledger, over }: Part): Promise<void> {
  await follow(session, ledger, { signal: over });
}

async function watchToTheEnd(session: Session, ledger: Ledger): Promise<void> {
  await session.create('/set/end');
  await follow(session, ledger, { last: '/set/end' });
}

async function follow(
  session: Session,
  ledger: Ledger,
  { signal, last }: { readonly signal?: AbortSignal; readonly last?: string },
): Promise<void> {
  const from = ledger.watchedZxid === 0 ? {} : { from: ledger.watchedZxid };
  const until = signal === undefined ? {} : { signal };
  for await (const { kind, zxid, events } of session.watch('/set', {
    scope: 'children',
    ...from,
    ...until,
  })) {
    if (kind === 'changes' && zxid <= ledger.watchedZxid) throw new RangeError(`zxid ${zxid} came twice`);
    ledger.watchedZxid = zxid;
    for (const { path } of events) {
      if (path === last) return;
      ledger.watched.push(path.slice('/set/'.length));
    }
  }
}
