import { afterEach, describe, expect, it } from 'vitest';
import { BatchBuilder, encodeSystemBatch } from '../codec/batch.ts';
import type { Op } from '../codec/op.ts';
import { parseSessionId } from '../codec/stat.ts';
import { decodeValue } from '../codec/value-decode.ts';
import { encodeValue } from '../codec/value-encode.ts';
import { sourceOf } from '../codec/value-source.ts';
import type { Limits } from '../limits.ts';
import type { ServedSessionEvents, Transport } from '../ports/transport.ts';
import { portableChecksum } from '../wire/crc32.ts';
import { SessionFrameReader, SessionFrameWriter } from '../wire/session-frame.ts';
import type { SessionAnswer, SessionRequest, Welcome } from '../wire/session-messages.ts';
import { op as operation } from '../session/op.ts';
import { openPeer } from './open-peer.ts';
import type { Peer } from './peer-types.ts';

const checksum = portableChecksum();
const frameBytesMax = 16 * 1_024 * 1_024;
const greeting = { ensemble: 'quorate', frameBytesMax };
const open = { kind: 'open', ...greeting, secretHash: new Uint8Array(32), timeoutMs: 10_000 } as const;

/** A transport that is nothing but the sessions' side of one peer. */
class Wire implements Transport {
  readonly answers = new Map<number, SessionAnswer[]>();
  readonly hungUp: number[] = [];
  /** Sessions that read nothing now. */
  readonly stuck = new Set<number>();
  readonly #readers = new Map<number, SessionFrameReader>();
  #events: ServedSessionEvents | undefined;

  get events(): ServedSessionEvents {
    if (this.#events === undefined) throw new RangeError('the peer serves no sessions');
    return this.#events;
  }

  async start(_owner: unknown, events: { readonly sessions?: ServedSessionEvents }): Promise<void> {
    this.#events = events.sessions;
  }

  send(): boolean {
    return false;
  }

  sendToSession(connection: number, bytes: Uint8Array): boolean {
    if (this.stuck.has(connection)) return false;
    const reader = this.#readers.get(connection) ?? new SessionFrameReader(checksum, frameBytesMax);
    this.#readers.set(connection, reader);
    const answers = this.answers.get(connection) ?? [];
    this.answers.set(connection, [...answers, reader.answer(bytes)]);
    return true;
  }

  hangUpSession(connection: number): void {
    this.hungUp.push(connection);
  }

  async close(): Promise<void> {}
}

/** The session's end of one connection, without any rules. */
class Caller {
  readonly connection: number;
  readonly #wire: Wire;
  readonly #writer = new SessionFrameWriter(checksum);

  constructor(wire: Wire, connection: number) {
    this.#wire = wire;
    this.connection = connection;
    wire.events.opened(connection);
  }

  get answers(): readonly SessionAnswer[] {
    return this.#wire.answers.get(this.connection) ?? [];
  }

  ask(request: SessionRequest): void {
    this.#wire.events.frame(this.connection, this.#writer.request(request));
  }

  send(bytes: Uint8Array): void {
    this.#wire.events.frame(this.connection, bytes);
  }

  async answer<K extends SessionAnswer['kind']>(
    kind: K,
    count = 1,
  ): Promise<Extract<SessionAnswer, { kind: K }>> {
    for (let turn = 0; turn < 2_000; turn += 1) {
      const found = this.answers.filter((answer) => answer.kind === kind);
      const answer = found[count - 1];
      if (answer !== undefined) return answer as Extract<SessionAnswer, { kind: K }>;
      await turnOfLoop();
    }
    throw new RangeError(`no ${kind} came, but ${this.answers.map((answer) => answer.kind).join()}`);
  }

  async greet(): Promise<Welcome> {
    this.ask(open);
    return await this.answer('welcome');
  }

