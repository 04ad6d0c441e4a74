import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CoordinationError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Storage } from '../ports/storage.ts';
import type { Transport } from '../ports/transport.ts';
import type { ReplicaInput, ReplicaMessage, ReplicaOutput } from '../replica/contract.ts';
import { OutputBuilder } from '../replica/output-builder.ts';
import type { Replica } from '../replica/replica.ts';
import { portableChecksum } from '../wire/crc32.ts';
import { encodeFrame } from '../wire/frame.ts';
import { Driver } from './driver.ts';
import { silentLogger } from '../platform/silent-logger.ts';

const message: ReplicaMessage = {
  kind: 'touch',
  from: 'a',
  to: 'b',
  term: 1,
  incarnation: 1,
  id: 1,
  sessions: [],
};
const meta = { index: 1, term: 1, elapsedMs: 0, membership: new Uint8Array(0) };
const broken = new Error('broken');

const stray: unknown[] = [];
const collect = (reason: unknown): void => void stray.push(reason);

beforeEach(() => {
  process.on('unhandledRejection', collect);
});

afterEach(async () => {
  await turn();
  process.off('unhandledRejection', collect);
  const [reason] = stray.splice(0);
  if (reason !== undefined) throw new Error('a rejection reached the host', { cause: reason });
});

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A driver whose replica answers what it is told to, and ports that work unless replaced. */
class Setup {
  nowMs = 0;
  inputs: ReplicaInput[] = [];
  happened: string[] = [];
  readonly fatals: CoordinationError[] = [];
  answer: (input: ReplicaInput) => Partial<ReplicaOutput> = () => ({});
  received: (message: ReplicaMessage) => void = () => undefined;
  tick: (() => void) | undefined;
  afterInput: (() => void)[] = [];
  readonly driver: Driver;

  constructor(ports: { readonly storage?: Partial<Storage>; readonly transport?: Partial<Transport> } = {}) {
    const clock: Clock = {
      now: () => this.nowMs,
      wallNow: () => 1_000 + this.nowMs,
      every: (_intervalMs, callback) => {
        this.tick = callback;
        return { cancel: () => void this.happened.push('timer cancelled'), keepAlive: () => undefined };
      },
      afterInput: (callback) => void this.afterInput.push(callback),
    };
    const storage: Storage = {
      open: () => Promise.reject(broken),
      write: () => {
        this.happened.push('write');
        return Promise.resolve();
      },
      readSnapshot: () => Promise.resolve(undefined),
      close: () => Promise.resolve(),
      ...ports.storage,
    };
    const transport: Transport = {
      start: () => Promise.resolve(),
      send: (to) => {
        this.happened.push(`send ${to}`);
        return true;
      },
      close: () => Promise.resolve(),
      ...ports.transport,
    };
    const replica = {
      start: () => this.#output({}),
      step: (input: ReplicaInput) => {
        this.inputs.push(input);
        return this.#output(this.answer(input));
      },
    };
    const checksum = portableChecksum();
    const logger = {
      ...silentLogger(),
      warn: (_facts: object, text: string) => void this.happened.push(text),
    };
    this.driver = new Driver(
      {
        id: 'b',
        replica: replica as unknown as Replica,
        storage,
        transport,
        checksum,
        clock,
        logger,
        frameBytesMax: 1_000,
        tickMs: 10,
        heartbeatMs: 50,
      },
      {
        output: () => void this.happened.push('output'),
        received: (arrived) => this.received(arrived),
        tick: () => void this.happened.push('tick'),
        fatal: (error) => void this.fatals.push(error),
      },
    );
    this.driver.start();
    this.happened = [];
  }

  /** The kinds of inputs that the replica was given since the last look. */
  took(): readonly string[] {
    const { inputs } = this;
    this.inputs = [];
    return inputs.map(({ kind }) => kind);
  }

  #output(output: Partial<ReplicaOutput>): ReplicaOutput {
    return Object.assign(new OutputBuilder(), output);
  }
}

const write: Partial<ReplicaOutput> = { persists: [{ ticket: 1, batch: {} }] };

