/**
 * Random bytes, and good ones that were changed, at everything that reads what comes from a socket. Short by
 * default; long ones by FUZZ_FRAMES=1000000 (and FUZZ_SEED, which a failure names).
 */
import { CoordinationError, openPeer } from '@quorate/core';
import { decodeFrame, portableChecksum } from '@quorate/core/inspect';
import type { Checksum } from '@quorate/core/ports';
import { connect } from 'node:net';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FrameReader } from '../src/frame-reader.ts';
import { AcceptorHandshake, type ChannelFacts, DiallerHandshake } from '../src/handshake.ts';
import {
  encodeAccept,
  encodeConfirm,
  encodeHello,
  encodeRefuse,
  encodeWelcome,
} from '../src/handshake-messages.ts';
import { tcpTransport } from '../src/index.ts';
import type { Talker } from '../src/talk.ts';
import { helloTo, portOf } from './raw.ts';
import { addressesFor, pair, send, until } from './started.ts';

const framesCount = Number(process.env['FUZZ_FRAMES'] ?? 5_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const frameBytesMax = 1_000_000;

/** Chance that a seed repeats (splitmix32). */
class Chance {
  #state: number;

  constructor(start: number) {
    this.#state = start >>> 0;
  }

  /** From 0 to below `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x9e37_79b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % bound;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

/** One of the good ones, changed a little; seldom nothing but chance. */
function spoiled(chance: Chance, good: readonly Uint8Array[]): Buffer {
  if (chance.below(8) === 0) return chance.bytes(chance.below(200));
  const bytes = Buffer.from(good[chance.below(good.length)] ?? Buffer.alloc(0));
  for (let change = chance.below(4); change >= 0 && bytes.length > 0; change -= 1) {
    const at = chance.below(bytes.length);
    const kind = chance.below(4);
    if (kind === 0) bytes[at] = chance.below(256);
    else if (kind === 1) bytes[at] = [0, 1, 0x7f, 0x80, 0xff][chance.below(5)] ?? 0;
    else if (kind === 2) bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8));
    else if (at >= 4) bytes.writeUInt32BE(chance.below(2 ** 32), at - 4);
  }
  const kind = chance.below(6);
  if (kind === 0) return bytes.subarray(0, chance.below(bytes.length + 1));
  if (kind === 1) return Buffer.concat([bytes, chance.bytes(chance.below(20))]);
  return bytes;
}

const channel: ChannelFacts = { identity: { kind: 'anybody' }, bindingKey: new Uint8Array(32) };
const hello = helloTo('a');
const welcomeOf = (): Buffer => Buffer.concat([encodeWelcome({ ...hello, member: 'a' }), Buffer.alloc(32)]);

function acceptor(): Talker {
  const terms = { introduction: { ...hello, member: 'a' }, members: new Set(['b']), servesSessions: true };
  return new AcceptorHandshake(channel, terms);
}

/** What three real peers send each other while they elect, write and catch up. */
async function recordedFrames(): Promise<readonly Uint8Array[]> {
  const members = await addressesFor('a', 'b', 'c');
  const frames = new Map<number, Uint8Array[]>();
  const peers = await Promise.all(
    Object.keys(members).map((id) => {
      const transport = tcpTransport({ insecure: true });
      const original = transport.send.bind(transport);
      transport.send = (to, bytes) => {
        // Some of each kind: heartbeats would be nearly all.
        const ofKind = frames.get(bytes[3] ?? 0) ?? [];
        frames.set(bytes[3] ?? 0, ofKind);
        if (ofKind.length < 40) ofKind.push(bytes);
        return original(to, bytes);
      };
      return openPeer({ id, members, transport });
    }),
  );
  const session = await peers[0]?.openSession();
  await Promise.all(
    Array.from({ length: 50 }, (_, at) => session?.create(`/z${at}`, { at, text: 'x'.repeat(at) })),
  );
  await session?.get('/z1', { consistency: 'linearizable' });
  await peers.find(({ role }) => role === 'leader')?.transferLeadership();
  await Promise.all(peers.map((peer) => peer.close()));
  return [...frames.values()].flat();
}

const timeout = 60_000 + framesCount;

