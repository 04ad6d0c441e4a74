/** Every limit that a user can meet: at the limit a call succeeds, one above it fails and names the limit. */
import { op, type CoordinationError, type Limits, type Peer, type Session, type Value } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { slowStorage } from './failing-ports.ts';
import { failureOf, failureOfWatch, guardTheHost, open, thrownBy, until } from './setup.ts';

guardTheHost();

async function sessionWith(limits: Partial<Limits>): Promise<{ peer: Peer; session: Session }> {
  const peer = await open({ limits });
  return { peer, session: await peer.openSession() };
}

function exceeded(limit: keyof Limits, limitValue: number, measured: number): object {
  return {
    code: 'LIMIT_EXCEEDED',
    outcome: 'not-applied',
    retryable: false,
    details: expect.objectContaining({ limit, limitValue, measured }) as unknown,
  };
}

const bytes = (count: number): Uint8Array => new Uint8Array(count);

describe('limits of the ensemble', () => {
  describe('valueBytesMax', () => {
    // A byte array of 98 bytes takes 100: its header is two bytes.
    const limits = { valueBytesMax: 100 };

    test.each([
      ['create', (session: Session, value: Uint8Array) => session.create('/new', value)],
      ['set', (session: Session, value: Uint8Array) => session.set('/old', value)],
      [
        'set that creates',
        (session: Session, value: Uint8Array) => session.set('/new', value, { create: true }),
      ],
      [
        'compareAndSet',
        (session: Session, value: Uint8Array) => session.compareAndSet<Value>('/old', 'old', value),
      ],
      [
        'compareAndSwap',
        (session: Session, value: Uint8Array) => session.compareAndSwap<Value>('/old', 'old', value),
      ],
      ['multi', (session: Session, value: Uint8Array) => session.multi([op.set('/old', value)])],
      ['update that replaces', (session: Session, value: Uint8Array) => session.update('/old', () => value)],
      [
        'update that creates',
        (session: Session, value: Uint8Array) => session.update<Value>('/new', () => value, { initial: 0 }),
      ],
    ] as const)('bounds the value of %s', async (_name, call) => {
      const { session } = await sessionWith(limits);
      await session.create('/old', 'old');
      const failure = await failureOf(() => call(session, bytes(120)));
      expect(failure).toMatchObject({
        code: 'LIMIT_EXCEEDED',
        details: { limit: 'valueBytesMax', limitValue: 100 },
      });
      expect(failure.details.measured).toBeGreaterThan(100);
      expect((await session.get('/old')).value).toBe('old');
    });

    test('lets a value of exactly that size through, and not one byte more', async () => {
      const { session } = await sessionWith(limits);
      await session.create('/exact', bytes(98));
      expect((await session.get('/exact')).stat.dataLength).toBe(98);
      expect(await failureOf(() => session.set('/exact', bytes(99)))).toMatchObject(
        exceeded('valueBytesMax', 100, 101),
      );
    });

    test('bounds what an update grows to by small patches', async () => {
      const { session } = await sessionWith(limits);
      await session.create('/list', [bytes(40), bytes(40)]);
      const failure = await failureOf(() =>
        session.update<Uint8Array[]>('/list', (draft) => void draft.push(bytes(30))),
      );
      expect(failure).toMatchObject({ code: 'LIMIT_EXCEEDED', details: { limit: 'valueBytesMax' } });
    });
  });

  test('multiOperationsMax: so many operations at most', async () => {
    const { session } = await sessionWith({ multiOperationsMax: 3 });
    const checks = (count: number): Promise<unknown> =>
      session.multi(Array.from({ length: count }, () => op.check('/', -1)));
    await checks(0);
    await checks(3);
    expect(await failureOf(() => checks(4))).toMatchObject(exceeded('multiOperationsMax', 3, 4));
  });

  test('multiBytesMax: bytes of all operations together', async () => {
    const { session } = await sessionWith({ multiBytesMax: 1_000 });
    await session.create('/large');
    const setLarge = (count: number): Promise<unknown> => session.multi([op.set('/large', bytes(count))]);
    const failure = await failureOf(() => setLarge(1_000));
    expect(failure).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      details: { limit: 'multiBytesMax', limitValue: 1_000 },
    });
    const excess = (failure.details.measured ?? 0) - 1_000;
    await setLarge(1_000 - excess);
    expect(await failureOf(() => setLarge(1_001 - excess))).toMatchObject(
      exceeded('multiBytesMax', 1_000, 1_001),
    );
  });

  test('recursiveDeleteMax: znodes that one delete removes, the named one included', async () => {
    const { session } = await sessionWith({ recursiveDeleteMax: 3 });
    const grow = async (children: number): Promise<void> => {
      await session.create('/tree');
      for (let child = 0; child < children; child += 1) await session.create(`/tree/${child}`);
    };
    await grow(2);
    await session.delete('/tree', { recursive: true });
    await grow(3);
    expect(await failureOf(() => session.delete('/tree', { recursive: true }))).toMatchObject(
      exceeded('recursiveDeleteMax', 3, 4),
    );
    expect(await session.count('/tree')).toBe(3);
  });

  test('ephemeralsPerSessionMax: of each session by itself', async () => {
    const { peer, session } = await sessionWith({ ephemeralsPerSessionMax: 2 });
    const create = (owner: Session, name: string): Promise<unknown> =>
      owner.create(`/${name}`, null, { kind: 'ephemeral' });
    await create(session, 'one');
    await create(session, 'two');
    expect(await failureOf(() => create(session, 'three'))).toMatchObject(
      exceeded('ephemeralsPerSessionMax', 2, 3),
    );
    await create(await peer.openSession(), 'three');
    await session.delete('/one');
    await create(session, 'four');
  });

  test('sessionsMax: open at one time', async () => {
    const { peer, session } = await sessionWith({ sessionsMax: 2 });
    const second = await peer.openSession();
    expect(await failureOf(() => peer.openSession())).toMatchObject(exceeded('sessionsMax', 2, 3));
    // A resumption opens no further one.
    await peer.openSession({ resume: { id: second.id, secret: second.secret } });
    await session.close();
    await peer.openSession();
    expect(peer.sessions()).toHaveLength(2);
  });

  test('repliesPerSessionMax: replies that the session has not acknowledged', async () => {
    const { session } = await sessionWith({ repliesPerSessionMax: 4, batchCommandsMax: 1 });
    // All at once: none of them can be acknowledged before the last is sent.
    const calls = Array.from({ length: 12 }, (_, at) => session.create(`/${at}`));
    const settled = await Promise.allSettled(calls);
    const failures = settled.flatMap((each) =>
      each.status === 'rejected' ? [each.reason as CoordinationError] : [],
    );
    for (const failure of failures)
      expect(failure).toMatchObject({ code: 'OVERLOADED', outcome: 'not-applied' });
    const created = await session.children('/');
    expect(created).toHaveLength(calls.length - failures.length);
    await session.create('/after');
  });

  describe.each([
    ['historyChangesMax', { historyChangesMax: 4 }, 1],
    ['historyBytesMax', { historyBytesMax: 4_000 }, 900],
  ] as const)('%s', (_name, limits, size) => {
    test('is how far back a watch can resume', async () => {
      const { session } = await sessionWith(limits);
      await session.create('/watched');
      const zxids: number[] = [];
      for (let value = 0; value < 12; value += 1) {
        zxids.push((await session.set('/watched', bytes(size))).mzxid);
      }
      const last = zxids.at(-1) ?? 0;
      const failure = await failureOfWatch(session.watch('/watched', { from: zxids[0] ?? 0 }));
      expect(failure).toMatchObject({ code: 'COMPACTED', outcome: 'not-applied', retryable: false });
      const { oldestZxid = 0 } = failure.details;
      expect(oldestZxid).toBeGreaterThan(zxids[0] ?? 0);
      expect(oldestZxid).toBeLessThan(last);

      // Exactly from the named zxid on it goes; one before does not.
      await using stream = session.watch('/watched', { from: oldestZxid });
      const seen: number[] = [];
      for await (const { zxid } of stream) {
        seen.push(zxid);
        if (zxid === last) break;
      }
      expect(seen).toEqual(zxids.filter((zxid) => zxid > oldestZxid));
      expect(await failureOfWatch(session.watch('/watched', { from: oldestZxid - 1 }))).toMatchObject({
        code: 'COMPACTED',
      });
    });
  });

  test.each([
    [1, 2_000],
    [1_999.5, 2_000],
    [2_000, 2_000],
    [2_500.7, 2_500],
    [5_000, 5_000],
    [5_001, 5_000],
    [1e300, 5_000],
    [Number.MIN_VALUE, 2_000],
    [Infinity, Infinity],
  ])('sessionTimeoutMsMin and -Max: a time-out of %d is granted as %d', async (asked, granted) => {
    const peer = await open({ limits: { sessionTimeoutMsMin: 2_000, sessionTimeoutMsMax: 5_000 } });
    const session = await peer.openSession({ timeoutMs: asked });
    expect(session.timeoutMs).toBe(granted);
    expect(peer.sessions()).toMatchObject([{ timeoutMs: granted }]);
  });
});

