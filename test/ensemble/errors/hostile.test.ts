/**
 * Members that differ in their own limits, and members that are fed what no peer of this library would send:
 * whatever apply is given, all replicas come to the same verdict, and nobody stops.
 */
import type { CoordinationError, Limits, Peer, Session } from '@quorate/core';
import {
  BatchBuilder,
  decodeFrame,
  encodeFrame,
  encodeValue,
  portableChecksum,
  sourceOf,
} from '@quorate/core/inspect';
import type { Transport } from '@quorate/core/ports';
import { memoryNetwork } from '@quorate/transport-memory';
import { expect, test } from 'vitest';
import { followersOf, guardTheHost, leaderOf, open, openThree, patienceMs, settles, until } from './setup.ts';

guardTheHost();

/** Waits until all peers stand at one position, and answers their distinct states: one, if all is well. */
async function statesOf(peers: readonly Peer[]): Promise<readonly string[]> {
  await until('all peers at one position', () => {
    const positions = peers.map((peer) => peer.status().positions);
    const [first] = positions;
    return positions.every(
      ({ appliedIndex, commitIndex }) => appliedIndex === first?.commitIndex && commitIndex === appliedIndex,
    );
  });
  return [...new Set(peers.map((peer) => `${peer.zxid} ${peer.status().digest}`))];
}

/** Numbers that look random and come again. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const smallEdges: Partial<Limits> = {
  sessionRequestsInFlightMax: 8,
  sessionBytesInFlightMax: 20_000,
  batchCommandsMax: 1,
  batchBytesMax: 64,
  appendEntriesMax: 1,
  appendBytesMax: 100,
  followerMessagesInFlightMax: 1,
  followerBytesInFlightMax: 100,
  snapshotAfterEntries: 7,
  snapshotChunkBytes: 64,
  logEntriesKept: 1,
  applyCommandsPerStepMax: 1,
  watchQueueMax: 2,
  pageNamesMax: 3,
};

/** Limits of the ensemble too: only those of the first leader count, for everybody. */
const limitsOf: Readonly<Record<string, Partial<Limits>>> = {
  a: {
    ...smallEdges,
    valueBytesMax: 100,
    ephemeralsPerSessionMax: 2,
    repliesPerSessionMax: 4,
    sessionsMax: 6,
  },
  b: { valueBytesMax: 1_000, recursiveDeleteMax: 2, historyChangesMax: 3, multiOperationsMax: 2 },
  c: { batchCommandsMax: 3, valueBytesMax: 10_000, repliesPerSessionMax: 1, historyBytesMax: 500 },
};

async function workOf(session: Session, next: (below: number) => number): Promise<void> {
  const calls: Promise<unknown>[] = [];
  for (let call = 0; call < 60; call += 1) {
    const path = `/${next(5)}`;
    const size = [1, 50, 120, 1_100][next(4)] ?? 1;
    const started = [
      () => session.create(path, new Uint8Array(size)),
      () => session.set(path, new Uint8Array(size), { create: true }),
      () => session.create(`${path}/e-`, null, { kind: 'ephemeral', sequential: true }),
      () => session.create(`${path}/p-`, call, { sequential: true }),
      () => session.delete(path, { recursive: true }),
      () => session.increment('/count', 1, { create: true }),
      () => session.get('/', { consistency: 'linearizable' }),
    ][next(7)];
    if (started !== undefined) calls.push(settles<unknown>(started()));
    if (next(4) === 0) await calls.at(-1);
  }
  await Promise.all(calls);
}

test.each([1, 2, 3])(
  'members with different limits of their own end with equal states (seed %i)',
  async (seed) => {
    const { peers } = await openThree({ of: (id) => ({ limits: limitsOf[id] ?? {} }) });
    const sessions = await Promise.all(peers.map((peer) => peer.openSession({ timeoutMs: 60_000 })));
    await Promise.all(sessions.map((session, at) => workOf(session, seeded(seed * 10 + at))));

    expect(await statesOf(peers)).toHaveLength(1);
    // Everybody judges by the same limits: those of whoever led first.
    const verdicts = await Promise.all(
      sessions.map(async (session) => {
        const results = [];
        for (const size of [90, 500, 5_000, 20_000]) {
          const settled = await settles(session.set('/verdict', new Uint8Array(size), { create: true }));
          results.push(settled.status === 'fulfilled' ? 'fine' : (settled.reason as CoordinationError).code);
        }
        // A peer's own edge may refuse what the ensemble would take.
        return results
          .filter((result) => result !== 'OVERLOADED')
          .slice(0, 3)
          .join(' ');
      }),
    );
    expect(new Set(verdicts).size).toBe(1);
    // And each can lead the others.
    for (const peer of peers) {
      const leader = await leaderOf(peers);
      await leader.transferLeadership(peer.id, { deadlineMs: patienceMs }).catch(() => undefined);
      await (await leaderOf(peers)).ready({ deadlineMs: patienceMs });
      await sessions[0]?.increment('/count', 1, { create: true, deadlineMs: patienceMs });
    }
    expect(await statesOf(peers)).toHaveLength(1);
  },
);

