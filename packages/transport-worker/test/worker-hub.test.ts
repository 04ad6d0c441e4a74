import { existsSync } from 'node:fs';
import { CoordinationError } from '@quorate/core';
import type { Logger, Transport } from '@quorate/core/ports';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { workerHub, type WorkerHub, workerTransport } from '../src/index.ts';

const isBuilt = existsSync(new URL('../dist/index.js', import.meta.url));
const file = new URL('threads/ends.js', import.meta.url);
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
/** Without those of the test runner: workers run what is built. */
const options = { execArgv: [] };

let hub: WorkerHub = workerHub({ logger: silent });
afterEach(async () => {
  await hub.close();
  hub = workerHub({ logger: silent });
});

/** A member in this thread, and what it was told. */
async function startMain(transport: Transport, member = 'main'): Promise<{ readonly told: string[] }> {
  const told: string[] = [];
  const owner = {
    member,
    ensemble: 'test',
    incarnation: 1,
    members: {},
    frameBytesMax: 1_000,
    logger: silent,
  };
  await transport.start(owner, {
    frame: (from) => told.push(`frame of ${from}`),
    connected: (other) => told.push(`+${other}`),
    disconnected: (other) => told.push(`-${other}`),
  });
  return { told };
}

describe.skipIf(!isBuilt)('a worker (skipped where nothing is built)', () => {
  it.each([
    ['process.exit', { code: 7 }],
    ['an error', { code: 1, error: expect.objectContaining({ message: 'on purpose' }) as unknown }],
    ['a rejection', { code: 1, error: expect.objectContaining({ message: 'on purpose' }) as unknown }],
    ['a close', { code: 0 }],
  ])('that ends by %s is a value here, and a connection that breaks', async (way, exit) => {
    const main = await startMain(hub.transport('main'));
    const worker = hub.spawn(file, { id: 'a', workerData: { way }, options });
    expect(await worker.exited).toEqual(exit);
    await vi.waitFor(() => expect(main.told).toEqual(['+a', '-a']));
  });

  it('that is terminated, twice, is gone at once, and its id is free', async () => {
    const main = await startMain(hub.transport('main'));
    const spec = { id: 'a', workerData: { way: 'nothing' }, options };
    for (const _life of [1, 2]) {
      const worker = hub.spawn(file, spec);
      await new Promise((resolve) => void worker.worker.once('message', resolve));
      expect((await Promise.all([worker.terminate(), worker.terminate()])).map(({ code }) => code)).toEqual([
        1, 1,
      ]);
    }
    await vi.waitFor(() => expect(main.told).toEqual(['+a', '-a', '+a', '-a']));
  });

  it('is started with others in one call, knows them as its members, and gets what is its own', async () => {
    const ways = ['b', 'c'].map((id) => ({
      id,
      workerData: { way: 'nothing', given: `for ${id}` },
      options,
    }));
    const workers = hub.spawn(file, ways);
    const told = await Promise.all(
      workers.map(({ worker }) => new Promise((resolve) => void worker.once('message', resolve))),
    );
    const members = { b: '', c: '' };
    expect(told).toEqual([
      { id: 'b', members, given: 'for b' },
      { id: 'c', members, given: 'for c' },
    ]);
    await hub.close();
    expect(await Promise.all(workers.map(({ exited }) => exited))).toEqual([{ code: 1 }, { code: 1 }]);
  });

  it('that crashes is told to the logger, or as a warning of the process', async () => {
    const error = vi.fn<Logger['error']>();
    await using loud = workerHub({ logger: { ...silent, error } });
    await loud.spawn(new URL('file:///nowhere.js'), { id: 'a', options }).exited;
    expect(error).toHaveBeenCalledTimes(1);
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    await using quiet = workerHub();
    await quiet.spawn(new URL('file:///nowhere.js'), { id: 'a', options }).exited;
    expect(warned.mock.calls[0]?.[1]).toEqual({ detail: 'the worker of peer "a" has crashed' });
    warned.mockRestore();
  });
});

describe('a hub', () => {
  it('refuses a second live member of one id, and keeps the first', async () => {
    const first = await startMain(hub.transport('a'), 'a');
    await expect(startMain(hub.transport('a'), 'a')).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    await startMain(hub.transport(), 'b');
    await vi.waitFor(() => expect(first.told).toEqual(['+b']));
  });

  it('refuses a peer of another id than its transport is for, and a transport that has started', async () => {
    const transport = hub.transport('a');
    await expect(startMain(transport, 'b')).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    await startMain(transport, 'a');
    await expect(startMain(transport, 'a')).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
  });

  it('refuses ids that are none, or there twice, files that are none, and all of it once it is closed', async () => {
    const wrong: readonly (() => unknown)[] = [
      () => hub.spawn(file, { id: '' }),
      () => hub.spawn(file, [{ id: 'a' }, { id: 'a' }]),
      () => hub.spawn('peer.js' as unknown as URL, { id: 'a' }),
    ];
    for (const call of wrong) expect(call).toThrow(CoordinationError);
    expect(hub.spawn(file, [])).toEqual([]);
    await hub.close();
    await hub.close();
    expect(() => hub.spawn(file, { id: 'a' })).toThrow(CoordinationError);
    await expect(startMain(hub.transport())).rejects.toMatchObject({ code: 'PEER_CLOSED' });
  });
});

it('a thread that no hub has started has no transport of a worker', () => {
  expect(() => workerTransport()).toThrow(/no hub|not started/);
});
