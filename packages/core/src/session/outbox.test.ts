import { describe, expect, it } from 'vitest';
import { CoordinationError } from '../errors.ts';
import {
  created,
  none,
  openFake,
  refused,
  settled,
  statFields,
  statResult,
  turn,
} from '../../test/session/fake-link.ts';

describe('the batch of a turn', () => {
  it('takes all writes of one turn in the order of their calls and is submitted once', async () => {
    const { link, session } = openFake();
    void session.create('/a', 1);
    void session.set('/a', 2);
    void session.delete('/a');
    expect(link.submitted).toEqual([]);
    await turn();
    expect(link.log).toEqual(['submit 1+3']);
    expect(link.ops().map(({ kind }) => kind)).toEqual(['create', 'set', 'delete']);
  });

  it('carries the session, its holder, and what was answered before it', async () => {
    const { link, session } = openFake({ nextRequest: 5 });
    const first = session.set('/a', 1);
    await turn();
    link.reply(statResult);
    await first;
    void session.set('/a', 2);
    await turn();
    expect(link.decode(link.submitted[0])).toMatchObject({
      sessionId: 77,
      holder: 1,
      firstRequest: 5,
      acknowledgedThrough: 4,
    });
    expect(link.decode(link.submitted[1])).toMatchObject({ firstRequest: 6, acknowledgedThrough: 5 });
  });

  it('is closed at batchCommandsMax commands and the next begins in the same turn', async () => {
    const { link, session } = openFake({ limits: { batchCommandsMax: 2 } });
    for (let count = 0; count < 5; count += 1) void session.set('/a', count);
    await turn();
    expect(link.log).toEqual(['submit 1+2', 'submit 3+2', 'submit 5+1']);
  });

  it('is closed at batchBytesMax bytes', async () => {
    const { link, session } = openFake({ limits: { batchBytesMax: 600 } });
    for (let count = 0; count < 3; count += 1) void session.set('/a', new Uint8Array(300));
    await turn();
    expect(link.log).toEqual(['submit 1+2', 'submit 3+1']);
  });

  it('announces that somebody waits for every voter, and only then', async () => {
    const { link, session } = openFake();
    void session.set('/a', 1);
    await turn();
    void session.set('/a', 1);
    void session.set('/a', 1, { acknowledge: 'all' });
    await turn();
    void session.set('/a', 1);
    await turn();
    expect(link.submitted.map(({ announceDurable }) => announceDurable)).toEqual([false, true, false]);
  });

  it('keeps the place of a refused argument free: no request number is lost', async () => {
    const { link, session } = openFake();
    const bad = session.set('bad', 1);
    void session.set('/a', 1);
    await expect(bad).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    expect(link.log).toEqual(['submit 1+1']);
  });
});

describe('replies', () => {
  it('settle the calls in the order of their requests', async () => {
    const { link, session } = openFake();
    const order: string[] = [];
    const calls = ['a', 'b', 'c'].map((name) =>
      session.create(`/${name}`).then(({ path }) => order.push(path)),
    );
    await turn();
    link.reply(created('/a'), created('/b'));
    link.reply(created('/c'));
    await Promise.all(calls);
    expect(order).toEqual(['/a', '/b', '/c']);
  });

  it('that repeat earlier ones are ignored', async () => {
    const { link, session } = openFake();
    const first = session.create('/a');
    const second = session.create('/b');
    await turn();
    link.reply(created('/a'));
    link.replyAgain(1, created('/x'), created('/b'));
    link.replyAgain(1, created('/x'), created('/x'));
    expect((await first).path).toBe('/a');
    expect((await second).path).toBe('/b');
  });

  it('to requests that were never made are ignored', async () => {
    const { link, session } = openFake({ nextRequest: 9 });
    const call = session.create('/a');
    await turn();
    link.replyAgain(3, created('/x'));
    link.replyAgain(20, created('/x'));
    expect(await settled(call)).toBe('pending');
    link.reply(created('/a'));
    expect((await call).path).toBe('/a');
  });

  it('that refuse reject with code and details, not applied', async () => {
    const { link, session } = openFake();
    const call = session.set('/a', 1, { version: 3 });
    await turn();
    link.reply(refused('BAD_VERSION', { path: '/a', expected: 3, actual: 4 }));
    const error = await call.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CoordinationError);
    expect(error).toMatchObject({
      code: 'BAD_VERSION',
      outcome: 'not-applied',
      details: { path: '/a', expected: 3, actual: 4 },
    });
  });

  it('of a kind that does not belong to the call reject with PROTOCOL', async () => {
    const { link, session } = openFake();
    const call = session.set('/a', 1);
    await turn();
    link.reply(none);
    await expect(call).rejects.toMatchObject({ code: 'PROTOCOL', outcome: 'unknown' });
  });

  it('give each method its own result, frozen', async () => {
    const { link, session } = openFake();
    const compared = { swapped: true, previous: { source: new Uint8Array([1]), start: 0, end: 1 } };
    const calls = Promise.all([
      session.create('/a', 1, { sequential: true }),
      session.set('/a', 1),
      session.delete('/a'),
      session.compareAndSet('/a', 1, 2),
      session.compareAndSwap('/a', 1, 2),
      session.increment('/a'),
      session.increment('/a', 5n),
    ]);
    await turn();
    link.reply(
      { kind: 'created', path: '/a0000000000', stat: statFields(), created: true },
      statResult,
      none,
      { kind: 'compared', ...compared, stat: statFields() },
      { kind: 'compared', ...compared, stat: statFields({ version: 2 }) },
      { kind: 'number', value: 3, stat: statFields() },
      { kind: 'number', value: 7n, stat: statFields() },
    );
    const [made, stat, gone, set, swapped, number, bigint] = await calls;
    expect(made).toMatchObject({ path: '/a0000000000', created: true, stat: { czxid: 1 } });
    expect(stat).toMatchObject({ version: 0, ephemeralOwner: undefined });
    expect(gone).toBeUndefined();
    expect(set).toBe(true);
    expect(swapped).toMatchObject({ swapped: true, previous: 1, stat: { version: 2 } });
    expect([number, bigint]).toEqual([3, 7n]);
    for (const each of [made, made.stat, stat, swapped]) expect(Object.isFrozen(each)).toBe(true);
  });
});