/** Whose name a batch bears, and the number of its first request. */
interface Header {
  readonly sessionId: number;
  readonly holder: number;
  readonly firstRequest: number;
}

/** The header of a session's batch (docs/reference/formats.md). */
function headerOf(batch: Uint8Array): Header | undefined {
  const sessionKind = 1;
  if (batch.length < 42 || batch[5] !== sessionKind) return undefined;
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  const u64 = (at: number): number => Number(view.getBigUint64(at));
  return { sessionId: u64(6), holder: u64(14), firstRequest: u64(22) };
}

/** A well-formed batch of a session, of all kinds of commands. */
function batchOf(header: Header, next: (below: number) => number): Uint8Array {
  const builder = new BatchBuilder();
  const value = sourceOf(encodeValue({ text: 'value', list: [1, 2n, new Uint8Array(3)] }));
  const path = `/hostile-${next(4)}`;
  const count = 1 + next(4);
  for (let at = 0; at < count; at += 1) {
    const kind = next(6);
    if (kind === 0) builder.add({ kind: 'set', path, value, version: -1, create: true });
    else if (kind === 1) builder.add({ kind: 'increment', path, by: 1, create: true });
    else if (kind === 2) builder.add({ kind: 'compare', path, expected: value, value });
    else if (kind === 3) builder.add({ kind: 'patch', path, mzxid: next(40), patches: value });
    else if (kind === 4) builder.add({ kind: 'delete', path, version: -1, recursive: true, ifExists: false });
    else {
      const ops = [{ kind: 'check', path, version: 0 } as const];
      builder.add({ kind: 'multi', ops, byteCount: 32 });
    }
  }
  const firstRequest = header.firstRequest + next(4);
  const acknowledgedThrough = next(3) === 0 ? firstRequest - 1 : 0;
  return builder.finish({ ...header, firstRequest, acknowledgedThrough });
}

/** Changes, cuts, doubles or invents bytes; sometimes leaves them as they are. */
function mutate(bytes: Uint8Array, next: (below: number) => number): Uint8Array {
  const mutated = damage(bytes, next);
  // A batch that lies about its length gets no further than its leader: most of them shall.
  if (mutated.length >= 4 && next(4) > 0) {
    new DataView(mutated.buffer, mutated.byteOffset, mutated.length).setUint32(0, mutated.length);
  }
  return mutated;
}

function damage(bytes: Uint8Array, next: (below: number) => number): Uint8Array {
  const way = next(8);
  if (way === 0) return bytes.slice();
  if (way === 1) return bytes.slice(0, next(bytes.length + 1));
  if (way === 2) return Uint8Array.from([...bytes, ...bytes.slice(next(bytes.length))]);
  if (way === 3) return Uint8Array.from({ length: next(200) }, () => next(256));
  const mutated = bytes.slice();
  // Headers are the same for all batches: most damage goes where the commands are.
  const from = way < 6 ? Math.min(46, bytes.length - 1) : 0;
  for (let changes = 1 + next(4); changes > 0; changes -= 1) {
    const at = from + next(bytes.length - from);
    mutated[at] = [0, 255, next(256), (mutated[at] ?? 0) ^ (1 << next(8))][next(4)] ?? 0;
  }
  return mutated;
}

interface Hostility {
  isOn: boolean;
  batchesCount: number;
}

