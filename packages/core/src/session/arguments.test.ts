import { describe, expect, it } from 'vitest';
import { decodeValue } from '../codec/value-decode.ts';
import {
  created,
  none,
  openFake,
  refused,
  statFields,
  statResult,
  turn,
} from '../../test/session/fake-link.ts';
import type { Operation, Session, WriteOptions } from './api-types.ts';
import { op } from './op.ts';

/** Types are no guard at run time: this lets a test pass anything. */
type Loose = Record<
  Exclude<keyof Session, 'id' | 'secret' | 'timeoutMs' | 'state' | 'signal' | symbol>,
  (...args: readonly unknown[]) => Promise<unknown>
>;

function loosely(session: Session): Loose {
  return session as unknown as Loose;
}

describe('bad arguments', () => {
  const calls: readonly [string, (session: Loose) => Promise<unknown>, string][] = [
    ['create: path', (s) => s.create('a'), 'path'],
    ['create: no path', (s) => s.create(), 'path'],
    ['create: undefined in the value', (s) => s.create('/a', { x: undefined }), 'value'],
    ['create: kind', (s) => s.create('/a', 1, { kind: 'lasting' }), 'kind'],
    ['create: sequential', (s) => s.create('/a', 1, { sequential: 1 }), 'sequential'],
    ['create: ttl without a time', (s) => s.create('/a', 1, { kind: 'ttl' }), 'ttlMs'],
    ['create: a time of 0', (s) => s.create('/a', 1, { kind: 'ttl', ttlMs: 0 }), 'ttlMs'],
    ['create: half a millisecond', (s) => s.create('/a', 1, { kind: 'ttl', ttlMs: 0.5 }), 'ttlMs'],
    ['create: a time for another kind', (s) => s.create('/a', 1, { ttlMs: 5 }), 'ttlMs'],
    ['create: parents', (s) => s.create('/a', 1, { parents: 'all' }), 'parents'],
    ['create: ifAbsent', (s) => s.create('/a', 1, { ifAbsent: 'yes' }), 'ifAbsent'],
    ['create: options', (s) => s.create('/a', 1, 7), 'options'],
    ['create: null options', (s) => s.create('/a', 1, null), 'options'],
    ['set: no value', (s) => s.set('/a'), 'value'],
    ['set: version below -1', (s) => s.set('/a', 1, { version: -2 }), 'version'],
    ['set: half a version', (s) => s.set('/a', 1, { version: 0.5 }), 'version'],
    ['set: create', (s) => s.set('/a', 1, { create: 1 }), 'create'],
    ['delete: path', (s) => s.delete('/a/'), 'path'],
    ['delete: recursive', (s) => s.delete('/a', { recursive: 1 }), 'recursive'],
    ['delete: ifExists', (s) => s.delete('/a', { ifExists: 1 }), 'ifExists'],
    ['compareAndSet: expected', (s) => s.compareAndSet('/a', undefined, 1), 'expected'],
    ['compareAndSwap: value', (s) => s.compareAndSwap('/a', 1, undefined), 'value'],
    ['increment: by half', (s) => s.increment('/a', 0.5), 'by'],
    ['increment: by NaN', (s) => s.increment('/a', Number.NaN), 'by'],
    ['increment: by 2^53', (s) => s.increment('/a', 2 ** 53), 'by'],
    ['increment: by 2n ** 63n', (s) => s.increment('/a', 2n ** 63n), 'by'],
    ['increment: by text', (s) => s.increment('/a', '1'), 'by'],
    ['multi: no array', (s) => s.multi('ops'), 'operations'],
    ['multi: no operation', (s) => s.multi([7]), 'operations'],
    ['multi: an unknown kind', (s) => s.multi([{ kind: 'drop', path: '/a' }]), 'operations'],
    ['multi: check without a version', (s) => s.multi([{ kind: 'check', path: '/a' }]), 'version'],
    ['get: path', (s) => s.get('/a//b'), 'path'],
    ['get: consistency', (s) => s.get('/a', { consistency: 'strong' }), 'consistency'],
    ['getMany: no array', (s) => s.getMany('/a'), 'paths'],
    ['getMany: one bad path', (s) => s.getMany(['/a', 'b']), 'paths'],
    ['exists: path', (s) => s.exists('/..'), 'path'],
    ['children: limit 0', (s) => s.children('/a', { limit: 0 }), 'limit'],
    ['children: after', (s) => s.children('/a', { after: 1 }), 'after'],
    ['list: limit', (s) => s.list('/a', { limit: '5' }), 'limit'],
    ['count: path', (s) => s.count(''), 'path'],
    ['ephemerals: under', (s) => s.ephemerals({ under: 'a' }), 'under'],
    ['sync: deadline', (s) => s.sync({ deadlineMs: 0 }), 'deadlineMs'],
    ['sync: options', (s) => s.sync(7), 'options'],
    ['deadline below 0', (s) => s.set('/a', 1, { deadlineMs: -1 }), 'deadlineMs'],
    ['deadline NaN', (s) => s.set('/a', 1, { deadlineMs: Number.NaN }), 'deadlineMs'],
    ['deadline as text', (s) => s.get('/a', { deadlineMs: '5' }), 'deadlineMs'],
    ['signal', (s) => s.get('/a', { signal: {} }), 'signal'],
    ['acknowledge', (s) => s.set('/a', 1, { acknowledge: 'most' }), 'acknowledge'],
    ['compareAndSet: options', (s) => s.compareAndSet('/a', 1, 2, 'options'), 'options'],
  ];

  it.each(calls)('%s: rejects, never throws, and nothing is sent', async (_name, call, argument) => {
    const { link, session } = openFake();
    await expect(call(loosely(session))).rejects.toMatchObject({
      code: 'BAD_ARGUMENTS',
      outcome: 'not-applied',
      retryable: false,
      details: { argument },
    });
    await turn();
    expect(link.log).toEqual([]);
    expect(link.isPending).toBe(false);
  });

  it('inside a multi name the position of the first bad operation', async () => {
    const { session } = openFake();
    const operations = [op.delete('/a'), op.set('b', 1), op.set('c', 1)];
    await expect(session.multi(operations)).rejects.toMatchObject({
      code: 'BAD_ARGUMENTS',
      details: { index: 1, path: 'b' },
    });
  });

  it('of on() and at() throw, because these answer at once', () => {
    const { session } = openFake();
    expect(() => session.on('end' as 'state', () => undefined)).toThrow(/event/);
    expect(() => session.on('state', 7 as unknown as () => void)).toThrow(/listener/);
  });
});

