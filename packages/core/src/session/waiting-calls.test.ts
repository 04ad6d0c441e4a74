import { describe, expect, it } from 'vitest';
import { created, none, openFake, refused, settled, statResult, turn } from '../../test/session/fake-link.ts';

describe('deadlines of writes', () => {
  it('reject with OPERATION_TIMEOUT, unknown, once a leader may have the write', async () => {
    const { link, session } = openFake();
    const call = session.set('/a', 1, { deadlineMs: 50 });
    await turn();
    link.pass(40);
    expect(await settled(call)).toBe('pending');
    link.pass(10);
    await expect(call).rejects.toMatchObject({
      code: 'OPERATION_TIMEOUT',
      outcome: 'unknown',
      retryable: true,
      details: { deadlineMs: 50 },
    });
  });

  it('reject with UNAVAILABLE when no leader is within reach', async () => {
    const { link, session } = openFake();
    const call = session.set('/a', 1, { deadlineMs: 50 });
    await turn();
    link.events.reachable(false);
    link.pass(50);
    await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown' });
  });

  it('give up a write that no leader was handed: it becomes a noop and is certainly not applied', async () => {
    const { link, session } = openFake();
    link.sentThrough = 1;
    const sent = session.set('/a', 1);
    const unsent = session.set('/a', 2, { deadlineMs: 50 });
    const later = session.set('/a', 3);
    await turn();
    link.pass(50);
    await expect(unsent).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      outcome: 'not-applied',
      details: { deadlineMs: 50 },
    });
    expect(link.ops().map(({ kind }) => kind)).toEqual(['set', 'noop', 'set']);
    link.reply(statResult, none, statResult);
    await Promise.all([sent, later]);
  });

  it('leave the request number taken: the answer that comes later belongs to it', async () => {
    const { link, session } = openFake();
    const late = session.create('/late', 1, { deadlineMs: 50 });
    await turn();
    link.pass(50);
    await expect(late).rejects.toMatchObject({ outcome: 'unknown' });
    const next = session.create('/next');
    await turn();
    link.reply(created('/late'), created('/next'));
    expect((await next).path).toBe('/next');
  });

  it('are the time-out of the session by default, and 10 s for a lasting one', async () => {
    const limited = openFake({ timeoutMs: 2_000 });
    const lasting = openFake({ timeoutMs: Infinity });
    const calls = [limited, lasting].map(({ session }) => session.set('/a', 1));
    await turn();
    for (let elapsed = 0; elapsed < 2_000; elapsed += 500) {
      limited.link.pass(500);
      limited.link.events.confirmed(limited.link.nowMs);
    }
    await expect(calls[0]).rejects.toMatchObject({ details: { deadlineMs: 2_000 } });
    lasting.link.pass(9_990);
    expect(await settled(calls[1] as Promise<unknown>)).toBe('pending');
    lasting.link.pass(10);
    await expect(calls[1]).rejects.toMatchObject({ details: { deadlineMs: 10_000 } });
  });

  it('of Infinity never pass', async () => {
    const { link, session } = openFake({ timeoutMs: Infinity });
    const call = session.set('/a', 1, { deadlineMs: Infinity });
    await turn();
    link.pass(1_000_000);
    expect(await settled(call)).toBe('pending');
  });
});

describe('several deadlines', () => {
  it('pass one after the other, whatever the order of the calls', async () => {
    const { link, session } = openFake();
    const late = session.set('/late', 1, { deadlineMs: 100 });
    const early = session.set('/early', 1, { deadlineMs: 50 });
    const latest = session.get('/latest', { deadlineMs: 150 });
    await turn();
    link.pass(50);
    await expect(early).rejects.toMatchObject({ details: { deadlineMs: 50 } });
    expect(await settled(late)).toBe('pending');
    link.pass(50);
    await expect(late).rejects.toMatchObject({ details: { deadlineMs: 100 } });
    expect(await settled(latest)).toBe('pending');
    link.pass(50);
    await expect(latest).rejects.toMatchObject({ details: { deadlineMs: 150 } });
  });
});

describe('abort signals of writes', () => {
  it('that are aborted already reject with their reason before anything is sent', async () => {
    const { link, session } = openFake();
    const reason = { why: 'enough' };
    await expect(session.set('/a', 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await turn();
    expect(link.log).toEqual([]);
  });

  it('that abort before the batch is closed leave a noop in the place of the write', async () => {
    const { link, session } = openFake();
    const controller = new AbortController();
    const aborted = session.set('/a', 1, { signal: controller.signal });
    void session.set('/a', 2);
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    expect(link.ops().map(({ kind }) => kind)).toEqual(['noop', 'set']);
  });

  it('that abort later reject with their reason; the write may still apply', async () => {
    const { link, session } = openFake();
    const controller = new AbortController();
    const aborted = session.set('/a', 1, { signal: controller.signal });
    await turn();
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    expect(link.ops().map(({ kind }) => kind)).toEqual(['set']);
    link.reply(statResult);
  });

  it('are listened to only while a call waits', async () => {
    const { link, session } = openFake();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    const call = session.set('/a', 1, { signal });
    await turn();
    expect(listeners).toBe(1);
    link.reply(statResult);
    await call;
    expect(listeners).toBe(0);
  });
});

describe('acknowledge: all', () => {
  it('settles when every voter has the entry of the reply', async () => {
    const { link, session } = openFake();
    const call = session.set('/a', 1, { acknowledge: 'all' });
    const other = session.set('/a', 1);
    await turn();
    const index = link.reply(statResult, statResult);
    await other;
    expect(await settled(call)).toBe('pending');
    link.events.durable(index - 1);
    expect(await settled(call)).toBe('pending');
    link.events.durable(index);
    await call;
  });

  it('settles at once when every voter had it before the reply came', async () => {
    const { link, session } = openFake();
    const call = session.set('/a', 1, { acknowledge: 'all' });
    await turn();
    link.events.durable(1_000);
    link.events.durable(5);
    link.reply(statResult);
    expect(await settled(call)).toMatchObject({ version: 0 });
  });

  it('fails with NOT_FULLY_REPLICATED, applied, at the deadline', async () => {
    const { link, session } = openFake();
    const call = session.set('/a', 1, { acknowledge: 'all', deadlineMs: 50 });
    await turn();
    const index = link.reply(statResult);
    link.pass(50);
    await expect(call).rejects.toMatchObject({
      code: 'NOT_FULLY_REPLICATED',
      outcome: 'applied',
      details: { deadlineMs: 50 },
    });
    link.events.durable(index);
  });

  it('is refused at once when apply refuses', async () => {
    const { link, session } = openFake();
    const call = session.set('/a', 1, { acknowledge: 'all' });
    await turn();
    link.reply(refused('NO_NODE', { path: '/a' }));
    await expect(call).rejects.toMatchObject({ code: 'NO_NODE' });
  });
});

describe('the process', () => {
  it('is kept alive while a call waits and no longer', async () => {
    const { link, session } = openFake();
    expect(link.isPending).toBe(false);
    const call = session.set('/a', 1);
    const read = session.get('/a', { deadlineMs: 50 });
    expect(link.isPending).toBe(true);
    await turn();
    link.reply(statResult);
    await call;
    expect(link.isPending).toBe(true);
    link.pass(50);
    await expect(read).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT' });
    expect(link.isPending).toBe(false);
  });
});
