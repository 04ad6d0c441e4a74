import { op, type Stat } from '@quorate/core';
import { BatchBuilder } from '@quorate/core/inspect';
import { beforeAll, describe, expect, it } from 'vitest';
import type { OperationRecord } from '../../history/operation.ts';
import { recordOnePeer } from '../testing/one-peer.ts';
import { checkIndexGuided, type CheckedRun } from './index-guided.ts';

const zeros: Stat = {
  czxid: 0,
  mzxid: 0,
  pzxid: 0,
  ctime: 0,
  mtime: 0,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: undefined,
  dataLength: 0,
  childrenCount: 0,
};

/** Two sessions, every kind of call once: recorded once, spoilt by each test. */
let good: CheckedRun;

beforeAll(async () => {
  const { history, log } = await recordOnePeer(async (session, open) => {
    await session.create('/a', 1);
    await session.create('/s-', null, { sequential: true });
    await session.create('/s-', null, { sequential: true });
    await session.create('/e', null, { kind: 'ephemeral' });
    await session.set('/a', 2);
    await session.compareAndSwap('/a', 2, 3);
    await session.increment('/a', 4);
    await session.update<number>('/a', (value) => value * 2);
    await session.update('/a', () => undefined);
    await session.multi([op.set('/a', 1), op.create('/b', 1), op.increment('/a', 1)]);
    await session.multi([op.delete('/b'), op.check('/a', 99)]).catch(() => undefined);
    await session.get('/a');
    await session.get('/missing').catch(() => undefined);
    await session.getMany(['/a', '/missing']);
    await session.exists('/b');
    await session.children('/');
    await session.list('/', { after: 'a', limit: 2 });
    await session.count('/');
    await session.ephemerals();
    const other = await open();
    await other.get('/a', { consistency: 'linearizable' });
    await other.delete('/b');
    await session.sync();
    await session.get('/a');
    await other.close();
  });
  good = { operations: history.operations(), log };
});