describe('a value above valueBytesMax', () => {
  it('is LIMIT_EXCEEDED before anything is sent; one of exactly that size is sent', async () => {
    const { link, session } = openFake();
    link.valueBytesMax = 100;
    const opened = openFake().session;
    expect(opened).toBeDefined();
    const tooLarge = session.at('/').set('/a', new Uint8Array(99));
    await expect(tooLarge).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      details: { limit: 'valueBytesMax', limitValue: 100, measured: 101 },
    });
    void session.at('/').set('/a', new Uint8Array(98));
    await turn();
    expect(link.ops()).toHaveLength(1);
  });
});

describe('arguments', () => {
  it('become ops with every default spelled out', async () => {
    const { link, session } = openFake();
    void session.create('/a');
    void session.create('/q/', 'x', { kind: 'ephemeral', sequential: true, parents: true, ifAbsent: true });
    void session.create('/t', 1, { kind: 'ttl', ttlMs: 5, parents: 'container' });
    void session.set('/a', 1);
    void session.set('/a', 1, { version: 3, create: true });
    void session.delete('/a', { version: -1, recursive: true, ifExists: true });
    void session.increment('/a');
    void session.increment('/a', -0, { create: true });
    void session.increment('/a', -5n);
    await turn();
    expect(link.ops()).toMatchObject([
      {
        kind: 'create',
        path: '/a',
        createKind: 'persistent',
        sequential: false,
        ttlMs: 0,
        parents: 'none',
        ifAbsent: false,
      },
      { path: '/q/', createKind: 'ephemeral', sequential: true, parents: 'persistent', ifAbsent: true },
      { createKind: 'ttl', ttlMs: 5, parents: 'container' },
      { kind: 'set', version: -1, create: false },
      { kind: 'set', version: 3, create: true },
      { kind: 'delete', version: -1, recursive: true, ifExists: true },
      { kind: 'increment', by: 1, create: false },
      { kind: 'increment', by: 0, create: true },
      { kind: 'increment', by: -5n },
    ]);
    const [first] = link.ops();
    expect(first?.kind === 'create' && decodeValue(first.value).value).toBeNull();
  });

  it('are read at the call: what the caller changes afterwards has no effect', async () => {
    const { link, session } = openFake();
    const value = { list: [1] };
    void session.set('/a', value);
    value.list.push(2);
    await turn();
    const [set] = link.ops();
    expect(set?.kind === 'set' && decodeValue(set.value).value).toEqual({ list: [1] });
  });
});

