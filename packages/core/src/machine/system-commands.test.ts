import { describe, expect, test } from 'vitest';
import { defaultEnsembleLimits } from '../limits.ts';
import { create, Driver, noHooks, reborn, repliesOf, secretHash } from './testing/driver.ts';

const noop = { kind: 'noop' } as const;

describe('configure', () => {
  test('lets the first limits win, whatever comes later', () => {
    const driver = new Driver();
    expect(driver.machine.configured).toBe(false);
    expect(driver.machine.limits).toEqual(defaultEnsembleLimits);
    driver.configure({ sessionsMax: 3 });
    driver.configure({ sessionsMax: 4 });
    expect(driver.machine.configured).toBe(true);
    expect(driver.machine.limits.sessionsMax).toBe(3);
    expect(driver.machine.zxid).toBe(2);
  });

  test.each([
    { repliesPerSessionMax: 0 },
    { sessionTimeoutMsMin: 2, sessionTimeoutMsMax: 1 },
    { valueBytesMax: 1.5 },
    { containerGraceMs: Number.POSITIVE_INFINITY },
  ])('refuses limits that make no sense: %o', (limits) => {
    const driver = new Driver();
    const result = driver.system({ kind: 'configure', limits: { ...defaultEnsembleLimits, ...limits } });
    expect(result).toMatchObject({ kind: 'error', code: 'BAD_ARGUMENTS' });
    expect(driver.machine.configured).toBe(false);
  });
});