/** Sends other batches than its peer asked it to, in frames that are otherwise as they should be. */
function hostileTransport(inner: Transport, hostility: Hostility, options: Hostile): Transport {
  const { next } = options;
  const checksum = portableChecksum();
  let header: Header = { sessionId: 1, holder: 1, firstRequest: 1 };
  const rewrite = (bytes: Uint8Array): Uint8Array => {
    const message = decodeFrame(bytes, { to: '', checksum, frameBytesMax: bytes.length });
    if (message.kind !== 'propose') return bytes;
    // In the name of a real session, whose next commands these might be.
    for (const batch of message.batches) header = headerOf(batch.bytes) ?? header;
    const extra: Uint8Array[] = [];
    for (let count = next(3); count > 0; count -= 1) extra.push(mutate(batchOf(header, next), next));
    const batches = message.batches.map((batch) => {
      return next(3) === 0 ? { ...batch, bytes: mutate(batch.bytes, next) } : batch;
    });
    hostility.batchesCount += batches.length + extra.length;
    const hostile = extra.map((each) => ({ bytes: each, announceDurable: next(2) === 0 }));
    return encodeFrame({ ...message, batches: [...hostile, ...batches] }, checksum);
  };
  return {
    start: (owner, events) => inner.start(owner, events),
    send: (to, bytes) => inner.send(to, hostility.isOn ? rewrite(bytes) : bytes),
    close: (closeOptions) => inner.close(closeOptions),
  };
}

interface Hostile {
  readonly next: (below: number) => number;
}

test.each([1, 2, 3, 4])(
  'commands of random bytes leave all replicas equal and alive (seed %i)',
  async (seed) => {
    const next = seeded(seed);
    const hostility: Hostility = { isOn: false, batchesCount: 0 };
    const network = memoryNetwork();
    const members = { a: '', b: '', c: '' };
    const limits = {
      snapshotAfterEntries: 50,
      logEntriesKept: 5,
      historyChangesMax: 20,
      valueBytesMax: 2_000,
    };
    const fatals: unknown[] = [];
    const peers = await Promise.all(
      Object.keys(members).map(async (id) => {
        const transport = hostileTransport(network.transport(), hostility, { next });
        const peer = await open({ id, members, limits, transport });
        peer.on('fatal', (error) => void fatals.push(error));
        return peer;
      }),
    );
    await Promise.all(peers.map((peer) => peer.ready({ deadlineMs: patienceMs })));

    hostility.isOn = true;
    const followers = await followersOf(peers);
    for (let round = 0; round < 20; round += 1) {
      const calls = followers.map(async (peer) => {
        // A session may have been ended, or robbed of its numbers, by what was invented in its name.
        const session = await peer.openSession({ deadlineMs: 50 }).catch(() => undefined);
        const path = `/honest-${next(3)}`;
        await settles<unknown>(
          session?.set(path, { round }, { create: true, deadlineMs: 30 }) ?? Promise.resolve(),
        );
      });
      await Promise.all(calls);
    }
    hostility.isOn = false;

    expect(hostility.batchesCount).toBeGreaterThan(40);
    expect(await statesOf(peers)).toHaveLength(1);
    expect(fatals).toEqual([]);
    for (const peer of peers) {
      const session = await peer.openSession({ deadlineMs: patienceMs });
      await session.create('/alive-', peer.id, { sequential: true });
    }
    expect(await statesOf(peers)).toHaveLength(1);
  },
);

test.each([1, 2])('frames of random bytes are refused, and harm nobody (seed %i)', async (seed) => {
  const next = seeded(seed);
  const isOn = { now: false };
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const warn = (_facts: object, message: string): void => void warnings.push(message);
  const network = memoryNetwork();
  const damaging = (inner: Transport): Transport => ({
    start: (owner, events) => inner.start(owner, events),
    send: (to, bytes) => inner.send(to, isOn.now && next(3) === 0 ? mutate(bytes, next) : bytes),
    close: (options) => inner.close(options),
  });
  const members = { a: '', b: '', c: '' };
  const peers = await Promise.all(
    Object.keys(members).map((id) =>
      open({
        id,
        members,
        transport: damaging(network.transport()),
        logger: { debug: ignore, info: ignore, warn, error: ignore },
      }),
    ),
  );
  await Promise.all(peers.map((peer) => peer.ready({ deadlineMs: patienceMs })));
  const session = await peers[0]?.openSession({ timeoutMs: 60_000 });
  isOn.now = true;
  for (let value = 0; value < 30; value += 1) {
    await session?.increment('/count', 1, { create: true, deadlineMs: patienceMs });
  }
  isOn.now = false;
  expect(warnings).toContain('a frame was refused');
  expect((await session?.get('/count'))?.value).toBe(30);
  expect(await statesOf(peers)).toHaveLength(1);
});
