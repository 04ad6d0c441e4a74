import { describe, expect, it } from 'vitest';
import { openFake, settled, stat, statResult, turn, view } from '../../test/session/fake-link.ts';

describe('the order of a session', () => {
  it('hands calls to the link as they were made: a read closes the batch before it', async () => {
    const { link, session } = openFake();
    void session.set('/a', 1);
    void session.set('/a', 2);
    void session.get('/a');
    void session.set('/a', 3);
    session.watch('/a');
    void session.get('/a');
    await turn();
    expect(link.log).toEqual([
      'submit 1+2',
      'read get after 2',
      'submit 3+1',
      'watch /a after 3',
      'read get after 3',
    ]);
  });

  it('does not hold writes for a session read that is not answered yet', async () => {
    const { link, session } = openFake();
    void session.get('/a');
    void session.set('/a', 1);
    await turn();
    expect(link.log).toEqual(['read get after 0', 'submit 1+1']);
  });

  it('holds writes, reads and watches for a linearizable read that was called before', async () => {
    const { link, session } = openFake();
    void session.set('/a', 1);
    const barrier = session.get('/a', { consistency: 'linearizable' });
    void session.get('/behind');
    void session.set('/a', 2);
    void session.children('/a');
    session.watch('/a');
    void session.set('/a', 3);
    await turn();
    expect(link.log).toEqual(['submit 1+1', 'read get after 1']);
    link.answer(0, { kind: 'znode', znode: view(1) });
    expect((await barrier).value).toBe(1);
    await turn();
    expect(link.log.slice(2)).toEqual([
      'read get after 1',
      'submit 2+1',
      'read children after 2',
      'watch /a after 2',
      'submit 3+1',
    ]);
  });

  it('stops again at the next linearizable read behind a held write', async () => {
    const { link, session } = openFake();
    void session.sync();
    void session.set('/a', 1);
    void session.sync();
    void session.set('/a', 2);
    await turn();
    expect(link.log).toEqual(['read barrier after 0']);
    link.answer(0, { kind: 'barrier' });
    await turn();
    expect(link.log.slice(1)).toEqual(['submit 1+1', 'read barrier after 1']);
    link.answer(1, { kind: 'barrier' });
    await turn();
    expect(link.log.slice(3)).toEqual(['submit 2+1']);
  });

  it('waits for every linearizable read before a write', async () => {
    const { link, session } = openFake();
    void session.sync();
    void session.sync();
    void session.set('/a', 1);
    link.answer(1, { kind: 'barrier' });
    await turn();
    expect(link.log).toHaveLength(2);
    link.answer(0, { kind: 'barrier' });
    await turn();
    expect(link.log.at(-1)).toBe('submit 1+1');
  });

  it('keeps a write that is called while held ones are let go behind them', async () => {
    const { link, session } = openFake();
    const barrier = session.sync();
    void session.set('/first', 1);
    void barrier.then(() => session.set('/second', 2));
    link.answer(0, { kind: 'barrier' });
    await turn();
    expect(link.ops()).toMatchObject([{ path: '/first' }, { path: '/second' }]);
  });

  it('lets writes go when the linearizable read is given up', async () => {
    const { link, session } = openFake();
    const controller = new AbortController();
    const overdue = session.sync({ deadlineMs: 50 });
    const aborted = session.sync({ signal: controller.signal });
    void session.set('/a', 1);
    link.pass(50);
    await expect(overdue).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT' });
    await turn();
    expect(link.submitted).toHaveLength(0);
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    await turn();
    expect(link.submitted).toHaveLength(1);
  });

  it('drops a held write whose caller has left: it takes no request number', async () => {
    const { link, session } = openFake();
    const barrier = session.sync({ deadlineMs: Infinity });
    const overdue = session.set('/a', 1, { deadlineMs: 50 });
    const read = session.get('/a', { deadlineMs: 1_000 });
    void session.set('/a', 2, { deadlineMs: 1_000 });
    link.pass(50);
    await expect(overdue).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT', outcome: 'not-applied' });
    await turn();
    expect(link.log).toEqual(['read barrier after 0']);
    link.answer(0, { kind: 'barrier' });
    await turn();
    expect(link.log.slice(1)).toEqual(['read get after 0', 'submit 1+1']);
    link.answer(1, { kind: 'znode', znode: view(1) });
    await Promise.all([barrier, read]);
  });

  it('settles reads whenever their answers come', async () => {
    const { link, session } = openFake();
    const first = session.get('/a');
    const second = session.get('/b');
    link.answer(1, { kind: 'znode', znode: view('b') });
    expect((await second).value).toBe('b');
    expect(await settled(first)).toBe('pending');
    link.answer(0, { kind: 'znode', znode: view('a') });
    expect((await first).value).toBe('a');
  });

  it('survives a link that answers inside of the call', async () => {
    const { link, session } = openFake();
    const read = link.read.bind(link);
    link.read = (asked) => {
      const handle = read(asked);
      asked.settle({ kind: 'barrier' }, 1);
      return handle;
    };
    await session.sync();
    await session.sync();
    void session.set('/a', 1);
    await turn();
    expect(link.log).toEqual(['read barrier after 0', 'read barrier after 0', 'submit 1+1']);
    expect(link.reads.some(({ isCancelled }) => isCancelled)).toBe(false);
  });
});