describe('opening a session', () => {
  test('gives it the zxid of its opening as id', () => {
    const driver = new Driver();
    driver.configure({});
    driver.wallMs = 5_000;
    expect(driver.system({ kind: 'open-session', secretHash: secretHash(1), timeoutMs: 10_000 })).toEqual({
      kind: 'session',
      sessionId: 2,
      timeoutMs: 10_000,
      holder: 1,
      nextRequest: 1,
    });
    expect(driver.machine.session(2)).toEqual({
      sessionId: 2,
      timeoutMs: 10_000,
      holder: 1,
      lastRequest: 0,
      ephemeralsCount: 0,
      openedAtMs: 5_000,
    });
    expect(driver.machine.session(3)).toBeUndefined();
  });

  test.each([
    [1, 1_000],
    [999, 1_000],
    [1_000, 1_000],
    [1_500.7, 1_500],
    [3_600_000, 3_600_000],
    [3_600_001, 3_600_000],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('grants a time-out of %d ms as %d ms', (asked, granted) => {
    const driver = new Driver();
    const { id } = driver.open(1, asked);
    expect(driver.machine.session(id)?.timeoutMs).toBe(granted);
  });

  test('refuses a time-out of 0', () => {
    const result = new Driver().system({ kind: 'open-session', secretHash: secretHash(1), timeoutMs: 0 });
    expect(result).toMatchObject({ kind: 'error', code: 'BAD_ARGUMENTS' });
  });

  test('twice with one secret finds the session that was opened', () => {
    const driver = new Driver();
    const session = driver.open(1);
    driver.send(session, [noop]);
    expect(driver.system({ kind: 'open-session', secretHash: secretHash(1), timeoutMs: 77_000 })).toEqual({
      kind: 'session',
      sessionId: session.id,
      timeoutMs: 10_000,
      holder: 1,
      nextRequest: 2,
    });
    expect(driver.machine.sessionsCount).toBe(1);
  });

  test('beyond the limit fails until another one ends', () => {
    const driver = new Driver();
    driver.configure({ sessionsMax: 1 });
    const session = driver.open(1);
    const second = { kind: 'open-session', secretHash: secretHash(2), timeoutMs: 5_000 } as const;
    expect(driver.system(second)).toEqual({
      kind: 'error',
      code: 'LIMIT_EXCEEDED',
      details: { limit: 'sessionsMax', limitValue: 1, measured: 2 },
    });
    driver.system({ kind: 'end-session', sessionId: session.id });
    expect(driver.system(second).kind).toBe('session');
  });
});

describe('resuming a session', () => {
  test('makes another holder, who goes on with a fresh number', () => {
    const driver = new Driver();
    const session = driver.open(1);
    const batch = driver.batch(session, [create('/a', 1, { createKind: 'ephemeral' }), noop]);
    driver.apply(batch);
    const result = driver.system(driver.resumption(session.id));
    const holder = driver.ticket;
    expect(result).toEqual({ kind: 'session', sessionId: 1, timeoutMs: 10_000, holder, nextRequest: 4 });
    expect(driver.apply(batch).items).toMatchObject([{ kind: 'refused', code: 'SESSION_EXPIRED' }]);
    const resumed = { id: session.id, holder };
    expect(driver.send(resumed, [noop], { firstRequest: 4 })).toMatchObject([
      { kind: 'replies', firstRequest: 4 },
    ]);
    expect(driver.send(resumed, [noop], { firstRequest: 1 })).toEqual([]);
    expect(driver.machine.tree.get('/a')?.owner).toBe(session.id);
    driver.machine.validate();
  });

  test('twice with one ticket is one resumption', () => {
    const driver = new Driver();
    const session = driver.open(1);
    const batch = driver.systemBatch(driver.resumption(session.id));
    const first = driver.apply(batch).items;
    driver.send({ id: session.id, holder: driver.ticket }, [noop]);
    const second = driver.apply(batch).items;
    expect(first).toMatchObject([{ reply: { result: { holder: driver.ticket, nextRequest: 2 } } }]);
    expect(second).toMatchObject([{ reply: { result: { holder: driver.ticket, nextRequest: 3 } } }]);
  });

  test('takes nothing from a later holder when it comes late', () => {
    const driver = new Driver();
    const session = driver.open(1);
    const late = driver.systemBatch(driver.resumption(session.id));
    driver.system(driver.resumption(session.id));
    const holder = driver.ticket;
    for (let copy = 0; copy < 2; copy += 1) {
      expect(driver.apply(late).items).toMatchObject([{ reply: { result: { code: 'COMPARE_FAILED' } } }]);
    }
    expect(driver.machine.session(session.id)).toMatchObject({ holder, lastRequest: 1 });
    expect(driver.send({ id: session.id, holder }, [noop])).toMatchObject([{ kind: 'replies' }]);
  });

  test('needs a ticket that no first holder has', () => {
    const driver = new Driver();
    const session = driver.open(1);
    driver.ticket = -1;
    const op = driver.resumption(session.id);
    expect(driver.system(op)).toMatchObject({ code: 'BAD_ARGUMENTS' });
    // Ticket 1 is the first holder itself: nothing changes.
    expect(driver.system(op)).toMatchObject({ holder: 1, nextRequest: 1 });
    expect(driver.system(op)).toMatchObject({ holder: 2, nextRequest: 2 });
  });

  test('fails with another secret, for an unknown id, and after its end', () => {
    const driver = new Driver();
    const session = driver.open(1);
    const resume = (sessionId: number, secret: number): unknown =>
      driver.system(driver.resumption(sessionId, secret));
    expect(resume(session.id, 2)).toMatchObject({ code: 'AUTH_FAILED' });
    expect(resume(99, 1)).toMatchObject({ code: 'SESSION_EXPIRED' });
    driver.system({ kind: 'end-session', sessionId: session.id });
    expect(resume(session.id, 1)).toMatchObject({ code: 'SESSION_CLOSED' });
  });
});

describe('an expiry', () => {
  test('removes the session and its ephemerals in one transaction', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [
      create('/e', 1, { createKind: 'ephemeral' }),
      create('/d'),
      create('/d/e', 1, { createKind: 'ephemeral' }),
    ]);
    const { items, transactions } = driver.apply(
      driver.systemBatch({ kind: 'expire-session', sessionId: session.id, lastRequest: 3 }),
    );
    expect(items).toMatchObject([
      { kind: 'system', reply: { zxid: 5, result: { kind: 'none' } } },
      { kind: 'session-ended', sessionId: session.id, code: 'SESSION_EXPIRED' },
    ]);
    expect(transactions.map(({ zxid, changes }) => [zxid, changes.map((change) => change.path)])).toEqual([
      [5, ['/d/e', '/e']],
    ]);
    expect(driver.machine.tree.ephemeralsOf(session.id).size).toBe(0);
    expect(driver.send(session, [noop])).toMatchObject([{ kind: 'refused', code: 'SESSION_EXPIRED' }]);
    driver.machine.validate();
  });

  test('is rejected when a request overtook it in the log', () => {
    const driver = new Driver();
    const session = driver.open();
    const expiry = driver.systemBatch({ kind: 'expire-session', sessionId: session.id, lastRequest: 0 });
    const { items } = driver.apply(driver.batch(session, [noop]), expiry);
    expect(items.map((item) => item.kind)).toEqual(['replies', 'system']);
    expect(items[1]).toMatchObject({ reply: { result: { kind: 'error', code: 'COMPARE_FAILED' } } });
    expect(driver.machine.session(session.id)).toBeDefined();
  });

  test('is rejected when the session was resumed meanwhile', () => {
    const driver = new Driver();
    const session = driver.open();
    const expiry = driver.systemBatch({ kind: 'expire-session', sessionId: session.id, lastRequest: 0 });
    driver.system(driver.resumption(session.id));
    expect(driver.apply(expiry).items).toMatchObject([{ reply: { result: { code: 'COMPARE_FAILED' } } }]);
    expect(driver.machine.session(session.id)).toBeDefined();
  });

  test('that wins the race refuses the request that comes after it', () => {
    const driver = new Driver();
    const session = driver.open();
    const { items } = driver.apply(
      driver.systemBatch({ kind: 'expire-session', sessionId: session.id, lastRequest: 0 }),
      driver.batch(session, [create('/a')]),
    );
    expect(items.map((item) => item.kind)).toEqual(['system', 'session-ended', 'refused']);
    expect(driver.machine.tree.get('/a')).toBeUndefined();
  });

  test('asked twice ends the session once', () => {
    const driver = new Driver();
    const session = driver.open();
    const op = { kind: 'expire-session', sessionId: session.id, lastRequest: 0 } as const;
    driver.system(op);
    const again = driver.apply(driver.systemBatch(op));
    expect(again.items).toMatchObject([{ kind: 'system', reply: { result: { code: 'SESSION_EXPIRED' } } }]);
    expect(again.items).toHaveLength(1);
  });
});

