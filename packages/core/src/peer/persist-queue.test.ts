import { describe, expect, it } from 'vitest';
import { CoordinationError } from '../errors.ts';
import type { Entry } from '../ports/entry.ts';
import type { Storage, WriteBatch } from '../ports/storage.ts';
import type { ReplicaMessage } from '../replica/contract.ts';
import { joinBatch, PersistQueue } from './persist-queue.ts';

/** A disk whose writes complete when the test says so. */
class SlowDisk {
  readonly writes: { batch: WriteBatch; done: () => void; fail: (cause: unknown) => void }[] = [];

  storage(): Storage {
    return {
      open: () => Promise.reject(new TypeError('not used')),
      write: (batch) =>
        new Promise((resolve, reject) => {
          this.writes.push({ batch, done: resolve, fail: reject });
        }),
      readSnapshot: () => Promise.resolve(undefined),
      close: () => Promise.resolve(),
    };
  }
}

const entry = (index: number): Entry => ({
  index,
  term: 1,
  kind: 'commands',
  wallMs: 0,
  elapsedMs: 0,
  body: new Uint8Array(),
});

const message = (to: string): ReplicaMessage => ({
  kind: 'timeout-now',
  from: 'a',
  to,
  term: 1,
  incarnation: 1,
});

/** A queue whose every push is a turn of its own. */
class TurnByTurn extends PersistQueue {
  override push(...pushed: Parameters<PersistQueue['push']>): void {
    super.push(...pushed);
    this.start();
  }
}

function setUp(): { disk: SlowDisk; queue: PersistQueue; log: string[] } {
  const disk = new SlowDisk();
  const log: string[] = [];
  const queue = new TurnByTurn(disk.storage(), {
    persisted: (tickets) => void log.push(`persisted ${tickets.join(',')}`),
    send: (messages) => void log.push(`send ${messages.map(({ to }) => to).join(',')}`),
    failed: (cause) => void log.push(`failed ${String(cause)}`),
    full: () => void log.push('full'),
    writable: () => void log.push('writable'),
  });
  return { disk, queue, log };
}

const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('the persist queue', () => {
  it('sends what promises durability only after every write before it', async () => {
    const { disk, queue, log } = setUp();
    queue.push([{ ticket: 1, batch: { entries: [entry(1)] } }], [message('b')]);
    queue.push([], [message('c')]);
    await settled();
    expect(log).toEqual([]);
    disk.writes[0]?.done();
    await settled();
    expect(log).toEqual(['send b', 'persisted 1', 'send c']);
  });

  it('sends at once when nothing waits for the disk', () => {
    const { queue, log } = setUp();
    queue.push([], [message('b')]);
    expect(log).toEqual(['send b']);
  });

  it('writes together what is pushed before it is started', () => {
    const disk = new SlowDisk();
    const nothing = (): undefined => undefined;
    const queue = new PersistQueue(disk.storage(), {
      persisted: nothing,
      send: nothing,
      failed: nothing,
      full: nothing,
      writable: nothing,
    });
    for (const ticket of [1, 2]) queue.push([{ ticket, batch: { entries: [entry(ticket)] } }], []);
    expect(disk.writes).toHaveLength(0);
    queue.start();
    expect(disk.writes.map(({ batch }) => batch.entries?.length)).toEqual([2]);
  });

  it('gathers what comes while the disk is busy into one write, tickets in order', async () => {
    const { disk, queue, log } = setUp();
    for (const ticket of [1, 2, 3]) queue.push([{ ticket, batch: { entries: [entry(ticket)] } }], []);
    expect(disk.writes).toHaveLength(1);
    disk.writes[0]?.done();
    await settled();
    expect(disk.writes).toHaveLength(2);
    expect(disk.writes[1]?.batch.entries?.map(({ index }) => index)).toEqual([2, 3]);
    disk.writes[1]?.done();
    await settled();
    expect(log).toEqual(['persisted 1', 'persisted 2,3']);
  });

  it('a failed write ends everything: nothing behind it is written, acknowledged or sent', async () => {
    const { disk, queue, log } = setUp();
    queue.push([{ ticket: 1, batch: { entries: [entry(1)] } }], [message('b')]);
    queue.push([{ ticket: 2, batch: { entries: [entry(2)] } }], [message('c')]);
    disk.writes[0]?.fail('EIO');
    await settled();
    expect(log).toEqual(['failed EIO']);
    expect(disk.writes).toHaveLength(1);
  });

  it('a write without room waits for a retry, and everything behind it waits for it', async () => {
    const { disk, queue, log } = setUp();
    const full = new CoordinationError('STORAGE_FULL');
    queue.push([{ ticket: 1, batch: { entries: [entry(1)] } }], [message('b')]);
    queue.push([{ ticket: 2, batch: { entries: [entry(2)] } }], []);
    disk.writes[0]?.fail(full);
    await settled();
    queue.push([{ ticket: 3, batch: { entries: [entry(3)] } }], []);
    expect(log).toEqual(['full']);
    queue.retry();
    disk.writes[1]?.fail(full);
    await settled();
    queue.retry();
    expect(disk.writes).toHaveLength(3);
    expect(disk.writes[2]?.batch).toBe(disk.writes[0]?.batch);
    disk.writes[2]?.done();
    await settled();
    disk.writes[3]?.done();
    await settled();
    expect(log).toEqual(['full', 'writable', 'send b', 'persisted 1', 'persisted 2,3']);
    queue.retry();
    expect(disk.writes).toHaveLength(4);
  });

  it('nothing is told after it was stopped', async () => {
    const { disk, queue, log } = setUp();
    queue.push([{ ticket: 1, batch: { entries: [entry(1)] } }], [message('b')]);
    queue.stop();
    disk.writes[0]?.done();
    await settled();
    expect(log).toEqual([]);
  });

  it('truncations, snapshots and installs are never joined with another write', () => {
    const plain: WriteBatch = { entries: [entry(1)] };
    const meta = { index: 1, term: 1, elapsedMs: 0, membership: new Uint8Array() };
    expect(joinBatch(plain, { truncateFrom: 1 })).toBeUndefined();
    expect(joinBatch(plain, { install: meta })).toBeUndefined();
    expect(joinBatch({ compactThrough: 1 }, plain)).toBeUndefined();
    expect(joinBatch({ truncateFrom: 1, entries: [entry(1)] }, { entries: [entry(2)] })).toEqual({
      truncateFrom: 1,
      entries: [entry(1), entry(2)],
    });
  });

  it('the later hard state counts', () => {
    const hardState = (term: number) => ({ term, vote: undefined, founding: undefined });
    expect(joinBatch({ hardState: hardState(1) }, { hardState: hardState(2) })?.hardState?.term).toBe(2);
  });
});
