import { describe, expect, it } from 'vitest';
import { openFake, settled, stat, turn, view, type OpenedSession } from '../../test/session/fake-link.ts';
import type { WatchBatch, WatchOptions, WatchStream } from './api-types.ts';
import type { LinkChange, LinkDelivery } from './link.ts';

interface Watching extends OpenedSession {
  readonly stream: WatchStream;
  readonly iterator: AsyncIterator<WatchBatch>;
}

function watching(options?: WatchOptions): Watching {
  const opened = openFake();
  const stream = opened.session.watch('/a', options);
  return { ...opened, stream, iterator: stream[Symbol.asyncIterator]() };
}

function snapshot(count: number, zxid = 1): LinkDelivery & { readonly pages: number[] } {
  const pages: number[] = [];
  return {
    kind: 'snapshot',
    zxid,
    count,
    pages,
    page: (start, end) => {
      pages.push(end - start);
      return Array.from({ length: end - start }, (_, at) => ({
        path: `/a/${start + at}`,
        ...view(start + at),
      }));
    },
  };
}

function changes(zxid: number, ...list: readonly Partial<LinkChange>[]): LinkDelivery {
  return {
    kind: 'changes',
    zxid,
    count: list.length,
    change: (position) => ({ path: '/a', before: undefined, after: undefined, ...list[position] }),
  };
}

const created = (zxid: number): LinkDelivery => changes(zxid, { after: view(zxid) });

describe('a watch', () => {
  it('registers at the call with its options', async () => {
    const { link, session } = openFake();
    void session.set('/a', 1);
    session.watch('/a', { scope: 'subtree', from: 7 });
    session.watch('/b');
    expect(link.log).toEqual(['submit 1+1', 'watch /a after 1', 'watch /b after 1']);
    expect(link.watches[0]?.asked).toMatchObject({ path: '/a', scope: 'subtree', from: 7, afterRequest: 1 });
    expect(link.watches[1]?.asked).toMatchObject({ scope: 'node', from: undefined });
  });

  it('gives an empty snapshot as one empty batch that is the last', async () => {
    const { link, iterator } = watching();
    link.deliver(snapshot(0, 5));
    expect((await iterator.next()).value).toEqual({ zxid: 5, kind: 'snapshot', last: true, events: [] });
    expect(await settled(iterator.next())).toBe('pending');
  });

  it.each([
    { count: 1, sizes: [1] },
    { count: 1_000, sizes: [1_000] },
    { count: 1_001, sizes: [1_000, 1] },
    { count: 2_000, sizes: [1_000, 1_000] },
  ])(
    'gives a snapshot of $count znodes in pages of $sizes, each decoded when pulled',
    async ({ count, sizes }) => {
      const { link, iterator } = watching();
      const first = snapshot(count);
      link.deliver(first);
      link.deliver(created(2));
      expect(first.pages).toEqual([]);
      for (const [at, size] of sizes.entries()) {
        const { value } = await iterator.next();
        expect(value).toMatchObject({ kind: 'snapshot', zxid: 1, last: at === sizes.length - 1 });
        expect(value?.events).toHaveLength(size);
        expect(first.pages).toEqual(sizes.slice(0, at + 1));
      }
      expect((await iterator.next()).value).toMatchObject({ kind: 'changes', zxid: 2, last: true });
    },
  );

  it('tells kind, value, previous value and stat of each change, frozen', async () => {
    const { link, iterator } = watching();
    link.deliver(snapshot(1));
    link.deliver(
      changes(
        2,
        { after: view('new', { version: 0 }) },
        { before: view('old', { version: 1 }), after: view('new', { version: 2 }) },
        { before: view('old', { version: 3 }) },
      ),
    );
    const first = (await iterator.next()).value as WatchBatch;
    expect(first.events).toEqual([{ kind: 'present', path: '/a/0', value: 0, stat: stat() }]);
    const second = (await iterator.next()).value as WatchBatch;
    expect(second.events).toEqual([
      { kind: 'created', path: '/a', value: 'new', stat: stat({ version: 0 }) },
      { kind: 'changed', path: '/a', value: 'new', previous: 'old', stat: stat({ version: 2 }) },
      { kind: 'deleted', path: '/a', previous: 'old', stat: stat({ version: 3 }) },
    ]);
    for (const batch of [first, second]) {
      expect(Object.isFrozen(batch) && Object.isFrozen(batch.events)).toBe(true);
      expect(batch.events.every((event) => Object.isFrozen(event))).toBe(true);
    }
  });

  it('that resumes gets changes only', async () => {
    const { link, iterator } = watching({ from: 3 });
    link.deliver({ kind: 'resumed', zxid: 3 });
    link.deliver(created(4));
    expect((await iterator.next()).value).toMatchObject({ kind: 'changes', zxid: 4 });
  });

  it('serves several pulls that wait at one time, in order', async () => {
    const { link, iterator } = watching();
    const pulls = [iterator.next(), iterator.next()];
    link.deliver(snapshot(0));
    link.deliver(created(2));
    const values = await Promise.all(pulls);
    expect(values.map(({ value }) => (value as WatchBatch).zxid)).toEqual([1, 2]);
  });

  it('keeps the order over many batches whatever the consumer’s pace', async () => {
    const { link, iterator } = watching();
    link.deliver(snapshot(0, 0));
    const seen: number[] = [];
    for (let zxid = 1; zxid <= 2_000; zxid += 1) {
      link.deliver(created(zxid));
      if (zxid % 3 === 0) seen.push(((await iterator.next()).value as WatchBatch).zxid);
    }
    while (seen.length < 2_001) seen.push(((await iterator.next()).value as WatchBatch).zxid);
    expect(seen).toEqual(Array.from({ length: 2_001 }, (_, zxid) => zxid));
  });

  it('keeps the process alive while a pull waits', async () => {
    const { link, iterator } = watching();
    expect(link.isPending).toBe(false);
    const pull = iterator.next();
    expect(link.isPending).toBe(true);
    link.deliver(snapshot(0));
    await pull;
    expect(link.isPending).toBe(false);
  });

  it('is iterated once: another loop fails and harms neither the first nor the watch', async () => {
    const { link, stream, iterator } = watching();
    const second = stream[Symbol.asyncIterator]();
    await expect(second.next()).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    expect(await second.next()).toEqual({ done: true, value: undefined });
    link.deliver(snapshot(0));
    expect((await iterator.next()).done).toBe(false);
  });
});

