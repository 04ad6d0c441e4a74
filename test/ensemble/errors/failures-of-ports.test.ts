/**
 * What a port that fails does to a peer: it stops, says why once, rejects every call, and stays stopped. The
 * host goes on, and so does the rest of the ensemble.
 */
import type { CoordinationError } from '@quorate/core';
import { memoryStorage, openPeer, type ErrorCode, type Peer } from '@quorate/core';
import type { Storage } from '@quorate/core/ports';
import { memoryNetwork } from '@quorate/transport-memory';
import { describe, expect, test } from 'vitest';
import {
  breakableClock,
  breakableStorage,
  breakableTransport,
  broken,
  fault,
  throwingLogger,
  type Manner,
} from './failing-ports.ts';
import {
  codesOf,
  failureOf,
  failureOfWatch,
  followersOf,
  guardTheHost,
  leaderOf,
  open,
  openThree,
  patienceMs,
  settles,
  thrownBy,
  timing,
  turns,
  until,
} from './setup.ts';

guardTheHost();

const manners: readonly Manner[] = ['throws', 'rejects'];

/** The peer has stopped with this code: told once, and for every later call. */
async function expectStopped(
  peer: Peer,
  fatals: readonly CoordinationError[],
  code: ErrorCode,
): Promise<void> {
  await until('the peer to stop', () => fatals.length > 0);
  await turns(3);
  expect(codesOf(fatals)).toEqual([code]);
  expect(fatals[0]).toMatchObject({ outcome: 'unknown', retryable: false, cause: broken });
  expect(fatals[0]?.details.reason).toBe(broken.message);
  expect({ role: peer.role, leader: peer.leader }).toEqual({ role: 'follower', leader: undefined });
  expect(peer.status()).toMatchObject({ role: 'follower', leader: undefined });
  const later = await Promise.all([
    failureOf(() => peer.openSession()),
    failureOf(() => peer.ready()),
    failureOf(() => peer.endSession('0x1')),
    failureOf(() => peer.transferLeadership()),
  ]);
  expect(later.map((failure) => [failure.code, failure.outcome])).toEqual(
    later.map(() => [code, 'not-applied']),
  );
  expect((await settles(peer.close())).status).toBe('fulfilled');
  expect(codesOf(fatals)).toEqual([code]);
}

function fatalsOf(peer: Peer): readonly CoordinationError[] {
  const fatals: CoordinationError[] = [];
  peer.on('fatal', (error) => void fatals.push(error));
  return fatals;
}