describe('the index-guided checker', () => {
  it('has nothing against a good history', () => {
    expect(checkIndexGuided(good)).toEqual({ kind: 'valid' });
    expect(good.operations.length).toBe(24);
  });

  it.each<
    [string, string, (operation: OperationRecord) => boolean, (operation: OperationRecord) => OperationRecord]
  >([
    ['RepliesMatch', 'a stat of a write', kind('set'), answer({ kind: 'stat', stat: zeros })],
    [
      'RepliesMatch',
      'the value before a swap',
      kind('compareAndSwap'),
      answer({ kind: 'swapped', swapped: true, previous: 7, stat: zeros }),
    ],
    ['RepliesMatch', 'a sum', kind('increment'), answer({ kind: 'number', value: 8 })],
    ['RepliesMatch', 'a part of a multi', kind('multi'), answer({ kind: 'multi', results: [] })],
    [
      'RepliesMatch',
      'a refusal',
      failed('multi'),
      (operation) => ({
        ...operation,
        ending: { kind: 'failed', code: 'NO_NODE', outcome: 'not-applied', index: 1 },
      }),
    ],
    [
      'RepliesMatch',
      'the place of a refusal',
      failed('multi'),
      (operation) => ({
        ...operation,
        ending: { kind: 'failed', code: 'BAD_VERSION', outcome: 'not-applied', index: 0 },
      }),
    ],
    [
      'SequenceNamesUnique',
      'a name with a number',
      sequential,
      answer({ kind: 'created', path: '/s-0000000000', created: true, stat: zeros }),
    ],
    ['ReadsMatch', 'a value', kind('get'), answer({ kind: 'znode', value: 9, stat: zeros })],
    [
      'ReadsMatch',
      'a missing znode',
      kind('get'),
      (operation) => ({
        ...operation,
        ending: { kind: 'failed', code: 'NO_NODE', outcome: 'not-applied', index: undefined },
      }),
    ],
    [
      'ReadsMatch',
      'one of several znodes',
      kind('getMany'),
      answer({ kind: 'znodes', znodes: [undefined, undefined] }),
    ],
    ['ReadsMatch', 'an existence', kind('exists'), answer({ kind: 'existence', stat: undefined })],
    ['ReadsMatch', 'names of children', kind('children'), answer({ kind: 'names', names: ['a', 'b', 'e'] })],
    ['ReadsMatch', 'a listing', kind('list'), answer({ kind: 'listing', items: [] })],
    ['ReadsMatch', 'a count', kind('count'), answer({ kind: 'count', count: 4 })],
    ['ReadsMatch', 'ephemerals', kind('ephemerals'), answer({ kind: 'names', names: [] })],
    ['ReadsMatch', 'an update that changed nothing', idle, answer({ kind: 'znode', value: 9, stat: zeros })],
    ['ReadsMatch', 'a state that was never committed', kind('count'), traced({ zxid: 1_000 })],
    ['ExactlyOnce', 'the zxid of a write', kind('set'), traced({ zxid: 3 })],
    ['ExactlyOnce', 'the request of a write', kind('set'), traced({ request: 1 })],
    [
      'ExactlyOnce',
      'a write that is said not to have happened',
      kind('set'),
      (operation) => ({
        ...operation,
        ending: { kind: 'failed', code: 'OPERATION_TIMEOUT', outcome: 'not-applied', index: undefined },
        trace: { ...operation.trace, zxid: undefined },
      }),
    ],
    ['Durable', 'a write that the log does not have', kind('set'), traced({ request: 1_000 })],
    ['Durable', 'a write without a request', kind('set'), traced({ request: undefined })],
  ])('%s: flags, when it is wrong, %s', (rule, _what, isIt, spoil) => {
    expect(checkIndexGuided(spoilt(isIt, spoil))).toMatchObject({ kind: 'violation', rule });
  });

  it('Linearizable: flags a linearizable read that is older than what was answered before it', () => {
    // It tells the truth about the state that it is from; that state is too old.
    const older = good.operations.find(({ call }) => call.kind === 'get');
    const run = spoilt(linearizable, (operation) => ({
      ...operation,
      ending: older?.ending ?? operation.ending,
      trace: { ...operation.trace, zxid: older?.trace.zxid },
      calledAt: 10_000,
      returnedAt: 10_001,
    }));
    expect(checkIndexGuided(run)).toMatchObject({ kind: 'violation', rule: 'Linearizable' });
  });

  it('Linearizable: flags a write that took effect before one that had returned when it was called', () => {
    const [first] = good.operations;
    const run = spoilt(
      ({ call, client }) => call.kind === 'get' && client === 'c2',
      // A read of another session has seen all of it, before the first write was called.
      (operation) => ({
        ...operation,
        calledAt: -2,
        returnedAt: -1,
        trace: { ...operation.trace, answeredAt: -1.5 },
      }),
    );
    expect(checkIndexGuided(run)).toMatchObject({
      rule: 'Linearizable',
      operations: [first?.id, expect.any(Number)],
    });
  });

  it('ReadYourWrites: flags a session read that misses an earlier write of its session', () => {
    const run = spoilt(kind('count'), (operation) => ({
      ...operation,
      ending: { kind: 'answered', result: { kind: 'count', count: 0 } },
      trace: { ...operation.trace, zxid: 0 },
    }));
    expect(checkIndexGuided(run)).toMatchObject({ kind: 'violation', rule: 'ReadYourWrites' });
  });

  it('SessionSequential: flags a write that an earlier read of its session has seen', () => {
    const [first] = good.operations;
    const run = spoilt(kind('count'), (operation) => ({ ...operation, calledAt: -0.5 }));
    expect(checkIndexGuided(run)).toMatchObject({
      kind: 'violation',
      rule: 'SessionSequential',
      operations: [first?.id, expect.any(Number)],
    });
  });

  it('judges a pending call by what the log has of it, and forgives what it has not', () => {
    const pending = spoilt(kind('set'), (operation) => ({
      ...operation,
      ending: { kind: 'pending' },
      returnedAt: Infinity,
    }));
    expect(checkIndexGuided(pending)).toEqual({ kind: 'valid' });
    const absent = spoilt(kind('close'), (operation) => ({
      ...operation,
      ending: { kind: 'pending' },
      trace: { ...operation.trace, request: 99 },
    }));
    expect(checkIndexGuided(absent)).toEqual({ kind: 'valid' });
  });

  it('flags a command of the log that is not what was asked', () => {
    const victim = good.operations.find(kind('set'));
    const number = victim?.trace.request ?? 0;
    const builder = new BatchBuilder();
    builder.add({ kind: 'delete', path: '/a', version: -1, recursive: false, ifExists: false });
    const sessionId = Number.parseInt(victim?.session ?? '', 16);
    const body = builder.finish({ sessionId, holder: 1, firstRequest: number, acknowledgedThrough: 0 });
    const at = good.log.findIndex(
      (entry) => entry.kind === 'commands' && entry.index === indexOfRequest(number),
    );
    const log = good.log.map((entry, position) => (position === at ? { ...entry, body } : entry));
    expect(checkIndexGuided({ ...good, log })).toMatchObject({ kind: 'violation', rule: 'ExactlyOnce' });
  });
});

/** Every call was awaited, so that each has an entry of its own, after those that opened the session. */
function indexOfRequest(request: number): number {
  const first = good.log.findIndex((entry) => entry.kind === 'commands' && entry.body[5] === 1);
  return (good.log[first]?.index ?? 0) + request - 1;
}

function spoilt(
  isIt: (operation: OperationRecord) => boolean,
  spoil: (operation: OperationRecord) => OperationRecord,
): CheckedRun {
  const victim = good.operations.find(isIt);
  expect(victim).toBeDefined();
  return { ...good, operations: good.operations.map((each) => (each === victim ? spoil(each) : each)) };
}

function kind(name: OperationRecord['call']['kind']) {
  return ({ call, trace: { request, zxid } }: OperationRecord): boolean =>
    call.kind === name && (request ?? zxid) !== undefined;
}

function failed(name: OperationRecord['call']['kind']) {
  return ({ call, ending }: OperationRecord): boolean => call.kind === name && ending.kind === 'failed';
}

function sequential({ call, id }: OperationRecord): boolean {
  return call.kind === 'create' && call.options.sequential === true && id > 1;
}

function idle({ call, trace }: OperationRecord): boolean {
  return call.kind === 'update' && trace.request === undefined;
}

function linearizable({ call }: OperationRecord): boolean {
  return call.kind === 'get' && call.options.consistency === 'linearizable';
}

function answer(result: Extract<OperationRecord['ending'], { kind: 'answered' }>['result']) {
  return (operation: OperationRecord): OperationRecord => ({
    ...operation,
    ending: { kind: 'answered', result },
  });
}

function traced(change: Partial<OperationRecord['trace']>) {
  return (operation: OperationRecord): OperationRecord => ({
    ...operation,
    trace: { ...operation.trace, ...change },
  });
}
