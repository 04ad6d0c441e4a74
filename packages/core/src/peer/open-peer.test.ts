import { afterEach, describe, expect, test } from 'vitest';
import { CoordinationError } from '../errors.ts';
import type { Storage } from '../ports/storage.ts';
import type { Transport, TransportEvents } from '../ports/transport.ts';
import { memoryStorage } from './memory-storage.ts';
import { openPeer } from './open-peer.ts';
import type { Peer, PeerOptions } from './peer-types.ts';

const timing = { heartbeatMs: 10, electionTimeoutMs: 50 };
const limits = { snapshotAfterEntries: 5, logEntriesKept: 1, snapshotChunkBytes: 200 };

const opened: Peer[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((peer) => peer.close({ graceful: false })));
});

async function open(options: Partial<PeerOptions> = {}): Promise<Peer> {
  const peer = await openPeer({ id: 'a', timing, limits, ...options });
  opened.push(peer);
  return peer;
}

/** A storage with a snapshot and a few entries after it, of a peer that is gone. */
async function leftStorage(): Promise<Storage> {
  const storage = memoryStorage();
  const peer = await open({ storage });
  const session = await peer.openSession();
  for (let value = 1; value <= 20; value += 1) await session.set('/', { value, text: 'x'.repeat(50) });
  expect(peer.status().positions.snapshotIndex).toBeGreaterThan(0);
  await peer.close({ graceful: false });
  return storage;
}

/** The same storage, whose snapshot reads differently. */
function altered(storage: Storage, alter: (bytes: Uint8Array, offset: number) => Uint8Array): Storage {
  return {
    open: (owner) => storage.open(owner),
    write: (batch) => storage.write(batch),
    readSnapshot: async (meta, range) => {
      const read = await storage.readSnapshot(meta, range);
      return read && { ...read, bytes: alter(read.bytes.slice(), range.offset) };
    },
    close: () => storage.close(),
  };
}

async function failureOf(opening: Promise<Peer>): Promise<CoordinationError> {
  const reason: unknown = await opening.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(reason).toBeInstanceOf(CoordinationError);
  return reason as CoordinationError;
}

describe('openPeer', () => {
  test('restores what the storage holds: snapshot and log', async () => {
    const storage = await leftStorage();
    const peer = await open({ storage });
    await peer.ready();
    expect(peer.tree.get('/')?.value).toMatchObject({ value: 20 });
    expect(peer.sessions()).toHaveLength(1);
  });

  test('gives the storage back when it does not start, so that it may be tried again', async () => {
    const storage = await leftStorage();
    const damaged = altered(storage, (bytes) => bytes.fill(0));
    expect(await failureOf(open({ storage: damaged }))).toMatchObject({ code: 'CORRUPTED' });
    await (await open({ storage })).ready();
  });

  test('finds any damage of a stored snapshot', async () => {
    const storage = await leftStorage();
    for (let at = 0; at < 200; at += 13) {
      const flipped = altered(storage, (bytes) => {
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 0x10;
        return bytes;
      });
      expect(['CORRUPTED', 'UNSUPPORTED_VERSION']).toContain(
        (await failureOf(open({ storage: flipped }))).code,
      );
    }
  });

  test('refuses a snapshot that ends too early, or that is gone', async () => {
    const storage = await leftStorage();
    const short = altered(storage, (bytes) => bytes.slice(0, -1));
    expect(await failureOf(open({ storage: short }))).toMatchObject({ code: 'CORRUPTED' });
    const gone = { ...altered(storage, (bytes) => bytes), readSnapshot: () => Promise.resolve(undefined) };
    expect(await failureOf(open({ storage: gone }))).toMatchObject({ code: 'CORRUPTED' });
  });

  test('refuses a storage that another peer uses, or another member, or another ensemble', async () => {
    const storage = memoryStorage();
    const peer = await open({ storage });
    expect(await failureOf(open({ storage }))).toMatchObject({ code: 'STORAGE_FAILED' });
    await peer.close();
    expect(await failureOf(open({ storage, id: 'b' }))).toMatchObject({ code: 'STORAGE_FAILED' });
    expect(await failureOf(open({ storage, ensemble: 'other' }))).toMatchObject({ code: 'STORAGE_FAILED' });
    await (await open({ storage })).ready();
  });

  test('warns of an even number of voters, and says nothing otherwise', async () => {
    const warnings: object[] = [];
    const ignore = (): void => undefined;
    const logger = {
      debug: ignore,
      info: ignore,
      error: ignore,
      warn: (facts: object) => void warnings.push(facts),
    };
    const transport = { start: () => Promise.resolve(), send: () => false, close: () => Promise.resolve() };
    await open({ logger, transport, members: { a: '', b: '', c: '' } });
    expect(warnings).toEqual([]);
    await open({ logger, transport, members: { a: '', b: '' } });
    expect(warnings).toEqual([{ votersCount: 2 }]);
  });

  test('rejects, and does not throw, without options', async () => {
    expect(await failureOf(openPeer(undefined as unknown as PeerOptions))).toMatchObject({
      code: 'BAD_ARGUMENTS',
    });
    expect(await failureOf(openPeer({} as PeerOptions))).toMatchObject({ code: 'BAD_ARGUMENTS' });
  });
});