describe('Driver', () => {
  test('sends what promises durability behind its write, and the rest before', async () => {
    const setup = new Setup();
    setup.answer = ({ kind }) =>
      kind === 'connected'
        ? { ...write, sendNow: [{ ...message, to: 'now' }], sendAfterPersist: [message] }
        : {};
    setup.driver.push({ kind: 'connected', member: 'b' });
    await turn();
    expect(setup.happened).toEqual(['send now', 'output', 'write', 'send b', 'output']);
    expect(setup.took()).toEqual(['connected', 'persisted']);
  });

  test('steps all inputs of a turn together, stamped with the wall time, batches last', async () => {
    const setup = new Setup();
    setup.nowMs = 7;
    for (const announceDurable of [true, false]) {
      setup.driver.submit({ bytes: new Uint8Array(0), announceDurable });
      setup.driver.push({ kind: 'connected', member: 'b' });
    }
    expect(setup.took()).toEqual([]);
    expect(setup.driver.inboxLength).toBe(4);
    await turn();
    expect(setup.inputs.map(({ wallMs }) => wallMs)).toEqual([1_007, 1_007, 1_007]);
    expect(setup.inputs.at(-1)).toMatchObject({ kind: 'submit', batches: [{}, {}] });
    expect(setup.took()).toEqual(['connected', 'connected', 'submit']);
  });

  test('goes on with cut work after other input', async () => {
    const setup = new Setup();
    setup.answer = ({ kind }) => ({ more: kind === 'connected' });
    setup.driver.push({ kind: 'connected', member: 'b' });
    await turn();
    expect(setup.took()).toEqual(['connected']);
    setup.afterInput.shift()?.();
    await turn();
    expect(setup.took()).toEqual(['continue']);
    expect(setup.afterInput).toEqual([]);
  });

  test('leaves out work that was cut and that another input has done', async () => {
    const setup = new Setup();
    setup.answer = ({ kind }) => ({ more: kind === 'connected' });
    setup.driver.push({ kind: 'connected', member: 'b' });
    setup.driver.push({ kind: 'disconnected', member: 'b' });
    await turn();
    setup.afterInput.shift()?.();
    await turn();
    expect(setup.took()).toEqual(['connected', 'disconnected']);
    setup.driver.push({ kind: 'connected', member: 'b' });
    await turn();
    setup.afterInput.shift()?.();
    await turn();
    expect(setup.took()).toEqual(['connected', 'continue']);
  });

  test('asks the transport to let go of what a turn has sent once, before the disk is asked', async () => {
    let flushed = (): void => undefined;
    const setup = new Setup({ transport: { flush: () => flushed() } });
    flushed = () => void setup.happened.push('flush');
    setup.answer = ({ kind }) =>
      kind === 'connected' ? { persists: [{ ticket: 1, batch: {} }], sendNow: [message] } : {};
    setup.driver.push({ kind: 'connected', member: 'b' });
    setup.driver.push({ kind: 'connected', member: 'b' });
    await turn();
    expect(setup.happened.slice(0, 6)).toEqual(['send b', 'output', 'send b', 'output', 'flush', 'write']);
  });

  test('counts whole ticks, and lets what has arrived be read before a late one', () => {
    const setup = new Setup();
    setup.nowMs = 9;
    setup.tick?.();
    expect(setup.took()).toEqual([]);
    setup.nowMs = 25;
    setup.tick?.();
    expect(setup.inputs).toMatchObject([{ kind: 'tick', count: 2 }]);
    setup.took();
    setup.nowMs = 400;
    setup.tick?.();
    setup.tick?.();
    expect(setup.took()).toEqual([]);
    expect(setup.afterInput).toHaveLength(1);
    setup.driver.push({ kind: 'connected', member: 'b' });
    setup.afterInput.shift()?.();
    expect(setup.took()).toEqual(['connected', 'tick']);
  });

  test('encodes what goes to all followers once', async () => {
    const sent: { readonly to: string; readonly bytes: Uint8Array }[] = [];
    const setup = new Setup({ transport: { send: (to, bytes) => sent.push({ to, bytes }) > 0 } });
    const append: ReplicaMessage = {
      ...{
        from: 'b',
        term: 1,
        incarnation: 1,
        previousIndex: 3,
        previousTerm: 1,
        commitIndex: 3,
        durableIndex: 3,
      },
      ...{ kind: 'append', to: 'a', entries: [], round: 1 },
    };
    setup.answer = () => ({ sendNow: [append, { ...append, to: 'c' }, { ...append, to: 'd', round: 2 }] });
    setup.driver.push({ kind: 'connected', member: 'a' });
    await turn();
    expect(sent.map(({ to }) => to)).toEqual(['a', 'c', 'd']);
    const [first, second, third] = sent.map(({ bytes }) => bytes);
    expect(second).toBe(first);
    expect(third).not.toEqual(first);
  });

  test('takes frames of whom they name, and drops the others', async () => {
    const setup = new Setup();
    const frame = encodeFrame(message, portableChecksum());
    setup.driver.receive('a', frame);
    await turn();
    expect(setup.took()).toEqual(['message']);
    setup.happened = [];
    setup.driver.receive('b', frame);
    setup.driver.receive('a', frame.slice(0, -1));
    setup.driver.receive('a', new Uint8Array(0));
    setup.driver.receive('a', new Uint8Array(2_000));
    await turn();
    expect(setup.took()).toEqual([]);
    expect(setup.happened).toEqual([
      'a frame names another sender than its connection',
      'a frame was refused',
      'a frame was refused',
      'a frame was refused',
    ]);
    expect(setup.fatals).toEqual([]);
  });

  test.each([
    [
      'a replica',
      'FATAL',
      {},
      () => {
        throw broken;
      },
    ],
    [
      'send',
      'FATAL',
      {
        transport: {
          send: () => {
            throw broken;
          },
        },
      },
      () => ({ sendNow: [message] }),
    ],
    [
      'send behind a write',
      'FATAL',
      {
        transport: {
          send: () => {
            throw broken;
          },
        },
      },
      () => ({ ...write, sendAfterPersist: [message] }),
    ],
    [
      'write, at once',
      'STORAGE_FAILED',
      {
        storage: {
          write: () => {
            throw broken;
          },
        },
      },
      () => write,
    ],
    ['write, later', 'STORAGE_FAILED', { storage: { write: () => Promise.reject(broken) } }, () => write],
    [
      'readSnapshot, at once',
      'STORAGE_FAILED',
      {
        storage: {
          readSnapshot: () => {
            throw broken;
          },
        },
      },
      () => ({ snapshotReads: [{ to: 'b', meta, offset: 0, length: 1 }] }),
    ],
    [
      'readSnapshot, later',
      'STORAGE_FAILED',
      { storage: { readSnapshot: () => Promise.reject(broken) } },
      () => ({ snapshotReads: [{ to: 'b', meta, offset: 0, length: 1 }] }),
    ],
  ] as const)('stops once and for all when %s fails: %s', async (_what, code, ports, answer) => {
    const setup = new Setup(ports);
    setup.answer = ({ kind }) => (kind === 'connected' ? answer() : {});
    for (const member of ['b', 'c']) setup.driver.push({ kind: 'connected', member });
    await turn();
    await turn();
    expect(setup.fatals).toMatchObject([
      { code, outcome: 'unknown', cause: broken, details: { reason: 'broken' } },
    ]);
    expect(setup.happened).toContain('timer cancelled');
    setup.took();
    setup.happened = [];
    setup.nowMs = 30;
    setup.tick?.();
    setup.driver.push({ kind: 'connected', member: 'd' });
    setup.driver.submit({ bytes: new Uint8Array(0), announceDurable: false });
    setup.driver.receive('a', encodeFrame(message, portableChecksum()));
    setup.driver.fail(broken);
    await turn();
    expect([setup.took(), setup.happened, setup.fatals.length]).toEqual([[], [], 1]);
  });

  test('throws nothing into the transport when a listener of messages fails', () => {
    const setup = new Setup();
    setup.received = () => {
      throw broken;
    };
    setup.driver.receive('a', encodeFrame(message, portableChecksum()));
    expect(setup.fatals).toMatchObject([{ code: 'FATAL', cause: broken }]);
  });

  test('answers a snapshot that is gone with no bytes: a newer one has replaced it', async () => {
    const setup = new Setup();
    setup.answer = ({ kind }) =>
      kind === 'connected' ? { snapshotReads: [{ to: 'b', meta, offset: 5, length: 1 }] } : {};
    setup.driver.push({ kind: 'connected', member: 'b' });
    await turn();
    expect(setup.inputs.at(-1)).toMatchObject({
      kind: 'snapshot-read',
      to: 'b',
      offset: 5,
      bytes: undefined,
    });
  });
});
