import { op, type Session, type WatchStream } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { History } from '../history/history.ts';
import { Recorder } from '../history/recorder.ts';
import { simulate } from '../world/simulate.ts';
import type { World } from '../world/world.ts';
import { CommittedLog } from './committed-log.ts';
import { checkIndexGuided } from './index-guided/index-guided.ts';
import { checkWatches } from './watches/watch-checker.ts';
import { checkZnodes, znodeHistories } from './linearizability/znode-histories.ts';

const members = { a: '', b: '', c: '' };

/** Draws from 0 to n - 1. */
type Draw = (n: number) => number;

/** Everything that a session can be asked, on few paths, in bursts that nobody awaits. */
async function work(session: Session, draw: Draw, sleep: (ms: number) => Promise<void>): Promise<void> {
  let serial = 0;
  const path = (): string => `/w/${'abcd'[draw(4)]}`;
  const value = (): string => `${session.id}-${(serial += 1)}`;
  // Znodes that nothing else changes: the black-box checker can judge them.
  const key = (): string => `/k-${draw(3)}`;
  const number = (): string => `/n-${draw(2)}`;
  const deadlineMs = (): number => (draw(3) === 0 ? 50 : 2_000);
  const consistency = (): 'session' | 'linearizable' => (draw(3) === 0 ? 'linearizable' : 'session');
  const asks: readonly (() => Promise<unknown>)[] = [
    () => session.create(path(), value(), { parents: true, ifAbsent: draw(2) === 0 }),
    () => session.create('/w/seq-', value(), { sequential: true, parents: true }),
    () => session.create('/w/e-', value(), { sequential: true, kind: 'ephemeral', parents: true }),
    () => session.set(path(), value(), { create: draw(2) === 0 }),
    () => session.delete(path(), { recursive: true, ifExists: draw(2) === 0 }),
    () => session.compareAndSet(path(), null, value()),
    () => session.compareAndSwap(path(), 1, value()),
    () => session.increment('/n', 1, { create: true }),
    () => session.update<string[]>('/list', (list) => void list.splice(0, 1, value()), { initial: [] }),
    () => session.multi([op.set(path(), value(), { create: true }), op.increment('/n', 1, { create: true })]),
    () => session.multi([op.delete(path()), op.create(`${path()}/x`, 1)]),
    () => session.get(path(), { consistency: consistency() }),
    () => session.getMany([path(), path(), '/n'], { consistency: consistency() }),
    () => session.exists(path(), { consistency: consistency() }),
    () => session.children('/w', { consistency: consistency(), limit: 1 + draw(5) }),
    () => session.list('/w', { consistency: consistency() }),
    () => session.count('/', { consistency: consistency() }),
    () => session.ephemerals({ under: '/w' }),
    () => session.create(key(), value(), { deadlineMs: deadlineMs() }),
    () => session.set(key(), value(), { create: true, deadlineMs: deadlineMs() }),
    () => session.delete(key()),
    () => session.get(key(), { consistency: 'linearizable', deadlineMs: deadlineMs() }),
    () =>
      session
        .get(key(), { consistency: 'linearizable' })
        .then((znode) => session.compareAndSwap(key(), znode.value, value())),
    () => session.increment(number(), draw(9), { create: true, deadlineMs: deadlineMs() }),
    () => session.getMany([number(), number()], { consistency: 'linearizable' }),
    () => session.sync().then(() => session.get(path())),
  ];
  for (;;) {
    const burst = Array.from({ length: 1 + draw(4) }, () => asks[draw(asks.length)]?.());
    await Promise.allSettled(burst);
    if (session.signal.aborted) return;
    await sleep(draw(200));
  }
}

/** Pulls until the stream ends; a slow consumer lets its queue run full now and then. */
async function follow(stream: WatchStream, pause: () => Promise<void>): Promise<void> {
  try {
    for await (const _ of stream) await pause();
  } catch {
    // How it ended is in its record.
  }
}

function watchAll(session: Session, draw: Draw, sleep: (ms: number) => Promise<void>): void {
  const eager = (): Promise<void> => Promise.resolve();
  const slow = (): Promise<void> => sleep(draw(2_000));
  void follow(session.watch('/w', { scope: 'subtree' }), eager);
  void follow(session.watch('/w', { scope: 'children', queueMax: 20 }), slow);
  void follow(session.watch('/k-0', { overflow: 'resync', queueMax: 2 }), slow);
  void follow(session.watch('/', { scope: 'subtree', from: draw(200) }), eager);
}

async function main(world: World, recorder: Recorder): Promise<void> {
  for (const id of Object.keys(members)) {
    const random = world.random(`work:${id}`);
    world.host(id).start(async (ports) => {
      const peer = await ports.openPeer({ id, members });
      for (;;) {
        const opened = await peer.openSession({ timeoutMs: 2_000, deadlineMs: Infinity });
        const session = recorder.record(opened, { client: id, member: id });
        watchAll(
          session,
          (n) => random.below(n),
          (ms) => ports.sleep(ms),
        );
        await work(
          session,
          (n) => random.below(n),
          (ms) => ports.sleep(ms),
        );
      }
    });
  }
  const faults = world.random('my-faults');
  for (let round = 0; round < 6; round += 1) {
    await world.sleep(3_000);
    const host = world.hosts[faults.below(world.hosts.length)];
    if (host === undefined) return;
    if (faults.below(2) === 0) host.restart();
    else {
      host.pause();
      await world.sleep(faults.below(3_000));
      host.resume();
    }
  }
  await world.sleep(3_000);
}

/** A run takes a second; a busy machine gets time. */
const timeoutMs = 120_000;

describe('a simulated run with crashes and pauses', () => {
  it.each([1, 2])(
    'is explained by its log (seed %i)',
    async (seed) => {
      const history = new History({ nowMs: () => 0 });
      const log = new CommittedLog();
      await simulate({ seed, invariants: [log] }, (world) => main(world, new Recorder(history)));
      const operations = history.operations();
      expect(operations.length).toBeGreaterThan(200);
      const verdict = checkIndexGuided({ operations, log: log.entries });
      expect(verdict).toEqual({ kind: 'valid' });
      // Enough of it can be judged without the log, and the streams had something to tell.
      expect(znodeHistories(operations).flatMap(({ paths }) => paths)).toContain('/k-0');
      const watches = history.watches();
      expect(watches.reduce((sum, { batches }) => sum + batches.length, 0)).toBeGreaterThan(500);
      expect(checkWatches({ watches, operations, log: log.entries })).toEqual({ kind: 'valid' });
      expect(checkZnodes(operations)).toEqual({ kind: 'valid' });
    },
    timeoutMs,
  );
});