describe('a running peer', () => {
  test('shows its own replica synchronously, decoded once and frozen', async () => {
    const peer = await open();
    const session = await peer.openSession();
    await session.create('/z', { list: [1] });
    await session.create('/bytes', new Uint8Array([1]));
    const first = peer.tree.get<{ list: number[] }>('/z');
    expect(peer.tree.get('/z')).toBe(first);
    expect(Object.isFrozen(first?.value.list)).toBe(true);
    const bytes = peer.tree.get<Uint8Array>('/bytes')?.value;
    bytes?.fill(9);
    expect(peer.tree.get('/bytes')?.value).toEqual(new Uint8Array([1]));
    expect(peer.tree.get('/missing')).toBeUndefined();
    expect(peer.tree.stat('/missing')).toBeUndefined();
    expect(peer.tree.stat('/z')).toEqual(first?.stat);
    expect(peer.tree.children('/', { after: 'bytes' })).toEqual(['z']);
    expect(peer.tree.zxid).toBe(peer.zxid);
    expect(() => peer.tree.children('/missing')).toThrow(CoordinationError);
  });

  test('tells in one frozen value what it is, also after its end', async () => {
    const peer = await open();
    await peer.ready();
    const status = peer.status();
    expect(status).toMatchObject({
      id: 'a',
      ensemble: 'quorate',
      role: 'leader',
      leader: 'a',
      isAdmitted: true,
    });
    expect(Object.isFrozen(status)).toBe(true);
    await peer.close();
    expect(peer.status()).toMatchObject({
      role: 'follower',
      leader: undefined,
      digest: peer.status().digest,
    });
  });

  test('ends sessions of the ensemble: known ones, ended ones, and none that never were', async () => {
    const peer = await open();
    const session = await peer.openSession();
    await session.create('/e', null, { kind: 'ephemeral' });
    await peer.endSession(session.id);
    await peer.endSession(session.id);
    expect(session.state).toBe('closed');
    expect(peer.tree.get('/e')).toBeUndefined();
    expect(peer.sessions()).toEqual([]);
    await expect(peer.endSession('00000000abcdef')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
    await expect(peer.endSession('abc')).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
  });

  test('keeps a lasting session for whoever has its secret', async () => {
    const storage = memoryStorage();
    const first = await open({ storage });
    const session = await first.openSession({ timeoutMs: Infinity });
    await session.create('/e', 1, { kind: 'ephemeral' });
    await first.close({ graceful: false });
    const second = await open({ storage });
    const resumed = await second.openSession({ resume: { id: session.id, secret: session.secret } });
    expect(resumed.timeoutMs).toBe(Infinity);
    expect(await resumed.ephemerals()).toEqual(['/e']);
    // A secret is the caller's: what happens to it later changes nothing.
    const { secret } = resumed;
    secret.fill(0);
    expect(resumed.secret).toEqual(session.secret);
  });

  test('tells of connections that its transport refused, with what is known of them', async () => {
    const told: object[] = [];
    let refuse: TransportEvents['refused'];
    const transport: Transport = {
      start: async (_owner, events) => void (refuse = events.refused?.bind(events)),
      send: () => false,
      close: () => Promise.resolve(),
    };
    const peer = await open({ transport });
    peer.on('health', (health) => void told.push(health));
    const refusal = { address: '10.0.0.9:7001', code: 'AUTH_FAILED', reason: 'a wrong key' } as const;
    refuse?.({ member: 'x', ...refusal });
    refuse?.({ member: undefined, ...refusal });
    await Promise.resolve();
    expect(told).toEqual([
      { kind: 'refused', member: 'x', refusal },
      { kind: 'refused', member: '', refusal },
    ]);
  });

  test('alone has nobody to hand leadership to', async () => {
    const peer = await open();
    await peer.ready();
    await peer.transferLeadership('a');
    await expect(peer.transferLeadership('b')).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    await expect(peer.transferLeadership(undefined, { deadlineMs: 500 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});