describe('limits of a peer', () => {
  test('sessionRequestsInFlightMax: calls of a session that wait, reads as well', async () => {
    const { session } = await sessionWith({ sessionRequestsInFlightMax: 3 });
    const calls = [session.create('/one'), session.get('/'), session.sync()];
    const refused = [() => session.create('/two'), () => session.get('/'), () => session.sync()];
    for (const failure of await Promise.all(refused.map((call) => failureOf(call)))) {
      expect(failure).toMatchObject({
        code: 'OVERLOADED',
        retryable: true,
        outcome: 'not-applied',
        details: { limit: 'sessionRequestsInFlightMax', limitValue: 3, measured: 4 },
      });
    }
    await Promise.all(calls);
    await Promise.all([session.create('/two'), session.create('/three'), session.create('/four')]);
  });

  test('sessionBytesInFlightMax: bytes of a session that wait', async () => {
    const peer = await open({ limits: { sessionBytesInFlightMax: 1_000 }, storage: slowStorage(5) });
    const session = await peer.openSession();
    const first = session.create('/one', bytes(800));
    const failure = await failureOf(() => session.create('/two', bytes(800)));
    expect(failure).toMatchObject({
      code: 'OVERLOADED',
      retryable: true,
      details: { limit: 'sessionBytesInFlightMax', limitValue: 1_000 },
    });
    expect(failure.details.measured).toBeGreaterThan(1_600);
    await first;
    await session.create('/two', bytes(800));
    // What can never fit is not worth a retry.
    expect(await failureOf(() => session.create('/three', bytes(1_000)))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      retryable: false,
      details: { limit: 'sessionBytesInFlightMax' },
    });
  });

  test('pageNamesMax: names, listings and many gets without a limit of their own', async () => {
    const { peer, session } = await sessionWith({ pageNamesMax: 3 });
    for (const name of ['a', 'b', 'c']) await session.create(`/${name}`);
    expect(await session.children('/')).toEqual(['a', 'b', 'c']);
    expect(await session.list('/')).toHaveLength(3);
    expect(peer.tree.children('/')).toEqual(['a', 'b', 'c']);
    expect(await session.getMany(['/a', '/b', '/c'])).toHaveLength(3);
    await session.create('/d');
    for (const call of [
      () => session.children('/'),
      () => session.list('/'),
      () => session.getMany(['/a', '/b', '/c', '/d']),
    ]) {
      expect(await failureOf(call)).toMatchObject(exceeded('pageNamesMax', 3, 4));
    }
    expect(thrownBy(() => peer.tree.children('/'))).toMatchObject(exceeded('pageNamesMax', 3, 4));
    expect(await session.children('/', { limit: 4 })).toHaveLength(4);
    expect(await session.children('/', { limit: 1, after: 'b' })).toEqual(['c']);
    expect(peer.tree.children('/', { limit: 100 })).toHaveLength(4);
  });

  test('watchQueueMax: batches that wait in a stream', async () => {
    const { session } = await sessionWith({ watchQueueMax: 2 });
    await session.create('/watched');
    const enough = session.watch('/watched');
    const tooFew = session.watch('/watched');
    for (const value of [1, 2]) await session.set('/watched', value);
    const kept: unknown[] = [];
    for await (const { events } of enough) {
      kept.push(events[0]?.value);
      if (kept.length === 3) break;
    }
    expect(kept).toEqual([null, 1, 2]);
    await session.set('/watched', 3);
    expect(await failureOfWatch(tooFew)).toMatchObject({
      code: 'WATCH_OVERFLOW',
      retryable: true,
      details: { limit: 'watchQueueMax', limitValue: 2, measured: 3 },
    });
  });

  test('watchesPerSessionMax: streams that are open', async () => {
    const { session } = await sessionWith({ watchesPerSessionMax: 2 });
    const first = session.watch('/');
    const second = session.watch('/');
    expect(await failureOfWatch(session.watch('/'))).toMatchObject(exceeded('watchesPerSessionMax', 2, 3));
    first.close();
    const third = session.watch('/');
    await session.sync();
    second.close();
    third.close();
  });

  test('watchSnapshotZnodesMax: znodes in the first snapshot of a watch', async () => {
    const { peer, session } = await sessionWith({ watchSnapshotZnodesMax: 3 });
    await session.create('/tree/one', 1, { parents: true });
    await session.create('/tree/two', 2);
    await using stream = session.watch('/tree', { scope: 'subtree' });
    for await (const { events } of stream) {
      expect(events).toHaveLength(3);
      break;
    }
    await session.create('/tree/three', 3);
    expect(await failureOfWatch(session.watch('/tree', { scope: 'subtree' }))).toMatchObject(
      exceeded('watchSnapshotZnodesMax', 3, 4),
    );
    await until('no watch is left behind', () => peer.status().queues.watches === 0);
  });
});

test.each([0, -1, 1.5, Number.NaN, Infinity, '5', null])(
  'a limit of %s is refused at the start',
  async (value) => {
    const limits = { pageNamesMax: value as number };
    expect(await failureOf(() => open({ limits }))).toMatchObject({
      code: 'BAD_ARGUMENTS',
      details: { argument: 'limits.pageNamesMax' },
    });
  },
);

test('a limit that there is not is refused at the start', async () => {
  const limits = { pageNameMax: 1 } as Partial<Limits>;
  expect(await failureOf(() => open({ limits }))).toMatchObject({
    code: 'BAD_ARGUMENTS',
    details: { argument: 'limits.pageNameMax' },
  });
});