  batch(
    session: Pick<Welcome, 'sessionId' | 'holder'>,
    firstRequest: number,
    ops: readonly Op[],
  ): Uint8Array {
    const builder = new BatchBuilder();
    for (const op of ops) builder.add(op);
    return builder.finish({ ...session, firstRequest, acknowledgedThrough: 0 });
  }
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
}

const peers: Peer[] = [];

async function start(limits: Partial<Limits> = {}): Promise<{ readonly peer: Peer; readonly wire: Wire }> {
  const wire = new Wire();
  const timing = { heartbeatMs: 5, electionTimeoutMs: 15 };
  const peer = await openPeer({ id: 'a', transport: wire, limits, timing });
  peers.push(peer);
  await peer.ready();
  return { peer, wire };
}

afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close({ graceful: false })));
});

const noop: Op = { kind: 'noop' };

describe('a peer that serves sessions', () => {
  it('counts them, and lets a session outlive its connection', async () => {
    const { peer, wire } = await start();
    const caller = new Caller(wire, 1);
    await caller.greet();
    expect(peer.status().queues.servedSessions).toBe(1);
    wire.events.closed(1);
    expect(peer.status().queues.servedSessions).toBe(0);
    expect(peer.sessions()).toHaveLength(1);
  });

  it('opens one session, however often it is asked with the same secret', async () => {
    const { peer, wire } = await start();
    const first = await new Caller(wire, 1).greet();
    const second = await new Caller(wire, 2).greet();
    expect([second.sessionId, second.holder]).toEqual([first.sessionId, first.holder]);
    expect(peer.sessions()).toHaveLength(1);
    // The same holder came by another connection: the first one is of no use any more.
    expect(wire.hungUp).toEqual([1]);
  });

  it('lets only the holder with the secret go on', async () => {
    const { wire } = await start();
    const { sessionId, holder } = await new Caller(wire, 1).greet();
    const attach = { kind: 'attach', ...greeting, sessionId, holder, zxid: 0, wantsDurable: false } as const;
    const stranger = new Caller(wire, 2);
    stranger.ask({ ...attach, secret: Uint8Array.of(1) });
    expect(await stranger.answer('refused')).toMatchObject({ code: 'AUTH_FAILED' });
    const unknown = new Caller(wire, 3);
    unknown.ask({ ...attach, sessionId: 99, secret: Uint8Array.of(1) });
    expect(await unknown.answer('refused')).toMatchObject({ code: 'SESSION_EXPIRED' });
    expect(wire.hungUp).toEqual([2, 3]);
  });

  it('refuses another ensemble, and sessions beyond its limit', async () => {
    const { wire } = await start({ servedSessionsMax: 1 });
    const lost = new Caller(wire, 1);
    lost.ask({ ...open, ensemble: 'another' });
    expect(await lost.answer('refused')).toMatchObject({ code: 'AUTH_FAILED' });
    const first = new Caller(wire, 2);
    await first.greet();
    const second = new Caller(wire, 3);
    expect(await second.answer('refused')).toMatchObject({ code: 'OVERLOADED' });
    expect(wire.hungUp).toEqual([1, 3]);
  });

  it('answers a ping with what all streams have', async () => {
    const { peer, wire } = await start();
    const caller = new Caller(wire, 1);
    await caller.greet();
    caller.ask({ kind: 'ping', id: 7 });
    expect(await caller.answer('pong')).toEqual({ kind: 'pong', id: 7, seenZxid: peer.zxid });
  });
});

