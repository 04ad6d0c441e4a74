import { CoordinationError, type Session } from '@quorate/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { History } from '../../history/history.ts';
import type { QueueRecord } from '../../history/resource-record.ts';
import { simulate } from '../../world/simulate.ts';
import type { World } from '../../world/world.ts';
import { checkQueues, type QueuedRun } from './queue-checker.ts';

const members = { a: '', b: '', c: '' };

let good: QueuedRun;

beforeAll(async () => {
  const history = new History({ nowMs: () => 0 });
  const { result: left } = await simulate({ seed: 5 }, (world) => produceAndConsume(world, history));
  good = { queues: history.queues(), drained: new Map([['/q', left]]) };
}, 60_000);

describe('the queue checker', () => {
  it('has nothing against a run with crashes', () => {
    expect(checkQueues(good)).toEqual({ kind: 'valid' });
    const applied = good.queues.filter(({ outcome }) => outcome === 'applied');
    expect(applied.filter(({ kind }) => kind === 'put').length).toBeGreaterThan(50);
    expect(applied.filter(({ kind }) => kind === 'take').length).toBeGreaterThan(50);
  });

  it('QueueNoLoss: flags elements that never came out, but for one a take of unknown outcome', () => {
    const unknown = good.queues.filter(
      ({ kind, outcome }) => kind === 'take' && outcome === 'unknown',
    ).length;
    const isTake = ({ kind, outcome }: QueueRecord): boolean => kind === 'take' && outcome === 'applied';
    // The last that were taken: no order is broken by their loss.
    const taken = good.queues.filter(isTake).slice(-(unknown + 1));
    expect(flags(good.queues.filter((record) => !taken.includes(record)))).toBe('QueueNoLoss');
  });

  it('QueueNoPhantom: flags what was never put, was refused, or comes out too early', () => {
    const [put] = putAndTaken();
    expect(flags(good.queues.filter((record) => record !== put))).toBe('QueueNoPhantom');
    expect(flags(edit(put, { outcome: 'not-applied' }))).toBe('QueueNoPhantom');
    expect(flags(edit(put, { calledAt: Number.MAX_SAFE_INTEGER }))).toBe('QueueNoPhantom');
    expect(flags(good.queues, ['nobody put this'])).toBe('QueueNoPhantom');
  });

  it('QueueOnce: flags what is taken twice, or taken and still there', () => {
    const [, take] = putAndTaken();
    expect(flags([...good.queues, { ...take, client: 'z' }])).toBe('QueueOnce');
    expect(flags(good.queues, [take.element ?? ''])).toBe('QueueOnce');
    // Who does not know whether it took an element has not taken it.
    expect(flags([...good.queues, { ...take, client: 'z', outcome: 'unknown' }])).toBe('valid');
  });

  it('QueueFifo: flags elements of one producer in another order', () => {
    const puts = good.queues.filter(
      ({ kind, client, outcome }) => kind === 'put' && client === 'a' && outcome === 'applied',
    );
    const [first, second] = [puts[3], puts[20]];
    const swapped = good.queues.map((record) => {
      if (record.kind !== 'take') return record;
      if (record.element === first?.element) return { ...record, element: second?.element };
      return record.element === second?.element ? { ...record, element: first?.element } : record;
    });
    // One of them may come out before it went in.
    expect(['QueueFifo', 'QueueNoPhantom']).toContain(flags(swapped));
    const late = puts.map((put, at) => ({ ...put, calledAt: at, returnedAt: at }));
    const takes = puts.map(
      (put, at) => ({ ...put, kind: 'take', calledAt: 1_000 - at, returnedAt: 1_000 - at }) as const,
    );
    expect(checkQueues({ queues: [...late, ...takes], drained: new Map() })).toMatchObject({
      rule: 'QueueFifo',
    });
    const there = puts.map((put) => put.element ?? '').toReversed();
    expect(checkQueues({ queues: late, drained: new Map([['/q', there]]) })).toMatchObject({
      rule: 'QueueFifo',
    });
  });
});

function flags(queues: readonly QueueRecord[], more: readonly string[] = []): string {
  const drained = new Map([['/q', [...(good.drained.get('/q') ?? []), ...more]]]);
  const verdict = checkQueues({ queues, drained });
  return verdict.kind === 'violation' ? verdict.rule : verdict.kind;
}

/** A put whose element was taken, and that take. */
function putAndTaken(): readonly [QueueRecord, QueueRecord] {
  for (const take of good.queues) {
    if (take.kind !== 'take' || take.outcome !== 'applied') continue;
    const put = good.queues.find(({ kind, element }) => kind === 'put' && element === take.element);
    if (put !== undefined) return [put, take];
  }
  throw new TypeError('nothing was taken');
}

function edit(record: QueueRecord, change: Partial<QueueRecord>): readonly QueueRecord[] {
  return good.queues.map((each) => (each === record ? { ...each, ...change } : each));
}

/** Two peers put, all take; every peer's process is restarted once. Answers what is left in the end. */
async function produceAndConsume(world: World, history: History): Promise<readonly string[]> {
  let left: readonly string[] = [];
  for (const id of Object.keys(members)) {
    let serial = 0;
    world.host(id).start(async (ports) => {
      const peer = await ports.openPeer({ id, members });
      const session = await peer.openSession({ deadlineMs: Infinity });
      await session.create('/q', null, { ifAbsent: true });
      while (world.nowMs < 9_000) {
        serial += 1;
        if (id !== 'c' && serial % 4 < 3)
          await putOne(session, { client: id, element: `${id}-${serial}`, history });
        await takeOne(session, { client: id, history });
        await ports.sleep(100);
      }
      await session.sync();
      left = (await session.list<string>('/q')).map(({ value }) => value);
    });
  }
  for (const host of world.hosts) {
    await world.sleep(3_000);
    host.restart();
  }
  for (const host of world.hosts) host.restart();
  await world.sleep(3_000);
  return left;
}

interface QueueUser {
  readonly client: string;
  readonly history: History;
}

async function putOne(
  session: Session,
  { client, element, history }: QueueUser & { readonly element: string },
): Promise<void> {
  const about = { kind: 'put', queue: '/q', client, element, calledAt: history.mark() } as const;
  // Until the answer is here, nobody knows: the process may end at any moment.
  const record: { -readonly [K in keyof QueueRecord]: QueueRecord[K] } = {
    ...about,
    returnedAt: Infinity,
    outcome: 'unknown',
  };
  history.addQueue(record);
  await session.create('/q/e-', element, { sequential: true });
  record.returnedAt = history.mark();
  record.outcome = 'applied';
}

async function takeOne(session: Session, { client, history }: QueueUser): Promise<void> {
  const about = { kind: 'take', queue: '/q', client, element: undefined, calledAt: history.mark() } as const;
  const record: { -readonly [K in keyof QueueRecord]: QueueRecord[K] } = {
    ...about,
    returnedAt: Infinity,
    outcome: 'unknown',
  };
  history.addQueue(record);
  const [first] = await session.list<string>('/q', { limit: 1 });
  try {
    if (first !== undefined) await session.delete(`/q/${first.name}`);
  } catch (error) {
    // Somebody else was faster.
    if (!(error instanceof CoordinationError) || error.code !== 'NO_NODE') throw error;
    record.outcome = 'not-applied';
    return;
  }
  record.returnedAt = history.mark();
  record.outcome = first === undefined ? 'not-applied' : 'applied';
  record.element = first?.value;
}