describe('reads', () => {
  it('give each method its own result, frozen', async () => {
    const { link, session } = openFake();
    const calls = Promise.all([
      session.get('/a'),
      session.exists('/a'),
      session.exists('/missing'),
      session.getMany(['/a', '/missing']),
      session.children('/a', { after: 'b', limit: 2 }),
      session.list('/a'),
      session.count('/a'),
      session.ephemerals({ under: '/a' }),
      session.sync(),
    ]);
    expect(link.reads.map(({ asked }) => asked.query)).toEqual([
      { kind: 'get', path: '/a' },
      { kind: 'get', path: '/a' },
      { kind: 'get', path: '/missing' },
      { kind: 'get-many', paths: ['/a', '/missing'] },
      { kind: 'children', path: '/a', after: 'b', limit: 2 },
      { kind: 'list', path: '/a', after: undefined, limit: undefined },
      { kind: 'count', path: '/a' },
      { kind: 'ephemerals', under: '/a' },
      { kind: 'barrier' },
    ]);
    link.answer(0, { kind: 'znode', znode: view({ x: 1 }) });
    link.answer(1, { kind: 'znode', znode: view(1) });
    link.answer(2, { kind: 'znode', znode: undefined });
    link.answer(3, { kind: 'znodes', znodes: [view(1), undefined] });
    link.answer(4, { kind: 'names', names: ['c', 'd'] });
    link.answer(5, { kind: 'listing', items: [{ name: 'c', znode: view(2) }] });
    link.answer(6, { kind: 'count', count: 3 });
    link.answer(7, { kind: 'names', names: ['/a/e'] });
    link.answer(8, { kind: 'barrier' });
    const results = await calls;
    expect(results).toEqual([
      { value: { x: 1 }, stat: stat() },
      stat(),
      undefined,
      [{ value: 1, stat: stat() }, undefined],
      ['c', 'd'],
      [{ name: 'c', value: 2, stat: stat() }],
      3,
      ['/a/e'],
      undefined,
    ]);
    for (const position of [0, 3, 4, 5, 7]) expect(Object.isFrozen(results[position])).toBe(true);
  });

  it('of a missing znode: get is NO_NODE and names the path', async () => {
    const { link, session } = openFake();
    const call = session.get('/a');
    link.answer(0, { kind: 'znode', znode: undefined });
    await expect(call).rejects.toMatchObject({ code: 'NO_NODE', details: { path: '/a' } });
  });

  it('that fail at the link reject with its code and details', async () => {
    const { link, session } = openFake();
    const call = session.children('/a');
    const details = { limit: 'pageNamesMax', limitValue: 10_000, measured: 10_001 };
    link.answer(0, { kind: 'failed', code: 'LIMIT_EXCEEDED', details });
    await expect(call).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', details });
  });

  it('whose value cannot be decoded reject with what the view throws', async () => {
    const { link, session } = openFake();
    const call = session.get('/a');
    const damaged = new RangeError('damaged');
    const znode = {
      stat: stat(),
      get value(): never {
        throw damaged;
      },
    };
    link.answer(0, { kind: 'znode', znode });
    await expect(call).rejects.toBe(damaged);
  });

  it('of another kind than asked reject with PROTOCOL', async () => {
    const { link, session } = openFake();
    const calls = [session.get('/a'), session.count('/a'), session.sync()];
    link.answer(0, { kind: 'barrier' });
    link.answer(1, { kind: 'barrier' });
    link.answer(2, { kind: 'count', count: 1 });
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'PROTOCOL' });
  });

  it('past their deadline are cancelled; a late answer is ignored', async () => {
    const { link, session } = openFake();
    const reachable = session.get('/a', { deadlineMs: 50 });
    link.pass(50);
    await expect(reachable).rejects.toMatchObject({
      code: 'OPERATION_TIMEOUT',
      outcome: 'not-applied',
      details: { deadlineMs: 50 },
    });
    link.events.reachable(false);
    const unreachable = session.get('/a', { deadlineMs: 50, consistency: 'linearizable' });
    link.pass(50);
    await expect(unreachable).rejects.toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
    expect(link.reads.map(({ isCancelled }) => isCancelled)).toEqual([true, true]);
    link.answer(0, { kind: 'znode', znode: view(1) });
  });

  it('see the events of their session’s watches queued before they settle', async () => {
    const { link, session } = openFake();
    const stream = session.watch('/a');
    const write = session.set('/a', 1);
    await turn();
    link.deliver({ kind: 'snapshot', zxid: 1, count: 0, page: () => [] });
    link.reply(statResult);
    await write;
    const iterator = stream[Symbol.asyncIterator]();
    expect(await settled(iterator.next())).toMatchObject({ value: { kind: 'snapshot' } });
  });
});