describe.each(manners)('a storage that %s', (manner) => {
  test('when it is opened fails the start', async () => {
    const isBroken = { isOn: true };
    const failure = await failureOf(() =>
      open({ storage: breakableStorage({ fault: isBroken, of: 'open', manner }) }),
    );
    expect(failure).toMatchObject({ code: 'STORAGE_FAILED', outcome: 'not-applied', cause: broken });
    expect(failure.details).toEqual({ reason: broken.message });
  });

  test('when it is written stops the peer and everything that waits for it', async () => {
    const isBroken = fault();
    const peer = await open({ storage: breakableStorage({ fault: isBroken, of: 'write', manner }) });
    const fatals = fatalsOf(peer);
    const session = await peer.openSession();
    const watching = failureOfWatch(session.watch('/'));
    await session.sync();
    isBroken.isOn = true;
    const failures = await Promise.all([
      failureOf(() => session.create('/one')),
      failureOf(() => session.increment('/two', 1, { create: true })),
      failureOf(() => session.get('/one')),
      failureOf(() => peer.openSession()),
    ]);
    expect(codesOf(failures)).toEqual(failures.map(() => 'STORAGE_FAILED'));
    expect(failures.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'not-applied', 'unknown']);
    expect(await watching).toMatchObject({ code: 'STORAGE_FAILED', details: { reason: broken.message } });
    expect(session.state).toBe('closed');
    expect(session.signal.reason).toMatchObject({ code: 'STORAGE_FAILED', cause: broken });
    expect(await failureOf(() => session.get('/'))).toMatchObject({
      code: 'STORAGE_FAILED',
      outcome: 'not-applied',
    });
    expect((await settles(session.close())).status).toBe('fulfilled');
    await expectStopped(peer, fatals, 'STORAGE_FAILED');
  });

  test('when a stored snapshot is read fails the start', async () => {
    const inner = memoryStorage();
    await takeSnapshot(inner);
    const isBroken = { isOn: true };
    const storage = breakableStorage({ fault: isBroken, of: 'readSnapshot', manner }, inner);
    expect(await failureOf(() => open({ storage }))).toMatchObject({ code: 'STORAGE_FAILED', cause: broken });
    // The storage was given back: nothing of the failed start keeps it.
    isBroken.isOn = false;
    const peer = await open({ storage });
    await peer.ready();
    expect(peer.tree.get('/')?.value).toBe(7);
  });

  test('when a follower needs a snapshot stops the leader, and the others go on', async () => {
    const network = memoryNetwork();
    const members = { a: '', b: '', c: '' };
    const limits = { snapshotAfterEntries: 5, logEntriesKept: 1 };
    const faults = { a: fault(), b: fault(), c: fault() };
    const storages = new Map(Object.keys(members).map((id) => [id, memoryStorage()]));
    const peers = await Promise.all(
      Object.entries(faults).map(([id, isBroken]) =>
        open({
          id,
          members,
          limits,
          transport: network.transport(),
          storage: breakableStorage({ fault: isBroken, of: 'readSnapshot', manner }, storages.get(id)),
        }),
      ),
    );
    await Promise.all(peers.map((peer) => peer.ready({ deadlineMs: patienceMs })));
    const leader = await leaderOf(peers);
    const fatals = fatalsOf(leader);
    const [behind, other] = await followersOf(peers);
    if (behind === undefined || other === undefined) throw new RangeError('two followers');
    await behind.close({ graceful: false });
    const session = await leader.openSession();
    for (let value = 0; value < 12; value += 1) await session.set('/', value);
    await until('a snapshot', () => leader.status().positions.firstIndex > 3);
    faults[leader.id as 'a'].isOn = true;
    const storage = storages.get(behind.id) ?? memoryStorage();
    await open({ id: behind.id, members, limits, storage, transport: network.transport() });
    await expectStopped(leader, fatals, 'STORAGE_FAILED');
    await other.ready({ deadlineMs: patienceMs });
    expect(other.tree.get('/')?.value).toBe(11);
  });

  test('when it is closed does not keep the peer from closing', async () => {
    const isBroken = { isOn: true };
    const peer = await open({ storage: breakableStorage({ fault: isBroken, of: 'close', manner }) });
    await peer.ready();
    expect((await settles(peer.close())).status).toBe('fulfilled');
  });
});

describe.each(manners)('a transport that %s', (manner) => {
  test('when it is started fails the start and gives the storage back', async () => {
    const isBroken = { isOn: true };
    const transport = breakableTransport(memoryNetwork().transport(), {
      fault: isBroken,
      of: 'start',
      manner,
    });
    const storage = memoryStorage();
    const failure = await failureOf(() => open({ transport, storage }));
    expect(failure).toMatchObject({ code: 'FATAL', outcome: 'not-applied', cause: broken });
    expect(failure.details.reason).toBe(broken.message);
    await (await open({ storage })).ready();
  });

  test('when it is closed does not keep the peer from closing', async () => {
    const isBroken = { isOn: true };
    const transport = breakableTransport(memoryNetwork().transport(), {
      fault: isBroken,
      of: 'close',
      manner,
    });
    const storage = memoryStorage();
    const peer = await open({ transport, storage });
    expect((await settles(peer.close())).status).toBe('fulfilled');
    await (await open({ storage })).ready();
  });
});

test('a transport that refuses to start with an error of its own is told with that error', async () => {
  const network = memoryNetwork();
  const transport = network.transport();
  await open({ transport });
  expect(await failureOf(() => open({ transport }))).toMatchObject({
    code: 'BAD_ARGUMENTS',
    details: { argument: 'transport' },
  });
});

