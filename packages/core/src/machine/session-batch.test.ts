import { describe, expect, test } from 'vitest';
import { Driver, create, noHooks, remove, reborn, replyText, repliesOf, set } from './testing/driver.ts';

const close = { kind: 'close' } as const;
const noop = { kind: 'noop' } as const;

describe('requests of a session', () => {
  test('are applied in order, each under a zxid of its own', () => {
    const driver = new Driver();
    const session = driver.open();
    expect(session.id).toBe(1);
    const items = driver.send(session, [create('/a', 1), set('/a', 2), remove('/missing'), noop]);
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ kind: 'replies', sessionId: 1, holder: 1, firstRequest: 1 });
    expect(repliesOf(items).map((reply) => reply.zxid)).toEqual([2, 3, 4, 5]);
    expect(repliesOf(items).map((reply) => reply.result.kind)).toEqual(['created', 'stat', 'error', 'none']);
    expect(driver.machine.zxid).toBe(5);
    expect(driver.machine.lastRequestOf(session.id)).toBe(4);
  });

  test('that were answered get the recorded answer again and change nothing', () => {
    const driver = new Driver();
    const session = driver.open();
    const batch = driver.batch(session, [
      create('/a/s-', null, { sequential: true }),
      create('/s-', 1, { sequential: true }),
    ]);
    const first = driver.apply(batch);
    const digest = driver.machine.digest();
    const second = driver.apply(batch);
    expect(second.items).toEqual(first.items);
    expect(second.transactions).toEqual([]);
    expect(second.commandCount).toBe(0);
    expect(driver.machine.zxid).toBe(3);
    expect(driver.machine.digest()).toBe(digest);
  });

  test('that are partly new are answered in full and applied in part', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [create('/a'), create('/b')]);
    const items = driver.send(session, [create('/b'), create('/c')], { firstRequest: 2 });
    expect(items.map((item) => item.kind)).toEqual(['replies', 'replies']);
    expect(items[0]).toMatchObject({ firstRequest: 2 });
    expect(items[1]).toMatchObject({ firstRequest: 3 });
    expect(repliesOf(items).map((reply) => reply.result.kind)).toEqual(['created', 'created']);
  });

  test('after a gap are not applied, and the session is told where to go on', () => {
    const driver = new Driver();
    const session = driver.open();
    const { items, transactions } = driver.apply(driver.batch(session, [create('/b')], { firstRequest: 2 }));
    expect(items).toEqual([{ kind: 'gap', sessionId: 1, holder: 1, expected: 1 }]);
    expect(transactions).toEqual([]);
    expect(driver.machine.zxid).toBe(1);
    expect(driver.machine.tree.get('/b')).toBeUndefined();
  });

  test('that are acknowledged are forgotten, and skipped when they come again', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [create('/a'), create('/b'), create('/c')]);
    const again = driver.send(session, [create('/a'), create('/b'), create('/c')], {
      firstRequest: 1,
      acknowledgedThrough: 2,
    });
    expect(again).toMatchObject([{ kind: 'replies', firstRequest: 3 }]);
    expect(repliesOf(again)).toHaveLength(1);
    expect(driver.send(session, [noop], { firstRequest: 2 })).toEqual([]);
  });

  test('cannot be acknowledged before they are applied, nor taken back', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [noop, noop], { acknowledgedThrough: 99 });
    expect(repliesOf(driver.send(session, [noop, noop], { firstRequest: 1 }))).toHaveLength(2);
    driver.send(session, [noop], { firstRequest: 3, acknowledgedThrough: 2 });
    driver.send(session, [noop], { firstRequest: 4, acknowledgedThrough: 0 });
    expect(repliesOf(driver.send(session, [noop, noop, noop, noop], { firstRequest: 1 }))).toHaveLength(2);
  });

  test('beyond the replies that are kept are a gap until some are acknowledged', () => {
    const driver = new Driver();
    driver.configure({ repliesPerSessionMax: 2 });
    const session = driver.open();
    const items = driver.send(session, [noop, noop, noop]);
    expect(items.map((item) => item.kind)).toEqual(['replies', 'gap']);
    expect(items[1]).toMatchObject({ expected: 3 });
    expect(driver.send(session, [noop])).toMatchObject([{ kind: 'gap', expected: 3 }]);
    expect(driver.send(session, [noop], { acknowledgedThrough: 1 })).toMatchObject([{ kind: 'replies' }]);
    expect(driver.send(session, [noop])).toMatchObject([{ kind: 'gap', expected: 4 }]);
  });

  test('of an unknown session, or of an earlier holder, are refused', () => {
    const driver = new Driver();
    const session = driver.open();
    expect(driver.apply(driver.batch(77, [create('/a')])).items).toEqual([
      { kind: 'refused', sessionId: 77, holder: 1, code: 'SESSION_EXPIRED' },
    ]);
    driver.system(driver.resumption(session.id));
    expect(driver.send(session, [create('/a')])).toEqual([
      { kind: 'refused', sessionId: 1, holder: 1, code: 'SESSION_EXPIRED' },
    ]);
    expect(driver.machine.tree.get('/a')).toBeUndefined();
  });

  test('of two sessions in one entry keep their places', () => {
    const driver = new Driver();
    const one = driver.open(1);
    const two = driver.open(2);
    const { items } = driver.apply(
      driver.batch(one, [create('/x', 1)]),
      driver.batch(two, [set('/x', 2)]),
      driver.batch(one, [set('/x', 3)], { firstRequest: 2 }),
    );
    expect(items.map((item) => (item.kind === 'replies' ? [item.sessionId, item.firstRequest] : []))).toEqual(
      [
        [1, 1],
        [2, 1],
        [1, 2],
      ],
    );
    expect(driver.machine.tree.get('/x')?.version).toBe(2);
  });

  test('without any op acknowledge and are answered by nothing', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [noop]);
    expect(driver.send(session, [], { firstRequest: 9, acknowledgedThrough: 1 })).toEqual([]);
    expect(driver.send(session, [noop], { firstRequest: 1 })).toEqual([]);
  });

  test('that make no sense are answered and take their number', () => {
    const driver = new Driver();
    const session = driver.open();
    const batch = driver.batch(session, [create('/a'), noop]);
    // The opcode of the first command.
    batch[46] = 0xee;
    const { items } = driver.apply(batch);
    expect(repliesOf(items)).toMatchObject([
      { zxid: 2, result: { kind: 'error', code: 'BAD_ARGUMENTS' } },
      { zxid: 3, result: { kind: 'none' } },
    ]);
    expect(driver.machine.lastRequestOf(session.id)).toBe(2);
  });
});