describe('a session that breaks the protocol', () => {
  const { sessionId, holder } = { sessionId: 1, holder: 1 };
  const foreign = { kind: 'submit', announceDurable: false } as const;
  const ping = new SessionFrameWriter(checksum).request({ kind: 'ping', id: 1 });

  it.each<readonly [string, (caller: Caller, welcome: Welcome) => void]>([
    ['any bytes', (caller) => caller.send(Uint8Array.of(1, 2, 3))],
    ['a frame that claims 4 GiB', (caller) => caller.send(claimsFourGiB())],
    ['a frame twice', (caller) => caller.send(ping)],
    ['a second greeting', (caller) => caller.ask(open)],
    ['no batch', (caller) => caller.ask({ ...foreign, bytes: Uint8Array.of(1) })],
    ['an empty batch', (caller, welcome) => caller.ask({ ...foreign, bytes: caller.batch(welcome, 1, []) })],
    [
      'a batch of another session',
      (caller) => caller.ask({ ...foreign, bytes: caller.batch({ sessionId: 99, holder }, 1, [noop]) }),
    ],
    [
      'a batch of another holder',
      (caller, welcome) =>
        caller.ask({ ...foreign, bytes: caller.batch({ ...welcome, holder: 5 }, 1, [noop]) }),
    ],
    [
      'a command of the ensemble',
      (caller) => {
        const op = { kind: 'end-session', sessionId } as const;
        const bytes = encodeSystemBatch({ kind: 'system', origin: 'a', incarnation: 1, ticket: 1, op });
        caller.ask({ ...foreign, bytes });
      },
    ],
    [
      'two batches in one',
      (caller, welcome) => {
        const batch = caller.batch(welcome, 1, [noop]);
        caller.ask({ ...foreign, bytes: new Uint8Array([...batch, ...batch]) });
      },
    ],
    [
      'a batch with a gap before it',
      (caller, welcome) => {
        caller.ask({ ...foreign, bytes: caller.batch(welcome, 1, [noop]) });
        caller.ask({ ...foreign, bytes: caller.batch(welcome, 3, [noop]) });
      },
    ],
    [
      'more requests than it may',
      (caller, welcome) =>
        caller.ask({
          ...foreign,
          bytes: caller.batch(
            welcome,
            1,
            Array.from({ length: 30 }, () => noop),
          ),
        }),
    ],
    [
      'two reads with one id',
      (caller) => {
        const read = { kind: 'read', id: 1, afterRequest: 99, consistency: 'session' } as const;
        caller.ask({ ...read, query: { kind: 'barrier' } });
        caller.ask({ ...read, query: { kind: 'barrier' } });
      },
    ],
    [
      'more watches than it may',
      (caller) => {
        const watch = { kind: 'watch', afterRequest: 0, path: '/', scope: 'node', from: undefined } as const;
        for (let id = 1; id <= 4; id += 1) caller.ask({ ...watch, id });
      },
    ],
  ])('by sending %s loses its connection, and the peer goes on', async (_what, misbehave) => {
    const { peer, wire } = await start({ sessionRequestsInFlightMax: 20, watchesPerSessionMax: 3 });
    const caller = new Caller(wire, 1);
    misbehave(caller, await caller.greet());
    for (let turn = 0; turn < 50 && wire.hungUp.length === 0; turn += 1) await turnOfLoop();
    expect(wire.hungUp).toEqual([1]);
    // What comes later on this connection is nothing to anybody.
    caller.ask({ kind: 'ping', id: 1 });
    const session = await peer.openSession();
    expect(await session.count('/')).toBe(0);
    expect(peer.sessions()).toHaveLength(2);
  });

  it('before it is served is told why', async () => {
    const { wire } = await start();
    const caller = new Caller(wire, 1);
    caller.ask({ kind: 'touch', id: 1 });
    expect(await caller.answer('refused')).toMatchObject({ code: 'PROTOCOL' });
  });

  it('only in the path of a watch is told so, and stays', async () => {
    const { wire } = await start();
    const caller = new Caller(wire, 1);
    await caller.greet();
    caller.ask({ kind: 'watch', id: 1, afterRequest: 0, path: 'no/path', scope: 'node', from: undefined });
    expect(await caller.answer('watch-failed')).toMatchObject({ id: 1, code: 'BAD_ARGUMENTS' });
    expect(wire.hungUp).toEqual([]);
  });
});

