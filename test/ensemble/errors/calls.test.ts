/**
 * Every method of a session and of a peer, called in every wrong way: after the end, with garbage, with
 * deadlines and signals of all kinds, while everything closes. All of them reject, none throws, none hangs.
 */
import { CoordinationError, op, type ErrorCode, type Peer, type Session } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { fault, heldStorage, slowStorage } from './failing-ports.ts';
import {
  failureOf,
  failureOfWatch,
  guardTheHost,
  open,
  openThree,
  reasonOf,
  settles,
  thrownBy,
  until,
} from './setup.ts';

guardTheHost();

interface Options {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

type SessionCall = (session: Session, options?: Options) => Promise<unknown>;
type PeerCall = (peer: Peer, options?: Options) => Promise<unknown>;

const writes: Readonly<Record<string, SessionCall>> = {
  create: (session, options) => session.create('/new', 1, options),
  set: (session, options) => session.set('/', 1, options),
  delete: (session, options) => session.delete('/old', options),
  compareAndSet: (session, options) => session.compareAndSet('/', 1, 2, options),
  compareAndSwap: (session, options) => session.compareAndSwap('/', 1, 2, options),
  increment: (session, options) => session.increment('/count', 1, { create: true, ...options }),
  update: (session, options) => session.update('/', () => 1, options),
  multi: (session, options) => session.multi([op.check('/', -1)], options),
};

const reads: Readonly<Record<string, SessionCall>> = {
  get: (session, options) => session.get('/', options),
  getMany: (session, options) => session.getMany(['/'], options),
  exists: (session, options) => session.exists('/', options),
  children: (session, options) => session.children('/', options),
  list: (session, options) => session.list('/', options),
  count: (session, options) => session.count('/', options),
  ephemerals: (session, options) => session.ephemerals(options),
  sync: (session, options) => session.sync(options),
};

const sessionCalls = Object.entries({ ...writes, ...reads });

const peerCalls: readonly (readonly [string, PeerCall])[] = [
  ['ready', (peer, options) => peer.ready(options)],
  ['openSession', (peer, options) => peer.openSession(options)],
  ['endSession', (peer, options) => peer.endSession('00000000007777', options)],
  ['transferLeadership', (peer, options) => peer.transferLeadership(undefined, options)],
];

test('the calls here are all methods of a session and of a peer', async () => {
  const peer = await open();
  const session = await peer.openSession();
  const synchronous = ['watch', 'at', 'on', 'close', 'constructor'];
  const methodsOf = (each: object): readonly string[] =>
    Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(each) as object))
      .filter(([, { value }]) => typeof value === 'function')
      .map(([name]) => name)
      .filter((name) => !synchronous.includes(name));
  expect(methodsOf(session).toSorted()).toEqual(sessionCalls.map(([name]) => name).toSorted());
  expect(methodsOf(peer).toSorted()).toEqual(
    [...peerCalls.map(([name]) => name), 'start', 'status', 'sessions'].toSorted(),
  );
});