describe('a session that closes itself', () => {
  test('takes its ephemerals along in one transaction, and refuses what follows', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [
      create('/b', 1, { createKind: 'ephemeral' }),
      create('/a', 1, { createKind: 'ephemeral' }),
      create('/kept', 1),
    ]);
    const { items, transactions } = driver.apply(driver.batch(session, [close, create('/late')]));
    expect(items).toEqual([
      {
        kind: 'replies',
        sessionId: 1,
        holder: 1,
        firstRequest: 4,
        replies: [{ zxid: 5, result: { kind: 'none' } }],
      },
      { kind: 'session-ended', sessionId: 1, code: 'SESSION_CLOSED' },
      { kind: 'refused', sessionId: 1, holder: 1, code: 'SESSION_CLOSED' },
    ]);
    expect(transactions).toHaveLength(1);
    expect(transactions[0]?.zxid).toBe(5);
    expect(transactions[0]?.changes.map((change) => change.path)).toEqual(['/a', '/b']);
    expect(driver.machine.tree.size).toBe(2);
    expect(driver.machine.sessions()).toEqual([]);
    driver.machine.validate();
  });

  test('is told SESSION_CLOSED when it asks again, also after a restart from a snapshot', () => {
    const driver = new Driver();
    const session = driver.open();
    const batch = driver.batch(session, [close]);
    driver.apply(batch);
    const refused = [{ kind: 'refused', sessionId: 1, holder: 1, code: 'SESSION_CLOSED' }];
    expect(driver.apply(batch).items).toEqual(refused);
    const restarted = new Driver(reborn(driver.machine));
    expect(restarted.apply(batch).items).toEqual(refused);
  });

  test('is forgotten after many others were closed', () => {
    const driver = new Driver();
    const first = driver.open(1);
    driver.send(first, [close]);
    for (let count = 0; count < 1_024; count += 1) driver.send(driver.open(2), [close]);
    expect(driver.send(first, [noop])).toMatchObject([{ kind: 'refused', code: 'SESSION_EXPIRED' }]);
    driver.machine.validate();
  });
});

describe('hooks', () => {
  test('are called after each accepted request of a waiting session, with the tree as it is just then', () => {
    const driver = new Driver();
    const one = driver.open(1);
    const two = driver.open(2);
    const seen: unknown[] = [];
    driver.hooks = {
      ...noHooks,
      waitingSessions: new Set([one.id]),
      requestApplied: (sessionId, request) => {
        seen.push([sessionId, request, driver.machine.tree.get('/a')?.version, driver.machine.zxid]);
      },
    };
    const batch = driver.batch(one, [
      create('/a'),
      set('/a', 1),
      set('/a', 9, { version: 7 }),
      set('/a', 2),
      close,
    ]);
    driver.apply(driver.batch(two, [noop]), batch);
    expect(seen).toEqual([
      [1, 1, 0, 4],
      [1, 2, 1, 5],
      [1, 3, 1, 6],
      [1, 4, 2, 7],
      [1, 5, 2, 8],
    ]);
  });

  test('are not called for repeated, refused or missing requests', () => {
    const driver = new Driver();
    const session = driver.open();
    const batch = driver.batch(session, [noop]);
    driver.apply(batch);
    let calls = 0;
    driver.hooks = {
      ...noHooks,
      waitingSessions: new Set([session.id]),
      requestApplied: () => void (calls += 1),
    };
    driver.apply(
      batch,
      driver.batch(session, [noop], { firstRequest: 5 }),
      driver.batch(session, [noop], { holder: 2 }),
    );
    expect(calls).toBe(0);
  });
});

describe('the record of replies', () => {
  test('survives a snapshot: a retried request gets its original answer', () => {
    const driver = new Driver();
    const session = driver.open();
    const batch = driver.batch(session, [
      create('/job-', { name: 'x' }, { sequential: true }),
      { kind: 'increment', path: '/n', by: 3n, create: true },
      { kind: 'multi', ops: [set('/n', 1), { kind: 'check', path: '/n', version: 1 }], byteCount: 0 },
      remove('/none'),
    ]);
    const { items } = driver.apply(batch);
    const restarted = new Driver(reborn(driver.machine));
    expect(restarted.machine.digest()).toBe(driver.machine.digest());
    const again = restarted.apply(batch);
    expect(again.transactions).toEqual([]);
    expect(repliesOf(again.items).map(replyText)).toEqual(repliesOf(items).map(replyText));
  });
});