describe('the window', () => {
  it('refuses the call after sessionRequestsInFlightMax, and admits again after an answer', async () => {
    const { link, session } = openFake({ limits: { sessionRequestsInFlightMax: 2 } });
    const first = session.set('/a', 1);
    const second = session.set('/a', 2);
    await expect(session.set('/a', 3)).rejects.toMatchObject({
      code: 'OVERLOADED',
      retryable: true,
      outcome: 'not-applied',
      details: { limit: 'sessionRequestsInFlightMax', limitValue: 2, measured: 3 },
    });
    await expect(session.get('/a')).rejects.toMatchObject({ code: 'OVERLOADED' });
    link.reply(statResult);
    await first;
    const third = session.set('/a', 3);
    await turn();
    link.reply(statResult, statResult);
    await Promise.all([second, third]);
    expect(link.log).toEqual(['submit 1+2', 'submit 3+1']);
  });

  it('counts requests whose callers have left, until they are answered', async () => {
    const { link, session } = openFake({ limits: { sessionRequestsInFlightMax: 1 } });
    const left = session.set('/a', 1, { deadlineMs: 20 });
    await turn();
    link.pass(20);
    await expect(left).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT' });
    await expect(session.set('/a', 2)).rejects.toMatchObject({ code: 'OVERLOADED' });
    link.reply(statResult);
    const next = session.set('/a', 2);
    await turn();
    link.reply(statResult);
    await next;
  });

  it('bounds the bytes in flight; one call above the bound can never be admitted', async () => {
    const { link, session } = openFake({ limits: { sessionBytesInFlightMax: 1_000 } });
    const first = session.set('/a', new Uint8Array(600));
    await expect(session.set('/a', new Uint8Array(600))).rejects.toMatchObject({
      code: 'OVERLOADED',
      details: { limit: 'sessionBytesInFlightMax' },
    });
    await expect(session.set('/a', new Uint8Array(1_000))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      retryable: false,
    });
    link.reply(statResult);
    await first;
    void session.set('/a', new Uint8Array(600));
    await turn();
    expect(link.submitted).toHaveLength(2);
  });
});

describe('the bytes of a held write', () => {
  it('are free again when its caller leaves', async () => {
    const { link, session } = openFake({ limits: { sessionBytesInFlightMax: 1_000 } });
    const barrier = session.sync({ deadlineMs: Infinity });
    const held = session.set('/a', new Uint8Array(600), { deadlineMs: 50 });
    link.pass(50);
    await expect(held).rejects.toMatchObject({ outcome: 'not-applied' });
    void session.set('/a', new Uint8Array(600));
    link.answer(0, { kind: 'barrier' });
    await barrier;
    await turn();
    expect(link.submitted).toHaveLength(1);
  });
});
