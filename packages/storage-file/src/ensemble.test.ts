/** What a damaged or full storage means for its member, and for the ensemble. */
import { openPeer, type Peer } from '@quorate/core';
import { memoryNetwork } from '@quorate/transport-memory';
import { afterEach, expect, test } from 'vitest';
import { storageOn } from './storage.ts';
import { filesError, MemoryDirectory } from './testing/memory-directory.ts';
import { segmentBytes } from './testing/setup.ts';

const members = { a: '', b: '', c: '' };
const peers: Peer[] = [];

afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close({ graceful: false })));
});

interface Ensemble {
  readonly directories: Record<string, MemoryDirectory>;
  readonly open: (id: string) => Promise<Peer>;
}

function ensemble(): Ensemble {
  const network = memoryNetwork();
  const directories: Record<string, MemoryDirectory> = {
    a: new MemoryDirectory(),
    b: new MemoryDirectory(),
    c: new MemoryDirectory(),
  };
  return {
    directories,
    open: async (id) => {
      const directory = directories[id] ?? new MemoryDirectory();
      const peer = await openPeer({
        id,
        members,
        transport: network.transport(),
        storage: storageOn(directory, { segmentBytes }),
      });
      peers.push(peer);
      return peer;
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

function lastSegment(directory: MemoryDirectory): string {
  const [last = ''] = [...directory.names()].filter((name) => name.startsWith('log-')).sort();
  return last;
}

test('a member with a damaged log is admitted again, and gets back what it lost', async () => {
  const { directories, open } = ensemble();
  const [a, b] = await Promise.all(['a', 'b', 'c'].map(open));
  if (a === undefined || b === undefined) throw new TypeError('three peers were opened');
  const session = await a.openSession();
  for (let at = 0; at < 20; at += 1) await session.create(`/item-${at}`, at);
  const victim = peers.find(({ role }) => role !== 'leader' && peers.length === 3) ?? b;
  const { id } = victim;
  const before = victim.status().incarnation;
  await until(() => victim.zxid === a.zxid);
  await victim.close({ graceful: false });
  const directory = directories[id] ?? new MemoryDirectory();
  directory.damage(lastSegment(directory), (bytes) => bytes.fill(0xaa, 900, 1_000));
  const admitted: string[] = [];
  const again = await open(id);
  again.on('health', ({ kind, member }) => void (kind === 'admitted' && admitted.push(member)));
  expect(again.status().incarnation).not.toBe(before);
  await until(() => admitted.length > 0 && again.tree.get('/item-19') !== undefined);
  expect(admitted).toEqual([id]);
  await again.ready();
  // It counts again: with one of the others away, the two of them are a majority.
  const away = peers.find((peer) => peer.id !== id && peer.role !== 'leader' && peer !== again);
  await away?.close({ graceful: false });
  const own = await again.openSession();
  await own.set('/item-3', 'after');
  expect(again.tree.get('/item-3')?.value).toBe('after');
});

test('a peer that is alone does not start on a damaged log, and says what is damaged', async () => {
  const directory = new MemoryDirectory();
  const open = (): Promise<Peer> => openPeer({ id: 'a', storage: storageOn(directory, { segmentBytes }) });
  const peer = await open();
  const session = await peer.openSession();
  for (let at = 0; at < 20; at += 1) await session.create(`/item-${at}`, at);
  await peer.close({ graceful: false });
  directory.damage(lastSegment(directory), (bytes) => bytes.fill(0xaa, 900, 1_000));
  const failure = await open().catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'CORRUPTED' });
  expect(String(failure)).toContain('log-000000000001');
  expect(String(failure)).toContain('repair');
});

test('a leader without room on its disk steps down, and counts again by itself when there is some', async () => {
  const { directories, open } = ensemble();
  await Promise.all(['a', 'b', 'c'].map(open));
  await until(() => peers.some(({ role }) => role === 'leader'));
  const leader = peers.find(({ role }) => role === 'leader');
  if (leader === undefined) throw new TypeError('somebody leads');
  const directory = directories[leader.id] ?? new MemoryDirectory();
  const health: string[] = [];
  leader.on('health', ({ kind }) => void health.push(kind));
  directory.fault = ({ call, name }) => {
    if (call === 'open' && !directory.has(name) && name !== 'manifest') return;
    if (call === 'write' && directory.isGrowing(name)) throw filesError('ENOSPC', name);
  };
  const other = peers.find((peer) => peer !== leader);
  const session = await other?.openSession();
  let written = 0;
  while (!health.includes('storage-full')) {
    await session?.set('/value', new Uint8Array(1_000), { create: true });
    written += 1;
  }
  expect(leader.role).not.toBe('leader');
  await session?.set('/value', 'the others go on', { create: true });
  expect(written).toBeGreaterThan(10);
  directory.fault = undefined;
  await until(() => health.includes('storage-writable') && leader.zxid === other?.zxid);
  expect(leader.tree.get('/value')?.value).toBe('the others go on');
});

test('a peer that is alone waits for room, and then answers what it was asked', async () => {
  const directory = new MemoryDirectory();
  const peer = await openPeer({ id: 'a', storage: storageOn(directory, { segmentBytes }) });
  peers.push(peer);
  const session = await peer.openSession();
  await session.create('/value');
  directory.fault = ({ call, name }) => {
    if (call === 'write' && directory.isGrowing(name)) throw filesError('ENOSPC', name);
  };
  const health: string[] = [];
  peer.on('health', ({ kind }) => {
    health.push(kind);
    if (kind === 'storage-full') directory.fault = undefined;
  });
  for (let at = 0; at < 40; at += 1) await session.set('/value', new Uint8Array(1_000).fill(at));
  expect(health).toEqual(['storage-full', 'storage-writable']);
  expect((await session.get('/value')).stat.version).toBe(40);
});

test('a disk that fails stops its peer, and no write is acknowledged that it may have lost', async () => {
  const directory = new MemoryDirectory();
  const peer = await openPeer({ id: 'a', storage: storageOn(directory, { segmentBytes }) });
  const session = await peer.openSession();
  await session.create('/value', 1);
  const fatal = new Promise((resolve) => {
    peer.on('fatal', resolve);
  });
  directory.fault = ({ call }) => {
    if (call === 'sync') throw filesError('EIO', 'it');
  };
  await expect(session.set('/value', 2)).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    outcome: 'unknown',
  });
  expect(await fatal).toMatchObject({ code: 'STORAGE_FAILED' });
  const again = await openPeer({ id: 'a', storage: storageOn(directory.crash(), { segmentBytes }) });
  peers.push(again);
  await again.ready();
  expect(again.tree.get('/value')?.value).toBe(1);
});
