/**
 * Another process opens connections and says nothing, or one byte a second. Short by default; the real thing by
 * FLOOD_SECONDS=60 FLOOD_SILENT=10000 FLOOD_SLOW=1000, which prints its figures.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openPeer, type Peer } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { tcpTransport } from '../src/index.ts';
import { portOf } from './raw.ts';
import { servedEvents, startSession } from './served.ts';
import { addressesFor, start, until } from './started.ts';

const seconds = Number(process.env['FLOOD_SECONDS'] ?? 2);
const silentCount = Number(process.env['FLOOD_SILENT'] ?? 500);
const slowCount = Number(process.env['FLOOD_SLOW'] ?? 50);
const psk = 'a key of this test, long enough';

/** The short run is about connections, not about a busy machine: it has time. The long one has the defaults. */
const timing = seconds < 10 ? { heartbeatMs: 50, electionTimeoutMs: 3_000 } : {};

/** Keeps so many connections open; one that is ended is opened again some seconds later. */
const attack = `
const { connect } = require('node:net');
const [ports, silentCount, slowCount] = JSON.parse(process.argv[1]);
let opened = 0;
function open(index, isSlow) {
  const socket = connect(ports[index % ports.length], '127.0.0.1', () => { opened += 1; });
  const drip = isSlow ? setInterval(() => socket.write('Q'), 1000) : undefined;
  socket.on('error', () => {});
  socket.on('close', () => { clearInterval(drip); setTimeout(() => open(index, isSlow), 5000 + 10000 * Math.random()); });
}
for (let index = 0; index < silentCount; index += 1) setTimeout(() => open(index, false), index / 10);
for (let index = 0; index < slowCount; index += 1) setTimeout(() => open(index, true), index);
setInterval(() => process.send(opened), 100);
`;

interface Attack {
  /** Connections so far. */
  opened: number;
  end(): Promise<void>;
}

/** Resolves when it is well under way. */
async function startAttack(addresses: readonly string[]): Promise<Attack> {
  const options = JSON.stringify([addresses.map(portOf), silentCount, slowCount]);
  const child = spawn(process.execPath, ['-e', attack, options], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const running: Attack = {
    opened: 0,
    end: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
  child.on('message', (opened) => {
    running.opened = Number(opened);
  });
  await until(() => running.opened > silentCount / 2);
  return running;
}

/** Milliseconds that each of the writes took that follow each other until the time is over; at least 20 of them. */
async function writeFor(peer: Peer, durationMs: number): Promise<readonly number[]> {
  const session = await peer.openSession();
  const took: number[] = [];
  const endMs = performance.now() + durationMs;
  for (let count = 0; count < 20 || performance.now() < endMs; count += 1) {
    const beganMs = performance.now();
    await session.set('/counter', count, { create: true });
    took.push(performance.now() - beganMs);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  await session.close();
  return took.toSorted((left, right) => left - right);
}

const at = (sorted: readonly number[], share: number): number =>
  Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 10) / 10;

describe(`${silentCount} silent connections and ${slowCount} slow ones for ${seconds} s`, () => {
  const timeout = 60_000 + 2_000 * seconds;

  it('start no election, stop no write, and leave no memory', { timeout }, async () => {
    const members = await addressesFor('a', 'b', 'c');
    const peers = await Promise.all(
      Object.keys(members).map((id) => openPeer({ id, members, timing, transport: tcpTransport({ psk }) })),
    );
    try {
      await Promise.all(peers.map((peer) => peer.ready()));
      const follower = peers.find(({ role }) => role === 'follower') ?? peers[0];
      expect(follower).toBeDefined();
      if (follower === undefined) return;
      const calm = await writeFor(follower, 1_000);
      const terms = peers.map(({ term }) => term);
      const before = process.memoryUsage().rss;
      const running = await startAttack(Object.values(members));
      const attacked = await writeFor(follower, seconds * 1_000);
      const during = process.memoryUsage().rss;
      await running.end();
      const { opened } = running;
      await writeFor(follower, 1_000);
      const after = process.memoryUsage().rss;
      const figures = {
        opened,
        terms: [terms[0], follower.term],
        writes: attacked.length,
        msCalm: { p50: at(calm, 0.5), p99: at(calm, 0.99) },
        msAttacked: { p50: at(attacked, 0.5), p99: at(attacked, 0.99), max: at(attacked, 1) },
        rssMiB: [before, during, after].map((bytes) => Math.round(bytes / 2 ** 20)),
      };
      if (seconds >= 10) console.log(figures);
      expect(peers.map(({ term }) => term)).toEqual(terms);
      // Of three members, each with 256 handshakes under way at most.
      expect(during - before).toBeLessThan(200_000_000);
    } finally {
      await Promise.all(peers.map((peer) => peer.close({ graceful: false })));
    }
  });

  it('end no session that is served, and let a new one in', { timeout }, async () => {
    const { a: address } = await addressesFor('a');
    const served: string[] = [];
    const tcp = { psk };
    const a = await start({ member: 'a', members: { a: address }, tcp, sessions: servedEvents(served) });
    const session = await startSession({ a: address }, tcp);
    session.dialer.dial('a');
    await until(() => served.length === 1);
    const running = await startAttack([address]);
    const endMs = performance.now() + seconds * 1_000;
    let sent = 0;
    while (performance.now() < endMs) {
      expect(session.dialer.send(Uint8Array.of(1))).toBe(true);
      sent += 1;
      await until(() => served.length === 1 + sent);
    }
    const late = await startSession({ a: address }, tcp);
    while (!late.told.includes('+a')) {
      const tries = late.told.length;
      late.dialer.dial('a');
      await until(() => late.told.length > tries);
    }
    await running.end();
    expect(session.told).toEqual(['+a']);
    expect(a.told).toEqual([]);
  });
});