test.each(['leader', 'follower'])(
  'a transport that throws in send stops its peer, a %s, and the others go on',
  async (role) => {
    const faults = new Map(['a', 'b', 'c'].map((id) => [id, fault()]));
    const network = memoryNetwork();
    const peers = await Promise.all(
      [...faults].map(([id, isBroken]) =>
        open({
          id,
          members: { a: '', b: '', c: '' },
          transport: breakableTransport(network.transport(), {
            fault: isBroken,
            of: 'send',
            manner: 'throws',
          }),
        }),
      ),
    );
    await Promise.all(peers.map((peer) => peer.ready({ deadlineMs: patienceMs })));
    const leader = await leaderOf(peers);
    const [follower, other] = await followersOf(peers);
    // A follower sends nothing of its own accord: it is an answer, after its disk, that throws.
    const failing = role === 'leader' ? leader : (follower ?? leader);
    const fatals = fatalsOf(failing);
    const session = await leader.openSession({ timeoutMs: 60_000 });
    const isBroken = faults.get(failing.id);
    if (isBroken !== undefined) isBroken.isOn = true;
    const called = await settles(session.create('/first', null, { deadlineMs: patienceMs }));
    expect(called).toMatchObject(
      role === 'leader'
        ? { status: 'rejected', reason: { code: 'FATAL', outcome: 'unknown' } }
        : { status: 'fulfilled' },
    );
    await expectStopped(failing, fatals, 'FATAL');
    const survivor = await other?.openSession({ deadlineMs: patienceMs });
    await survivor?.create('/goes-on', null, { deadlineMs: patienceMs });
  },
);

describe.each(['now', 'wallNow', 'afterInput', 'now: NaN'] as const)('a clock whose `%s` fails', (of) => {
  test('stops its peer, and harms neither the host nor the others', async () => {
    const isBroken = fault();
    const { a, b } = await openThree({
      of: (id) =>
        id === 'a' ? { clock: breakableClock(isBroken, of), limits: { applyCommandsPerStepMax: 1 } } : {},
    });
    const fatals: CoordinationError[] = [];
    a.on('fatal', (error) => void fatals.push(error));
    const session = await a.openSession({ deadlineMs: patienceMs });
    isBroken.isOn = true;
    stall();
    const calls = [session.create('/one'), session.create('/two'), session.get('/'), a.ready()];
    const codes = (await Promise.all(calls.map((call) => settles<unknown>(call)))).flatMap((settled) =>
      settled.status === 'rejected' ? [(settled.reason as CoordinationError).code] : [],
    );
    await until('the peer to stop', () => fatals.length > 0);
    expect(new Set(codes).size).toBeLessThanOrEqual(1);
    expect(codesOf(fatals)).toEqual(['FATAL']);
    // Getters and synchronous calls of a stopped session do not throw what the clock throws.
    expect(session.state).toBe('closed');
    expect(session.signal.aborted).toBe(true);
    expect(await failureOf(() => session.get('/'))).toMatchObject({ code: 'FATAL' });
    const other = await b.openSession({ deadlineMs: patienceMs });
    await other.create('/goes-on');
  });
});

test('a clock that cannot make a timer fails the start', async () => {
  const failure = await failureOf(() => open({ clock: breakableClock({ isOn: true }, 'every') }));
  expect(failure).toMatchObject({ code: 'FATAL', cause: broken });
});

test('a random port that throws fails the start', async () => {
  const fail = (): never => {
    throw broken;
  };
  const failure = await failureOf(() => openPeer({ id: 'a', timing, random: { u32: fail, bytes: fail } }));
  expect(failure).toMatchObject({ code: 'FATAL', cause: broken });
});