describe(`random and changed bytes, seed ${seed}`, () => {
  it(`at both ends of the handshake, ${framesCount} times: refused or waited for, never accepted`, {
    timeout,
  }, () => {
    const chance = new Chance(seed);
    const good = [
      encodeHello(hello),
      encodeHello({ ...hello, role: 'session', member: '' }),
      welcomeOf(),
      encodeConfirm(Buffer.alloc(32)),
      encodeAccept(),
      encodeRefuse('refused'),
    ];
    const counts = { wait: 0, refused: 0, proven: 0 };
    for (let done = 0; done < framesCount; done += 1) {
      const talker = chance.below(2) === 0 ? acceptor() : new DiallerHandshake(channel, hello);
      if (chance.below(2) === 0) talker.receive(good[chance.below(good.length)] ?? Buffer.alloc(0));
      counts[talker.receive(spoiled(chance, good)).kind] += 1;
    }
    if (framesCount >= 100_000) console.log(counts);
    expect(counts.proven).toBe(0);
    expect(Math.min(counts.wait, counts.refused)).toBeGreaterThan(framesCount / 100);
  });

  it(`at the frame reader and the decoder, ${framesCount} times: frames or typed errors, and no memory`, {
    timeout,
  }, async () => {
    const chance = new Chance(seed);
    const good = await recordedFrames();
    expect(new Set(good.map((frame) => frame[3])).size).toBeGreaterThan(8);
    const checksum = seed % 2 === 0 ? portableChecksum() : crc32;
    const counts = { decoded: 0, refused: 0, tooLong: 0 };
    let longestMs = 0;
    const before = memoryInUse();
    for (let done = 0; done < framesCount; done += 1) {
      const frame = spoiled(chance, good);
      // Half of them with a right checksum, or it would keep everything else from being reached.
      if (chance.below(2) === 0 && frame.length >= 16) {
        frame.writeUInt32BE(frame.length - 16, 4);
        frame.writeUInt32BE(crc32(frame.subarray(0, -4)), frame.length - 4);
      }
      const length = Buffer.alloc(4);
      length.writeUInt32BE(chance.below(20) === 0 ? chance.below(2 ** 32) : frame.length);
      const beganMs = performance.now();
      const isFine = new FrameReader(frameBytesMax).read(Buffer.concat([length, frame]), (bytes) => {
        counts[tryDecode(bytes, checksum)] += 1;
        return true;
      });
      if (!isFine) counts.tooLong += 1;
      longestMs = Math.max(longestMs, performance.now() - beganMs);
    }
    expect(Math.min(counts.decoded, counts.refused, counts.tooLong)).toBeGreaterThan(0);
    expect(memoryInUse() - before).toBeLessThan(100_000_000);
    if (framesCount >= 100_000) console.log({ ...counts, longestMs });
  });

  it(`at a listening member, ${framesCount / 100} connections: it goes on`, {
    timeout,
  }, async () => {
    const chance = new Chance(seed);
    const addresses = await addressesFor('a', 'b');
    const [a, b] = await pair({ addresses });
    const good = [
      encodeHello(helloTo('a')),
      encodeHello(helloTo('a', { member: 'x' })),
      Buffer.from('\x16\x03\x01'),
    ];
    for (let done = 0; done < framesCount / 100; done += 20) {
      await Promise.all(
        Array.from({ length: 20 }, () => {
          const bytes = spoiled(chance, good);
          return new Promise<void>((resolve) => {
            const socket = connect(portOf(addresses.a), '127.0.0.1', () => socket.end(bytes));
            socket.on('error', () => undefined);
            socket.on('close', () => resolve());
            socket.resume();
          });
        }),
      );
    }
    expect([send(a, 'b', 1), send(b, 'a', 2)]).toEqual([true, true]);
    await until(() => a.told.length > 0 && b.told.length > 0);
    expect([a.told, b.told]).toEqual([['b:2'], ['a:1']]);
  });
});

function tryDecode(bytes: Uint8Array, checksum: Checksum): 'decoded' | 'refused' {
  try {
    decodeFrame(bytes, { to: 'b', checksum, frameBytesMax });
    return 'decoded';
  } catch (error) {
    // Anything else is a bug, and fails the test.
    if (!(error instanceof CoordinationError)) throw error;
    return 'refused';
  }
}

function memoryInUse(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
