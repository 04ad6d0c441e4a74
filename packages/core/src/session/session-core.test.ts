import { describe, expect, it } from 'vitest';
import type { SessionState } from './api-types.ts';
import {
  none,
  openFake,
  settled,
  statResult,
  turn,
  view,
  type OpenedSession,
} from '../../test/session/fake-link.ts';

/** A session whose every touch is confirmed at once. */
function keptAlive(): OpenedSession {
  const opened = openFake();
  const { link } = opened;
  const touch = link.touch.bind(link);
  link.touch = () => {
    touch();
    link.events.confirmed(link.nowMs);
  };
  return opened;
}

describe('a session', () => {
  it('tells its id as text, its time-out as granted, and its secret as a copy', () => {
    const secret = Uint8Array.of(1, 2, 3);
    const { session } = openFake({ timeoutMs: 4_000, secret });
    expect(session.id).toBe('0000000000004d');
    expect(session.timeoutMs).toBe(4_000);
    session.secret.fill(0);
    secret.fill(0);
    expect(session.secret).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe('keeping alive', () => {
  it('touches every third of the time-out and stays alive while that is confirmed', () => {
    const { link, session } = keptAlive();
    link.pass(60_000);
    expect(link.touchCount).toBe(17);
    expect(session.state).toBe('connected');
  });

  it('expires by its own judgement a tenth before the time-out, counted from the opening', () => {
    const { link, session } = openFake();
    link.pass(8_990);
    expect(session.state).toBe('connected');
    link.pass(10);
    expect(session.state).toBe('expired');
    expect(session.signal.aborted).toBe(true);
  });

  it('counts from the sending of a confirmed touch, not from its confirmation', () => {
    const { link, session } = openFake();
    const sentAtMs = link.nowMs + 3_000;
    link.pass(8_000);
    link.events.confirmed(sentAtMs);
    link.pass(3_990);
    expect(session.state).toBe('connected');
    link.pass(10);
    expect(session.state).toBe('expired');
  });

  it('is not set back by an older confirmation', () => {
    const { link, session } = openFake();
    link.pass(5_000);
    link.events.confirmed(link.nowMs);
    link.events.confirmed(link.nowMs - 4_000);
    link.pass(8_990);
    expect(session.state).toBe('connected');
  });

  it('takes the answer to a write as confirmed from the sending of its batch', async () => {
    const { link, session } = openFake();
    link.pass(2_000);
    const call = session.set('/a', 1);
    await turn();
    link.pass(3_000);
    link.reply(statResult);
    await call;
    link.pass(5_990);
    expect(session.state).toBe('connected');
    link.pass(10);
    expect(session.state).toBe('expired');
  });

  it('judges before a call too: after a stall no tick has come yet', async () => {
    const { link, session } = openFake();
    link.stall(9_000);
    await expect(session.set('/a', 1)).rejects.toMatchObject({
      code: 'SESSION_EXPIRED',
      outcome: 'not-applied',
    });
    expect(session.signal.aborted).toBe(true);
    await turn();
    expect(link.log).toEqual([]);
  });

  it('judges again before it sends: the turn of the calls may have outlasted the session', async () => {
    const { link, session } = openFake();
    const calls = [session.set('/a', 1)];
    link.stall(9_000);
    calls.push(session.set('/a', 2));
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({ code: 'SESSION_EXPIRED', outcome: 'not-applied' });
    }
    expect(link.log).toEqual([]);
  });

  it('judges when state or signal are looked at', () => {
    const first = openFake();
    first.link.stall(9_000);
    expect(first.session.state).toBe('expired');
    const second = openFake();
    second.link.stall(9_000);
    expect(second.session.signal.aborted).toBe(true);
  });

  it('touches at once when a leader comes within reach again', () => {
    const { link } = openFake();
    link.events.reachable(false);
    link.events.reachable(true);
    expect(link.touchCount).toBe(1);
  });

  it('is not needed by a lasting session, which never expires by itself', () => {
    const { link, session } = openFake({ timeoutMs: Infinity });
    link.pass(100_000);
    link.stall(1e9);
    link.events.reachable(false);
    link.events.reachable(true);
    expect(link.touchCount).toBe(0);
    expect(session.state).toBe('connected');
  });
});

describe('states', () => {
  it('are told to listeners in order; one that throws harms nobody', async () => {
    const { link, session } = openFake();
    const seen: SessionState[] = [];
    session.on('state', () => {
      throw new RangeError('a listener throws');
    });
    const stop = session.on('state', (state) => seen.push(state));
    link.events.reachable(true);
    link.events.reachable(false);
    link.events.reachable(false);
    expect(session.state).toBe('suspended');
    link.events.reachable(true);
    await turn();
    expect(seen).toEqual(['suspended', 'connected']);
    stop();
    stop();
    link.events.reachable(false);
    await turn();
    expect(seen).toHaveLength(2);
  });

  it('do not change any more after the end', async () => {
    const { link, session } = openFake();
    link.events.ended('SESSION_EXPIRED');
    link.events.reachable(false);
    link.events.ended('SESSION_CLOSED');
    link.events.failed('FATAL', undefined);
    expect(session.state).toBe('expired');
    await expect(session.get('/a')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
  });
});

describe('the end', () => {
  const endings = [
    {
      name: 'expiry',
      end: ({ link }: OpenedSession) => link.events.ended('SESSION_EXPIRED'),
      code: 'SESSION_EXPIRED',
      state: 'expired',
    },
    {
      name: 'its own judgement',
      end: ({ link }: OpenedSession) => link.pass(9_000),
      code: 'SESSION_EXPIRED',
      state: 'expired',
    },
    {
      name: 'an operator',
      end: ({ link }: OpenedSession) => link.events.ended('SESSION_CLOSED'),
      code: 'SESSION_CLOSED',
      state: 'closed',
    },
    {
      name: 'the close of the peer',
      end: ({ link }: OpenedSession) => link.events.failed('PEER_CLOSED', undefined),
      code: 'PEER_CLOSED',
      state: 'closed',
    },
    {
      name: 'a failed storage',
      end: ({ link }: OpenedSession) => link.events.failed('STORAGE_FAILED', 'disk'),
      code: 'STORAGE_FAILED',
      state: 'closed',
    },
    {
      name: 'a bug',
      end: ({ link }: OpenedSession) => link.events.failed('FATAL', 'bug'),
      code: 'FATAL',
      state: 'closed',
    },
  ] as const;

  it.each(endings)(
    'by $name is definite for later calls and aborts the signal',
    async ({ end, code, state }) => {
      const opened = openFake();
      const { link, session } = opened;
      const states: SessionState[] = [];
      session.on('state', (next) => states.push(next));
      end(opened);
      expect(session.state).toBe(state);
      expect(session.signal.reason).toMatchObject({ code });
      expect([link.closeCount, link.isTicking]).toEqual([1, false]);
      await expect(session.set('/a', 1)).rejects.toMatchObject({ code, outcome: 'not-applied' });
      await expect(session.get('/a')).rejects.toMatchObject({ code, outcome: 'not-applied' });
      await expect(session.watch('/a')[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code });
      await session.close();
      expect(states).toEqual([state]);
    },
  );

  it('leaves calls under way unknown if a leader may have them, else not applied', async () => {
    const { link, session } = openFake();
    link.sentThrough = 1;
    const sent = session.set('/a', 1);
    const unsent = session.set('/a', 2);
    await turn();
    const replicating = openFake();
    const applied = replicating.session.set('/a', 1, { acknowledge: 'all' });
    await turn();
    replicating.link.reply(statResult);
    const barrier = session.sync();
    const held = session.set('/a', 3);
    link.events.ended('SESSION_EXPIRED');
    replicating.link.events.ended('SESSION_EXPIRED');
    const code = 'SESSION_EXPIRED';
    await expect(sent).rejects.toMatchObject({ code, outcome: 'unknown' });
    await expect(unsent).rejects.toMatchObject({ code, outcome: 'not-applied' });
    await expect(held).rejects.toMatchObject({ code, outcome: 'not-applied' });
    await expect(barrier).rejects.toMatchObject({ code, outcome: 'not-applied' });
    await expect(applied).rejects.toMatchObject({ code, outcome: 'applied' });
    expect(link.isPending).toBe(false);
    expect(link.ops().map(({ kind }) => kind)).toEqual(['set', 'noop']);
  });

  it('keeps the cause of a failed peer', async () => {
    const { link, session } = openFake();
    link.events.failed('STORAGE_FAILED', 'disk full');
    await expect(session.get('/a')).rejects.toMatchObject({ cause: 'disk full' });
  });

  it('aborts the signal before anything else is told', async () => {
    const { link, session } = openFake();
    const order: string[] = [];
    session.signal.addEventListener('abort', () => order.push(`signal, ${session.state}`));
    session.on('state', (state) => order.push(`listener, ${state}`));
    const call = session.set('/a', 1).catch(() => order.push('call'));
    await turn();
    link.pass(9_000);
    await call;
    expect(order[0]).toBe('signal, expired');
    expect(order).toHaveLength(3);
  });
});

describe('close', () => {
  it('is the last request; what was called before it is still answered', async () => {
    const { link, session } = openFake();
    const before = session.set('/a', 1);
    const read = session.get('/a');
    const closing = session.close();
    expect(session.state).toBe('closed');
    expect(session.signal.aborted).toBe(true);
    await expect(session.set('/a', 2)).rejects.toMatchObject({
      code: 'SESSION_CLOSED',
      outcome: 'not-applied',
    });
    expect(link.ops().map(({ kind }) => kind)).toEqual(['set', 'close']);
    link.reply(statResult);
    link.answer(0, { kind: 'znode', znode: view(1) });
    await before;
    await read;
    expect(await settled(closing)).toBe('pending');
    link.reply(none);
    await closing;
    expect([link.closeCount, link.isTicking]).toEqual([1, false]);
    expect(link.isPending).toBe(false);
  });

  it('keeps its place behind a linearizable read', async () => {
    const { link, session } = openFake();
    const barrier = session.sync();
    const closing = session.close();
    await turn();
    expect(link.submitted).toHaveLength(0);
    link.answer(0, { kind: 'barrier' });
    await barrier;
    await turn();
    link.reply(none);
    await closing;
  });

  it.each([
    { timeoutMs: 2_000, boundMs: 2_000 },
    { timeoutMs: 60_000, boundMs: 5_000 },
    { timeoutMs: Infinity, boundMs: 5_000 },
  ])(
    'of a time-out of $timeoutMs ms is over after $boundMs ms without a majority',
    async ({ timeoutMs, boundMs }) => {
      const { link, session } = openFake({ timeoutMs });
      link.events.reachable(false);
      const call = session.set('/a', 1, { deadlineMs: Infinity });
      const closing = session.close();
      await turn();
      link.pass(boundMs - 10);
      expect(await settled(closing)).toBe('pending');
      link.pass(10);
      await closing;
      await expect(call).rejects.toMatchObject({ code: 'SESSION_CLOSED', outcome: 'unknown' });
      expect([link.closeCount, link.isTicking]).toEqual([1, false]);
    },
  );

  it('twice, also as asyncDispose and from another view, is one close', async () => {
    const { link, session } = openFake();
    const closings = [
      session.close(),
      session.close(),
      session.at('/a').close(),
      session[Symbol.asyncDispose](),
    ];
    await turn();
    expect(link.ops()).toHaveLength(1);
    link.reply(none);
    await Promise.all(closings);
    await session.close();
  });

  it('resolves when the ensemble says that the session is gone', async () => {
    const { link, session } = openFake();
    const closing = session.close();
    await turn();
    link.events.ended('SESSION_CLOSED');
    expect(await settled(closing)).toBeUndefined();
    expect(link.closeCount).toBe(1);
  });

  it('resolves when the peer fails meanwhile', async () => {
    const { link, session } = openFake();
    const closing = session.close();
    await turn();
    link.events.failed('PEER_CLOSED', undefined);
    expect(await settled(closing)).toBeUndefined();
    expect(await settled(session.close())).toBeUndefined();
  });

  it('is not counted against the window', async () => {
    const { link, session } = openFake({ limits: { sessionRequestsInFlightMax: 1 } });
    const call = session.set('/a', 1);
    const closing = session.close();
    await turn();
    link.reply(statResult, none);
    expect(await settled(Promise.all([call, closing]))).toHaveLength(2);
  });
});