test('a random port that throws later fails the call that needed it', async () => {
  const isBroken = fault();
  const bytes = (count: number): Uint8Array => {
    if (isBroken.isOn) throw broken;
    return crypto.getRandomValues(new Uint8Array(count));
  };
  const peer = await open({ random: { u32: () => Math.floor(Math.random() * 0xffff_ffff), bytes } });
  await peer.ready();
  isBroken.isOn = true;
  expect(await failureOf(() => peer.openSession())).toMatchObject({ code: 'FATAL', cause: broken });
});

test('a logger that throws harms nobody', async () => {
  const network = memoryNetwork();
  // An even number of voters is worth a warning, and so is a listener that throws.
  const members = { a: '', b: '' };
  const logger = throwingLogger();
  const [a, b] = await Promise.all(
    ['a', 'b'].map((id) => open({ id, members, logger, transport: network.transport() })),
  );
  a?.on('health', () => {
    throw broken;
  });
  await Promise.all([a?.ready({ deadlineMs: patienceMs }), b?.ready({ deadlineMs: patienceMs })]);
  expect(a?.leader).toBe(b?.leader);
});

test.each([
  [
    'throws',
    () => {
      throw broken;
    },
  ],
  ['is async and rejects', () => Promise.reject(broken)],
] as const)('a listener that %s harms neither the peer nor another listener', async (_manner, fail) => {
  const listener = fail as () => undefined;
  const roles: string[] = [];
  const states: string[] = [];
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const warn = (_facts: object, message: string): void => void warnings.push(message);
  const { network, peers } = await openThree({
    of: () => ({ logger: { debug: ignore, info: ignore, warn, error: ignore } }),
  });
  const leader = await leaderOf(peers);
  const [other] = await followersOf(peers);
  for (const event of ['role', 'leader', 'health', 'members', 'fatal'] as const) {
    leader.on(event, listener);
  }
  leader.on('role', ({ role }) => void roles.push(role));
  const session = await leader.openSession({ timeoutMs: 60_000 });
  session.on('state', listener);
  session.on('state', (state) => void states.push(state));
  network.isolate(leader.id, { silent: false });
  await until('it steps down', () => roles.length > 0 && states.length > 0);
  network.heal();
  await until('it is back', () => states.includes('connected'));
  await session.set('/', 1, { deadlineMs: patienceMs });
  expect(warnings).toContain('a listener threw');
  await other?.ready();
});

test('a listener that is no function, or of no event, is refused', async () => {
  const peer = await open();
  expect(thrownBy(() => peer.on('role', 5 as unknown as () => void))).toMatchObject({
    code: 'BAD_ARGUMENTS',
  });
  expect(thrownBy(() => peer.on('roles' as 'role', () => undefined))).toMatchObject({
    code: 'BAD_ARGUMENTS',
  });
});

test('a storage that was left by a stopped peer is not taken from the next one', async () => {
  const isBroken = fault();
  const storage = breakableStorage({ fault: isBroken, of: 'write', manner: 'rejects' });
  const first = await open({ storage });
  const fatals = fatalsOf(first);
  const session = await first.openSession();
  isBroken.isOn = true;
  await failureOf(() => session.create('/lost'));
  isBroken.isOn = false;
  await until('the storage to be free', () => fatals.length > 0);
  const second = await open({ storage });
  await second.ready();
  await first.close();
  const next = await second.openSession();
  await next.create('/kept');
  expect(second.tree.get('/kept')).toBeDefined();
});

/** A stall of the event loop: the next tick is late, so it lets the input be read first. */
function stall(): void {
  const endAt = performance.now() + 3 * timing.heartbeatMs;
  while (performance.now() < endAt);
}

/** Leaves a snapshot in the storage, of a state in which the root's value is 7. */
async function takeSnapshot(storage: Storage): Promise<void> {
  const peer = await open({ storage, limits: { snapshotAfterEntries: 5, logEntriesKept: 1 } });
  const session = await peer.openSession();
  for (const value of [1, 2, 3, 4, 5, 6, 7]) await session.set('/', value);
  await until('a snapshot', () => peer.status().positions.snapshotIndex > 0);
  await peer.close({ graceful: false });
}
