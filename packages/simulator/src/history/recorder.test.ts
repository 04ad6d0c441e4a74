import { op, openPeer, type Peer } from '@quorate/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { History } from './history.ts';
import { Recorder } from './recorder.ts';

let peer: Peer;
let history: History;
let recorder: Recorder;

beforeEach(async () => {
  peer = await openPeer({ id: 'a' });
  await peer.ready();
  history = new History({ nowMs: () => 0 });
  recorder = new Recorder(history);
});

afterEach(() => peer.close());

describe('a recorded session', () => {
  it('answers as the session does, and writes down call, answer, request and zxid', async () => {
    const session = recorder.record(await peer.openSession(), { client: 'c', member: 'a' });
    const { stat } = await session.create('/a', 1);
    expect((await session.get('/a')).value).toBe(1);
    const [create, get] = history.operations();
    expect(create).toMatchObject({
      client: 'c',
      session: session.id,
      member: 'a',
      call: { kind: 'create', path: '/a', value: 1 },
      ending: { kind: 'answered', result: { kind: 'created', path: '/a', created: true } },
      trace: { request: 1, zxid: stat.czxid },
    });
    expect(get).toMatchObject({
      call: { kind: 'get', path: '/a' },
      ending: { kind: 'answered', result: { kind: 'znode', value: 1 } },
      trace: { request: undefined, zxid: stat.czxid },
    });
  });

  it('keeps calls and returns in one order: pipelined calls overlap, awaited ones do not', async () => {
    const session = recorder.record(await peer.openSession(), { client: 'c' });
    await Promise.all([session.create('/a'), session.create('/b')]);
    await session.get('/a');
    const [a, b, get] = history.operations();
    expect(a?.calledAt).toBeLessThan(b?.calledAt ?? 0);
    expect(b?.calledAt).toBeLessThan(a?.returnedAt ?? 0);
    expect(b?.returnedAt).toBeLessThan(get?.calledAt ?? 0);
  });

  it('writes down what failed, with its outcome, and fails as the session does', async () => {
    const session = recorder.record(await peer.openSession(), { client: 'c' });
    await expect(session.set('/missing', 1)).rejects.toMatchObject({ code: 'NO_NODE' });
    await expect(session.multi([op.create('/a'), op.check('/a', 3)])).rejects.toMatchObject({
      code: 'BAD_VERSION',
    });
    await expect(session.get('no path')).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    const endings = history.operations().map((operation) => operation.ending);
    expect(endings).toEqual([
      { kind: 'failed', code: 'NO_NODE', outcome: 'not-applied', index: undefined },
      { kind: 'failed', code: 'BAD_VERSION', outcome: 'not-applied', index: 1 },
      { kind: 'failed', code: 'BAD_ARGUMENTS', outcome: 'not-applied', index: undefined },
    ]);
    expect(history.operations()[2]?.trace.zxid).toBe(undefined);
  });

  it('tells the last base of an update and the request that carried it, also of two at once', async () => {
    const session = recorder.record(await peer.openSession(), { client: 'c' });
    await session.create('/list', []);
    const push = (entry: string): Promise<unknown> =>
      session.update<string[]>('/list', (draft) => void draft.push(entry));
    await Promise.all([push('x'), push('y')]);
    const [, x, y] = history.operations();
    expect([x?.trace.base, y?.trace.base]).toEqual([[], ['x']]);
    // The first try of the second one lost against the first one: a request of its own.
    expect([x?.trace.request, y?.trace.request]).toEqual([2, 4]);
  });

  it('records paths of views as absolute ones', async () => {
    const session = recorder.record(await peer.openSession(), { client: 'c' });
    await session.create('/app');
    const view = session.at('/app');
    expect((await view.create('/a-', 1, { sequential: true, kind: 'ephemeral' })).path).toBe('/a-0000000000');
    expect(await view.ephemerals()).toEqual(['/a-0000000000']);
    await view.multi([op.create('/m', 1)]);
    const [, create, ephemerals, multi] = history.operations();
    expect(create).toMatchObject({
      call: { path: '/app/a-' },
      ending: { result: { path: '/app/a-0000000000' } },
    });
    expect(ephemerals).toMatchObject({
      call: { under: '/app' },
      ending: { result: { names: ['/app/a-0000000000'] } },
    });
    expect(multi).toMatchObject({
      call: { operations: [{ path: '/app/m' }] },
      ending: { result: { results: [{ path: '/app/m' }] } },
    });
  });

  it('says when the end of its session came', async () => {
    const session = recorder.record(await peer.openSession(), { client: 'c' });
    await session.close();
    await expect(session.get('/')).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    expect(history.sessions()).toMatchObject([{ client: 'c', states: [{ state: 'closed' }] }]);
    expect(history.operations()[0]).toMatchObject({ call: { kind: 'close' }, trace: { request: 1 } });
  });
});

describe('a recorded watch', () => {
  it('hands on its batches and writes down when each came and was pulled', async () => {
    const session = recorder.record(await peer.openSession(), { client: 'c' });
    await session.create('/app', 0);
    const stream = session.at('/app').watch('/', { scope: 'node' });
    const batches = stream[Symbol.asyncIterator]();
    expect((await batches.next()).value).toMatchObject({ kind: 'snapshot', events: [{ path: '/' }] });
    await session.set('/app', 1);
    await session.set('/app', 2);
    expect((await batches.next()).value).toMatchObject({ events: [{ kind: 'changed', value: 1 }] });
    stream.close();
    const [watch] = history.watches();
    expect(watch?.batches.map(({ batch }) => batch.events[0])).toMatchObject([
      { kind: 'present', path: '/app' },
      { kind: 'changed', path: '/app', value: 1 },
    ]);
    expect(watch?.deliveries.map(({ kind }) => kind)).toEqual(['snapshot', 'changes', 'changes']);
    expect(watch?.ending.kind).toBe('closed');
    // The change was in the queue before the write that made it was answered.
    const [, first] = history.operations();
    expect(watch?.deliveries[1]?.at).toBeLessThan(first?.trace.answeredAt ?? 0);
  });

  it('says how its stream failed', async () => {
    const session = recorder.record(await peer.openSession(), { client: 'c' });
    const batches = session.watch('no path')[Symbol.asyncIterator]();
    await expect(batches.next()).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    expect(history.watches()).toMatchObject([{ ending: { kind: 'failed', code: 'BAD_ARGUMENTS' } }]);
  });
});