describe('the end of a watch', () => {
  it('comes by close, twice: what is queued is dropped and the link unsubscribed', async () => {
    const { link, stream, iterator } = watching();
    link.deliver(snapshot(3));
    link.deliver(created(2));
    stream.close();
    stream.close();
    expect(link.watches[0]?.isCancelled).toBe(true);
    link.deliver(created(3));
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('comes to a pull that waits', async () => {
    const { stream, iterator } = watching();
    const pull = iterator.next();
    await stream[Symbol.asyncDispose]();
    expect(await pull).toEqual({ done: true, value: undefined });
  });

  it('comes when the loop is left, also by a consumer that throws', async () => {
    const { link, session } = openFake();
    const other = session.watch('/b');
    const loop = async (): Promise<void> => {
      for await (const batch of session.watch('/a')) throw new RangeError(`consumer, ${batch.kind}`);
    };
    const looping = loop();
    link.deliver(snapshot(0));
    await expect(looping).rejects.toThrow('consumer, snapshot');
    expect(link.watches.map(({ isCancelled }) => isCancelled)).toEqual([false, true]);
    other.close();
  });

  it('comes by a signal, with its reason, ahead of what is queued', async () => {
    const controller = new AbortController();
    const { link, iterator } = watching({ signal: controller.signal });
    link.deliver(snapshot(3));
    controller.abort('enough');
    expect(link.watches[0]?.isCancelled).toBe(true);
    await expect(iterator.next()).rejects.toBe('enough');
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('comes by a signal that is aborted already, before anything is sent', async () => {
    const { link, iterator } = watching({ signal: AbortSignal.abort('enough') });
    expect(link.log).toEqual([]);
    await expect(iterator.next()).rejects.toBe('enough');
  });

  it('comes with the session’s, after what is queued', async () => {
    const { link, iterator } = watching();
    link.deliver(snapshot(0));
    link.events.ended('SESSION_EXPIRED');
    expect((await iterator.next()).done).toBe(false);
    await expect(iterator.next()).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
    expect((await iterator.next()).done).toBe(true);
  });

  it('comes with the session’s to a pull that waits', async () => {
    const { session, iterator } = watching();
    const pull = iterator.next();
    void session.close();
    await expect(pull).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
  });

  it('comes with what the link says', async () => {
    const { link, iterator } = watching({ from: 3 });
    link.deliver({ kind: 'failed', code: 'COMPACTED', details: { oldestZxid: 9 } });
    await expect(iterator.next()).rejects.toMatchObject({ code: 'COMPACTED', details: { oldestZxid: 9 } });
    expect((await iterator.next()).done).toBe(true);
  });

  it('comes with a value that cannot be decoded: nothing after the gap is told', async () => {
    const { link, iterator } = watching();
    link.deliver({
      ...snapshot(1),
      page: () => {
        throw new RangeError('damaged');
      },
    } as LinkDelivery);
    link.deliver(created(2));
    await expect(iterator.next()).rejects.toThrow('damaged');
    expect((await iterator.next()).done).toBe(true);
    expect(link.watches[0]?.isCancelled).toBe(true);
  });

  it('comes with PROTOCOL for a change without either side', async () => {
    const { link, iterator } = watching();
    link.deliver(changes(2, {}));
    await expect(iterator.next()).rejects.toMatchObject({ code: 'PROTOCOL' });
  });
});

describe('a watch that cannot begin', () => {
  it.each([
    { path: 'a', options: {} },
    { path: '/a', options: { scope: 'all' } },
    { path: '/a', options: { from: -1 } },
    { path: '/a', options: { from: 1.5 } },
    { path: '/a', options: { overflow: 'drop' } },
    { path: '/a', options: { queueMax: 0 } },
    { path: '/a', options: { signal: 'no signal' } },
    { path: '/a', options: 7 },
  ])('because of $path $options says so in the iteration, once', async ({ path, options }) => {
    const { link, session } = openFake();
    const iterator = session.watch(path, options as WatchOptions)[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    expect((await iterator.next()).done).toBe(true);
    expect(link.log).toEqual([]);
  });

  it('because there are watchesPerSessionMax names the limit; a closed one makes room', async () => {
    const { link, session } = openFake({ limits: { watchesPerSessionMax: 1 } });
    const first = session.watch('/a');
    await expect(session.watch('/a')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      details: { limit: 'watchesPerSessionMax', limitValue: 1, measured: 2 },
    });
    first.close();
    session.watch('/a');
    expect(link.watches).toHaveLength(2);
  });

  it('because it was closed while it was held behind a linearizable read is never registered', async () => {
    const { link, session } = openFake();
    void session.sync();
    void session.set('/a', 1);
    session.watch('/a').close();
    link.answer(0, { kind: 'barrier' });
    await turn();
    expect(link.watches).toEqual([]);
    expect(link.submitted).toHaveLength(1);
  });
});

describe('overflow', () => {
  it('fails after queueMax batches of changes, which are still given, with WATCH_OVERFLOW', async () => {
    const { link, iterator } = watching({ queueMax: 2 });
    link.deliver(snapshot(1_500));
    for (const zxid of [2, 3]) link.deliver(created(zxid));
    expect(link.watches[0]?.isCancelled).toBe(false);
    link.deliver(created(4));
    expect(link.watches[0]?.isCancelled).toBe(true);
    link.deliver(created(5));
    const zxids: number[] = [];
    for (let count = 0; count < 4; count += 1) zxids.push(((await iterator.next()).value as WatchBatch).zxid);
    expect(zxids).toEqual([1, 1, 2, 3]);
    await expect(iterator.next()).rejects.toMatchObject({ code: 'WATCH_OVERFLOW', retryable: true });
    expect((await iterator.next()).done).toBe(true);
  });

  it('does not happen to a consumer that keeps up', async () => {
    const { link, iterator } = watching({ queueMax: 1 });
    link.deliver(snapshot(0, 0));
    await iterator.next();
    for (let zxid = 1; zxid < 100; zxid += 1) {
      link.deliver(created(zxid));
      expect(((await iterator.next()).value as WatchBatch).zxid).toBe(zxid);
    }
  });

  it('begins again with a snapshot when asked to, once the consumer has pulled so far', async () => {
    const { link, iterator } = watching({ queueMax: 1, overflow: 'resync', from: 1 });
    const old = link.watches[0];
    link.deliver(created(2));
    link.deliver(created(3));
    expect(old?.isCancelled).toBe(true);
    expect(link.watches).toHaveLength(1);
    const pull = iterator.next();
    expect(link.watches).toHaveLength(2);
    expect(link.watches[1]?.asked.from).toBeUndefined();
    old?.asked.deliver(created(9));
    link.deliver(snapshot(1, 7));
    expect((await pull).value).toMatchObject({ kind: 'snapshot', zxid: 7, last: true });
    link.deliver(created(8));
    expect((await iterator.next()).value).toMatchObject({ kind: 'changes', zxid: 8 });
  });

  it('lets a snapshot that was begun come to its end before the next one', async () => {
    const { link, iterator } = watching({ queueMax: 1, overflow: 'resync' });
    link.deliver(snapshot(2_000, 1));
    await iterator.next();
    link.deliver(created(2));
    link.deliver(created(3));
    expect((await iterator.next()).value).toMatchObject({ zxid: 1, last: true });
    const pull = iterator.next();
    link.deliver(snapshot(1, 4));
    expect((await pull).value).toMatchObject({ zxid: 4, last: true });
  });

  it('can happen again and again', async () => {
    const { link, iterator } = watching({ queueMax: 1, overflow: 'resync' });
    for (let round = 0; round < 3; round += 1) {
      const pull = iterator.next();
      link.deliver(snapshot(0, round * 10));
      expect((await pull).value).toMatchObject({ kind: 'snapshot', zxid: round * 10 });
      link.deliver(created(round * 10 + 1));
      link.deliver(created(round * 10 + 2));
    }
    expect(link.watches).toHaveLength(3);
    expect(link.watches.every(({ isCancelled }) => isCancelled)).toBe(true);
  });

  it('begins again too when the queue was full on its way here', async () => {
    const { link, iterator } = watching({ overflow: 'resync', from: 1 });
    link.deliver({ kind: 'failed', code: 'WATCH_OVERFLOW', details: {} });
    const pull = iterator.next();
    await Promise.resolve();
    expect(link.watches).toHaveLength(2);
    expect(link.watches[1]?.asked.from).toBeUndefined();
    link.deliver(snapshot(1, 9));
    expect(await pull).toMatchObject({ done: false, value: { kind: 'snapshot', zxid: 9 } });
  });
});