describe('a session that reads slowly', () => {
  async function watched(limits: Partial<Limits>): Promise<{
    readonly peer: Peer;
    readonly wire: Wire;
    readonly caller: Caller;
  }> {
    const { peer, wire } = await start(limits);
    const caller = new Caller(wire, 1);
    await caller.greet();
    caller.ask({ kind: 'watch', id: 1, afterRequest: 0, path: '/x', scope: 'node', from: undefined });
    await caller.answer('page');
    wire.stuck.add(1);
    return { peer, wire, caller };
  }

  function values(answers: readonly SessionAnswer[]): unknown[] {
    return answers.flatMap((answer) =>
      answer.kind === 'changes'
        ? answer.changes.map(({ after }) => after && decodeValue(after.value).value)
        : [],
    );
  }

  it('gets what waited for it, in order, when it reads again', async () => {
    const { peer, wire, caller } = await watched({});
    const writer = await peer.openSession();
    await writer.create('/x', 0);
    for (let value = 1; value < 20; value += 1) await writer.set('/x', value);
    expect(values(caller.answers)).toEqual([]);
    wire.stuck.clear();
    wire.events.drained(1);
    expect(values(caller.answers)).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  it('loses a stream that has fallen behind too far, and nothing else', async () => {
    const { peer, wire, caller } = await watched({ watchQueueMax: 5 });
    const writer = await peer.openSession();
    await writer.create('/x', 0);
    for (let value = 1; value < 20; value += 1) await writer.set('/x', value);
    wire.stuck.clear();
    wire.events.drained(1);
    expect(await caller.answer('watch-failed')).toMatchObject({ id: 1, code: 'WATCH_OVERFLOW' });
    expect(peer.status().queues.watches).toBe(0);
    caller.ask({ kind: 'watch', id: 2, afterRequest: 0, path: '/x', scope: 'node', from: undefined });
    expect(await caller.answer('page', 2)).toMatchObject({ id: 2, isLast: true });
    expect(wire.hungUp).toEqual([]);
  });

  it('and asks for more than it takes loses its connection', async () => {
    const { peer, wire, caller } = await watched({ sessionBytesInFlightMax: 10_000 });
    const writer = await peer.openSession();
    await writer.create('/large', 'x'.repeat(5_000));
    for (let id = 10; id < 20; id += 1) {
      const query = { kind: 'get', path: '/large' } as const;
      caller.ask({ kind: 'read', id, afterRequest: 0, consistency: 'session', query });
    }
    for (let turn = 0; turn < 50 && wire.hungUp.length === 0; turn += 1) await turnOfLoop();
    expect(wire.hungUp).toEqual([1]);
  });
});

describe('long answers', () => {
  it('come in parts: a snapshot, one transaction, and replies', async () => {
    const { peer, wire } = await start();
    const writer = await peer.openSession();
    const large = 'x'.repeat(100_000);
    for (let at = 0; at < 10; at += 1) await writer.create(`/z${at}`, large);
    const caller = new Caller(wire, 1);
    const welcome = await caller.greet();
    caller.ask({ kind: 'watch', id: 1, afterRequest: 0, path: '/', scope: 'children', from: undefined });
    await caller.answer('page', 2);
    const source = sourceOf(encodeValue(large));
    const compares = Array.from({ length: 10 }, (_, at): Op => {
      return { kind: 'compare', path: `/z${at}`, expected: source, value: source };
    });
    caller.ask({ kind: 'submit', announceDurable: false, bytes: caller.batch(welcome, 1, compares) });
    await caller.answer('replies', 3);
    await writer.delete('/z0');
    await writer.multi(Array.from({ length: 9 }, (_, at) => operation.delete(`/z${at + 1}`)));
    const pages = caller.answers.filter((answer) => answer.kind === 'page');
    expect(pages.flatMap(({ znodes }) => znodes.map(({ path }) => path))).toHaveLength(10);
    expect(pages.map(({ isLast }) => isLast).filter(Boolean)).toEqual([true]);
    const changes = caller.answers.filter((answer) => answer.kind === 'changes');
    expect(changes.filter(({ isLast }) => !isLast).length).toBeGreaterThan(1);
    expect(parseSessionId(peer.sessions()[1]?.id ?? '')).toBe(welcome.sessionId);
  });
});

function claimsFourGiB(): Uint8Array {
  const frame = new SessionFrameWriter(checksum).request({ kind: 'ping', id: 1 });
  frame.fill(0xff, 4, 8);
  return frame;
}