describe.each(sessionCalls)('session.%s', (name, call) => {
  // An update begins with a read, and there is where its deadline meets it.
  const isWrite = name in writes && name !== 'update';

  test('rejects after the session was closed', async () => {
    const session = await (await open()).openSession();
    await session.close();
    expect(await failureOf(() => call(session))).toMatchObject({
      code: 'SESSION_CLOSED',
      outcome: 'not-applied',
    });
  });

  test('rejects after the peer was closed', async () => {
    const peer = await open();
    const session = await peer.openSession();
    await peer.close({ graceful: false });
    expect(await failureOf(() => call(session))).toMatchObject({
      code: 'PEER_CLOSED',
      outcome: 'not-applied',
    });
  });

  test.each([0, -1, Number.NaN, -Infinity, '5' as unknown as number])(
    'refuses a deadline of %s',
    async (deadlineMs) => {
      const session = await (await open()).openSession();
      expect(await failureOf(() => call(session, { deadlineMs }))).toMatchObject({
        code: 'BAD_ARGUMENTS',
        outcome: 'not-applied',
        details: { argument: 'deadlineMs' },
      });
    },
  );

  test('takes a deadline of Infinity', async () => {
    const session = await (await open()).openSession();
    const code = codeOf(await settles(call(session, { deadlineMs: Infinity })));
    expect([undefined, 'NO_NODE']).toContain(code);
  });

  test('ends at a tiny deadline, and says what may have happened', async () => {
    const isHeld = fault();
    const session = await (await open({ storage: heldStorage(isHeld) })).openSession();
    // Until the deadline was judged, however long the machine takes for it.
    isHeld.isOn = true;
    const before = session.create('/before');
    const failure = await failureOf(() => call(session, { deadlineMs: Number.MIN_VALUE }));
    isHeld.isOn = false;
    expect(failure).toMatchObject({
      code: 'OPERATION_TIMEOUT',
      outcome: isWrite ? 'unknown' : 'not-applied',
      details: { deadlineMs: Number.MIN_VALUE },
    });

    await before;
  });

  test('rejects with the reason of a signal that is aborted already', async () => {
    const session = await (await open()).openSession();
    const reason = new Error('not needed any more');
    expect(await reasonOf(() => call(session, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  test('rejects with the reason of a signal that is aborted while it waits', async () => {
    const isSlow = fault();
    const session = await (await open({ storage: slowStorage(10, isSlow) })).openSession();
    isSlow.isOn = true;
    const before = session.create('/before');
    const controller = new AbortController();
    const reason = { of: 'any type' };
    const waiting = reasonOf(() => call(session, { signal: controller.signal }));
    controller.abort(reason);
    expect(await waiting).toBe(reason);
    await before;
    await session.create('/after');
  });

  test.each([5, 'signal', {}, { aborted: false }, { aborted: false, addEventListener: 5 }])(
    'refuses %j as a signal',
    async (signal) => {
      const session = await (await open()).openSession();
      expect(
        await failureOf(() => call(session, { signal: signal as unknown as AbortSignal })),
      ).toMatchObject({
        code: 'BAD_ARGUMENTS',
        details: { argument: 'signal' },
      });
      // Nothing of the refused call is left behind.
      await session.create('/after');
    },
  );
});

describe.each(peerCalls)('peer.%s', (_name, call) => {
  test.each([true, false])('rejects after the peer was closed (graceful: %s)', async (graceful) => {
    const peer = await open();
    await peer.ready();
    await peer.close({ graceful });
    expect(await failureOf(() => call(peer))).toMatchObject({ code: 'PEER_CLOSED', outcome: 'not-applied' });
  });

  test('rejects while the peer is closing', async () => {
    const peer = await open();
    await peer.openSession();
    const closing = peer.close();
    expect(await failureOf(() => call(peer))).toMatchObject({ code: 'PEER_CLOSED', outcome: 'not-applied' });
    await closing;
  });

  test.each([0, -1, Number.NaN, '5' as unknown as number])('refuses a deadline of %s', async (deadlineMs) => {
    const { peers } = await openThree();
    const peer = await until('a leader', () => peers.find(({ role }) => role === 'leader'));
    expect(await failureOf(() => call(peer, { deadlineMs }))).toMatchObject({
      code: 'BAD_ARGUMENTS',
      details: { argument: 'deadlineMs' },
    });
  });

  test('rejects with the reason of a signal, aborted before or during', async () => {
    const { network, peers } = await openThree();
    const peer = await until('a leader', () => peers.find(({ role }) => role === 'leader'));
    const reason = new Error('not needed any more');
    expect(await reasonOf(() => call(peer, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    network.isolate(peer.id);
    const controller = new AbortController();
    const waiting = reasonOf(() => call(peer, { signal: controller.signal }));
    controller.abort(reason);
    expect(await waiting).toBe(reason);
  });

  test('refuses what is no signal', async () => {
    const { peers } = await openThree();
    const peer = await until('a leader', () => peers.find(({ role }) => role === 'leader'));
    expect(await failureOf(() => call(peer, { signal: {} as AbortSignal }))).toMatchObject({
      code: 'BAD_ARGUMENTS',
      details: { argument: 'signal' },
    });
  });
});

const throwing: unknown = new Proxy(
  {},
  {
    get: () => {
      throw new RangeError('get');
    },
    has: () => {
      throw new RangeError('has');
    },
    ownKeys: () => {
      throw new RangeError('ownKeys');
    },
    getPrototypeOf: () => {
      throw new RangeError('getPrototypeOf');
    },
  },
);

const garbage: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['0', 0],
  ['NaN', Number.NaN],
  ['a bigint', 5n],
  ['an empty text', ''],
  ['a text', 'garbage'],
  ['a symbol', Symbol('garbage')],
  ['a function', () => 'garbage'],
  ['an array', [[], null]],
  ['an object', { garbage: true }],
  ['an object without a prototype', Object.create(null)],
  ['a date', new Date(0)],
  ['a proxy that throws', throwing],
  ['a revoked proxy', revoked()],
];

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe.each(garbage)('with %s for every argument', (name, value) => {
  const asyncMethods = ['close', 'endSession', 'openSession', 'ready', 'transferLeadership'] as const;

  test('no method of a session throws or hangs', async () => {
    const session = await (await open()).openSession();
    for (const count of [1, 2, 3, 4]) {
      const args = Array.from({ length: count }, () => value);
      for (const [method] of sessionCalls) {
        const call = session[method as 'sync'] as (...given: readonly unknown[]) => Promise<unknown>;
        const promise = call.apply(session, args);
        expect(promise).toBeInstanceOf(Promise);
        await settles(promise);
      }
      const iterator = session.watch(...(args as [string, object]))[Symbol.asyncIterator]();
      const next = settles(iterator.next());
      await iterator.return?.();
      await next;
    }
    // Synchronous methods say what is wrong with a typed error, or take it.
    for (const call of [
      () => session.at(value as string),
      () => session.on(value as 'state', value as () => void),
      () => session.on('state', value as () => void),
    ]) {
      if (isFine(call)) continue;
      expect(thrownBy(call)).toMatchObject({ code: 'BAD_ARGUMENTS' });
    }
    await session.create('/still-works');
  });

  test('no method of a peer throws or hangs', async () => {
    for (const method of asyncMethods) {
      const peer = await open();
      await peer.ready();
      for (const count of [1, 2]) {
        const call = peer[method] as (...given: readonly unknown[]) => Promise<unknown>;
        const promise = call.apply(
          peer,
          Array.from({ length: count }, () => value),
        );
        expect(promise).toBeInstanceOf(Promise);
        await settles(promise);
      }
      await peer.close({ graceful: false });
    }
    const peer = await open();
    await peer.ready();
    for (const call of [
      () => peer.tree.get(value as string),
      () => peer.tree.stat(value as string),
      () => peer.tree.children(value as string),
      () => peer.tree.children('/', value as object),
      () => peer.on(value as 'role', () => undefined),
      () => peer.on('role', value as () => void),
    ]) {
      if (isFine(call)) continue;
      expect(thrownBy(call)).toMatchObject({
        code: expect.stringMatching(/^(BAD_ARGUMENTS|NO_NODE)$/u) as string,
      });
    }
    await (await peer.openSession()).create('/still-works');
  });

  test('no options start a peer wrongly', async () => {
    const isRevoked = name === 'a revoked proxy';
    for (const option of [
      'id',
      'ensemble',
      'members',
      'transport',
      'storage',
      'timing',
      'limits',
      'logger',
      'clock',
      'random',
    ]) {
      const started = await settles(open({ [option]: value }));
      // What a proxy throws itself is the caller's own.
      const isTyped = started.status === 'fulfilled' || started.reason instanceof CoordinationError;
      expect({ option, isTyped: isTyped || value === throwing || isRevoked }).toEqual({
        option,
        isTyped: true,
      });
    }
  });
});

function codeOf(settled: PromiseSettledResult<unknown>): ErrorCode | undefined {
  return settled.status === 'rejected' ? (settled.reason as CoordinationError).code : undefined;
}

/** Not refused, or refused by the argument itself: a proxy's own exception is the caller's. */
function isFine(call: () => unknown): boolean {
  try {
    call();
    return true;
  } catch (error) {
    return error instanceof RangeError || (error instanceof TypeError && /revoked/u.test(error.message));
  }
}

describe('closing', () => {
  test('twice is the same as once, for a session and for a peer', async () => {
    const peer = await open();
    const session = await peer.openSession();
    await Promise.all([session.close(), session.close()]);
    await session.close();
    await session[Symbol.asyncDispose]();
    expect(session.state).toBe('closed');
    await Promise.all([peer.close(), peer.close({ graceful: false }), peer.close()]);
    await peer.close();
    await peer[Symbol.asyncDispose]();
    await session.close();
  });

  test.each([
    ['the session', (session: Session, _peer: Peer) => session.close()],
    ['the peer, gracefully', (_session: Session, peer: Peer) => peer.close()],
    ['the peer, at once', (_session: Session, peer: Peer) => peer.close({ graceful: false })],
  ])('%s settles every call that is under way', async (_what, close) => {
    const { network, peers } = await openThree({ of: () => ({ limits: { sessionTimeoutMsMin: 600 } }) });
    const leader = await until('a leader', () => peers.find(({ role }) => role === 'leader'));
    const session = await leader.openSession({ timeoutMs: 600 });
    network.isolate(leader.id);
    const options = { deadlineMs: 60_000 };
    const calls = [
      ...sessionCalls.map(([, call]) => call(session, options)),
      session.get('/', { ...options, consistency: 'linearizable' }),
      session.set('/', 1, { ...options, acknowledge: 'all' }),
    ];
    const watching = failureOfWatch(session.watch('/'));
    const settledCalls = Promise.all(calls.map((call) => settles(call)));
    const closed = settles(close(session, leader));
    const settled = await settledCalls;
    expect((await closed).status).toBe('fulfilled');
    for (const code of new Set(settled.flatMap((each) => codeOf(each) ?? [])))
      expect(['SESSION_CLOSED', 'PEER_CLOSED', 'NO_NODE', 'UNAVAILABLE']).toContain(code);
    expect(['SESSION_CLOSED', 'PEER_CLOSED']).toContain((await watching).code);
    expect(session.state).toBe('closed');
    expect(session.signal.aborted).toBe(true);
  });

  test('a peer settles an opening of a session that is under way', async () => {
    const { network, a } = await openThree();
    network.isolate('a');
    const opening = settles(a.openSession({ deadlineMs: 60_000 }));
    await a.close();
    expect(await opening).toMatchObject({
      status: 'rejected',
      reason: { code: 'PEER_CLOSED', outcome: 'unknown' },
    });
  });

  test('a peer in the very turn in which a session is opened leaves no call hanging', async () => {
    for (let microtasks = 0; microtasks < 24; microtasks += 1) {
      const peer = await open();
      await peer.ready();
      const opening = peer.openSession();
      for (let at = 0; at < microtasks; at += 1) await Promise.resolve();
      const closing = peer.close({ graceful: false });
      const opened = await settles(opening);
      const called = opened.status === 'fulfilled' ? await settles(opened.value.get('/')) : opened;
      expect(codeOf(called)).toBe('PEER_CLOSED');

      await closing;
    }
  });

  test('gracefully without a majority takes a bounded time', async () => {
    const { network, a } = await openThree();
    await a.openSession({ timeoutMs: Infinity });
    network.isolate('a');
    expect((await settles(a.close(), 4_500)).status).toBe('fulfilled');
  });
});