describe('multi', () => {
  it('answers by operation', async () => {
    const { link, session } = openFake();
    const call = session.multi([
      op.check('/a', 1),
      op.create('/b', 1, { sequential: true }),
      op.set('/a', 2, { version: 1 }),
      op.delete('/c', { recursive: true }),
      op.compareAndSet('/d', 1, 2),
      op.increment('/e', 5n),
      op.increment('/f'),
    ]);
    await turn();
    const stat = statFields();
    link.reply({
      kind: 'multi',
      results: [
        none,
        created('/b0000000000'),
        statResult,
        none,
        { kind: 'compared', swapped: true, previous: { source: Uint8Array.of(1), start: 0, end: 1 }, stat },
        { kind: 'number', value: 5n, stat },
        { kind: 'number', value: 1, stat },
      ],
    });
    const results = await call;
    expect(results.map(({ kind }) => kind)).toEqual([
      'check',
      'create',
      'set',
      'delete',
      'compareAndSet',
      'increment',
      'increment',
    ]);
    expect(results[1]?.path).toBe('/b0000000000');
    expect(results[2]?.stat?.version).toBe(0);
    expect(results.map(({ value }) => value)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      5n,
      1,
    ]);
    expect(Object.isFrozen(results)).toBe(true);
  });

  it('of nothing keeps its place in the order and answers nothing', async () => {
    const { link, session } = openFake();
    const call = session.multi([]);
    await turn();
    link.reply({ kind: 'multi', results: [] });
    expect(await call).toEqual([]);
  });

  it('whose results do not fit its operations rejects with PROTOCOL', async () => {
    const { link, session } = openFake();
    const call = session.multi([op.set('/a', 1)]);
    await turn();
    link.reply({ kind: 'multi', results: [] });
    await expect(call).rejects.toMatchObject({ code: 'PROTOCOL' });
  });

  it('that fails names the first failing operation', async () => {
    const { link, session } = openFake();
    const call = session.multi([op.compareAndSet('/a', 1, 2)]);
    await turn();
    link.reply(refused('COMPARE_FAILED', { path: '/a', index: 0 }));
    await expect(call).rejects.toMatchObject({ code: 'COMPARE_FAILED', details: { path: '/a', index: 0 } });
  });

  it('takes frozen operations that can be used again', () => {
    const operation: Operation = op.create('/a');
    expect(Object.isFrozen(operation)).toBe(true);
    expect(operation).toEqual({ kind: 'create', path: '/a', value: null, options: {} });
  });
});

describe('what apply refuses', () => {
  it.each([
    'BAD_ARGUMENTS',
    'NO_NODE',
    'NODE_EXISTS',
    'NOT_EMPTY',
    'BAD_VERSION',
    'COMPARE_FAILED',
    'NOT_A_NUMBER',
    'OVERFLOW',
    'NO_CHILDREN_FOR_EPHEMERALS',
    'PATCH_FAILED',
    'LIMIT_EXCEEDED',
    'QUOTA_EXCEEDED',
    'NO_AUTH',
  ] as const)('with %s rejects with that, not applied', async (code) => {
    const { link, session } = openFake();
    const options: WriteOptions = { acknowledge: 'majority' };
    const call = session.set('/a', 1, options);
    await turn();
    link.reply(refused(code, { path: '/a' }));
    await expect(call).rejects.toMatchObject({ code, outcome: 'not-applied', details: { path: '/a' } });
  });
});