describe('an operator', () => {
  test('ends a session whatever it does; ending it twice is fine', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [create('/e', 1, { createKind: 'ephemeral' })]);
    const op = { kind: 'end-session', sessionId: session.id } as const;
    expect(driver.apply(driver.systemBatch(op)).items[1]).toEqual({
      kind: 'session-ended',
      sessionId: session.id,
      code: 'SESSION_CLOSED',
    });
    expect(driver.system(op)).toEqual({ kind: 'none' });
    expect(driver.machine.tree.get('/e')).toBeUndefined();
    expect(driver.system({ kind: 'end-session', sessionId: 77 })).toMatchObject({ code: 'SESSION_EXPIRED' });
  });
});

describe('times', () => {
  test('never run backwards, and an entry without commands moves them too', () => {
    const driver = new Driver();
    driver.wallMs = 5_000;
    driver.elapsedMs = 700;
    expect(driver.applyBody(new Uint8Array(), 'noop')).toEqual({
      items: [],
      transactions: [],
      commandCount: 0,
    });
    expect([driver.machine.wallMs, driver.machine.elapsedMs, driver.machine.zxid]).toEqual([5_000, 700, 0]);
    driver.wallMs = 4_000;
    driver.elapsedMs = 600;
    driver.applyBody(new Uint8Array(), 'membership');
    expect([driver.machine.wallMs, driver.machine.elapsedMs, driver.machine.appliedIndex]).toEqual([
      5_000, 700, 2,
    ]);
    const session = driver.open();
    driver.send(session, [create('/a')]);
    expect(driver.machine.tree.get('/a')).toMatchObject({ ctime: 5_000, elapsedMs: 700 });
  });

  test('that are no numbers are ignored', () => {
    const { machine } = new Driver();
    const entry = { term: 1, kind: 'noop', body: new Uint8Array() } as const;
    machine.apply({ ...entry, index: 1, wallMs: 10, elapsedMs: 10 }, noHooks);
    machine.apply({ ...entry, index: 2, wallMs: Number.NaN, elapsedMs: Number.POSITIVE_INFINITY }, noHooks);
    expect([machine.wallMs, machine.elapsedMs]).toEqual([10, 10]);
  });

  test('an entry out of order is a bug and not applied', () => {
    const { machine } = new Driver();
    const entry = {
      index: 2,
      term: 1,
      kind: 'noop',
      wallMs: 1,
      elapsedMs: 1,
      body: new Uint8Array(),
    } as const;
    expect(() => machine.apply(entry, noHooks)).toThrow('entries are applied in order');
    expect(machine.appliedIndex).toBe(0);
  });
});

test('sessions survive a snapshot: ids, secrets, holders, numbers', () => {
  const driver = new Driver();
  const first = driver.open(1, Number.POSITIVE_INFINITY);
  const second = driver.open(2);
  driver.send(first, [create('/e', 1, { createKind: 'ephemeral' }), noop]);
  driver.system(driver.resumption(second.id, 2));
  const restarted = new Driver(reborn(driver.machine));
  expect(restarted.machine.sessions()).toEqual(driver.machine.sessions());
  expect(restarted.open(1)).toEqual(first);
  expect(restarted.system(restarted.resumption(second.id, 3))).toMatchObject({
    code: 'AUTH_FAILED',
  });
  expect(repliesOf(restarted.send(first, [noop], { firstRequest: 2 }))).toHaveLength(1);
  restarted.machine.validate();
});
