import { Socket } from 'node:net';
import { CoordinationError } from '@quorate/core';
import { describe, expect, it, vi } from 'vitest';
import type { Logger } from '@quorate/core/ports';
import { tcpTransport } from '../src/index.ts';
import { helloTo, shakeHands } from './raw.ts';
import { addressesFor, type Member, pair, send, silent, socketsFor, start, until } from './started.ts';

const psk = 'a key of this test, long enough';

describe.each([
  ['TCP without secrets', () => addressesFor('a', 'b'), { insecure: true }],
  ['a Unix socket', () => Promise.resolve(socketsFor('a', 'b')), { insecure: true }],
  ['TCP under a pre-shared key', () => addressesFor('a', 'b'), { psk }],
  ['a Unix socket under a pre-shared key', () => Promise.resolve(socketsFor('a', 'b')), { psk }],
] as const)('two members over %s', (_title, addresses, tcp) => {
  it('are told of each other, and not within start', async () => {
    const members = await addresses();
    const a = await start({ member: 'a', members, tcp });
    const b = await start({ member: 'b', members, tcp });
    expect([a.told, b.told]).toEqual([[], []]);
    await until(() => a.told.length > 0 && b.told.length > 0);
    expect([a.told, b.told]).toEqual([['+b'], ['+a']]);
  });

  it('exchange frames of all sizes in order, also empty ones', async () => {
    const [a, b] = await pair({ addresses: await addresses(), tcp });
    const sizes = [0, 1, 3, 4, 100, 16_384, 16_385, 65_536, 300_000, 1_000_000, 2, 0];
    for (const size of sizes) {
      expect(a.transport.send('b', new Uint8Array(size).fill(7))).toBe(true);
      expect(b.transport.send('a', new Uint8Array(size).fill(9))).toBe(true);
    }
    const expected = (from: string, byte: number): string[] =>
      sizes.map((size) => `${from}:${size <= 8 ? new Uint8Array(size).fill(byte).join() : `${size} bytes`}`);
    await until(() => b.told.length >= sizes.length && a.told.length >= sizes.length);
    expect(b.told).toEqual(expected('a', 7));
    expect(a.told).toEqual(expected('b', 9));
  });

  it('hear of the end of the other at once, and meet again when it is back', async () => {
    const members = await addresses();
    const [a, b] = await pair({ addresses: members, tcp });
    await b.transport.close({ abrupt: true });
    await until(() => a.told.length > 0);
    expect(a.told).toEqual(['-b']);
    expect(send(a, 'b', 1)).toBe(false);
    const again = await start({ member: 'b', members, tcp, incarnation: 2 });
    await until(() => a.told.length > 1 && again.told.length > 0);
    expect(send(a, 'b', 1)).toBe(true);
    await until(() => again.told.length > 1);
    expect([a.told, again.told]).toEqual([
      ['-b', '+b'],
      ['+a', 'a:1'],
    ]);
  });
});

describe('frames', () => {
  it('are never delivered within send, and those of one turn arrive in order', async () => {
    const [a, b] = await pair();
    for (let number = 0; number < 100; number += 1) send(a, 'b', number);
    expect(b.told).toEqual([]);
    await until(() => b.told.length === 100);
    expect(b.told).toEqual(Array.from({ length: 100 }, (_, number) => `a:${number}`));
  });

  it('of one turn, through promises too, are one write', async () => {
    const { a: address, b } = await addressesFor('a', 'b');
    const a = await start({ member: 'a', members: { a: address, b } });
    const raw = await shakeHands(address, helloTo('a'));
    const before = raw.received().length;
    const write = vi.spyOn(Socket.prototype, 'write');
    const sendSome = (): void => {
      for (let number = 0; number < 100; number += 1) send(a, 'b', number);
    };
    sendSome();
    await Promise.resolve();
    sendSome();
    await new Promise((resolve) => {
      process.nextTick(resolve);
    });
    sendSome();
    await until(() => raw.received().length - before === 300 * 5);
    const writesCount = write.mock.calls.length;
    write.mockRestore();
    expect(writesCount).toBe(1);
  });

  it('of any length may be sent as soon as a connection is told', async () => {
    const members = await addressesFor('a', 'b');
    const large = new Uint8Array(200_000);
    const a: Member = await start({
      member: 'a',
      members,
      onConnected: (other) => expect(a.transport.send(other, large)).toBe(true),
    });
    const b: Member = await start({
      member: 'b',
      members,
      onConnected: (other) => expect(b.transport.send(other, large)).toBe(true),
    });
    await until(() => a.told.length > 1 && b.told.length > 1);
    expect([a.told, b.told]).toEqual([
      ['+b', 'b:200000 bytes'],
      ['+a', 'a:200000 bytes'],
    ]);
  });

  it('to nobody, to oneself, before the start and after the end are refused', async () => {
    const [a] = await pair();
    expect([send(a, 'x', 1), send(a, 'a', 1)]).toEqual([false, false]);
    expect(tcpTransport({ insecure: true }).send('a', Uint8Array.of(1))).toBe(false);
    await a.transport.close();
    expect(send(a, 'b', 1)).toBe(false);
  });

  it('are refused beyond what either end accepts, by the sender', async () => {
    const members = await addressesFor('a', 'b');
    const a = await start({ member: 'a', members, frameBytesMax: 2 });
    const b = await start({ member: 'b', members, frameBytesMax: 3 });
    await until(() => a.told.length > 0 && b.told.length > 0);
    expect([send(a, 'b', 1, 2), send(a, 'b', 1, 2, 3)]).toEqual([true, false]);
    expect([send(b, 'a', 1, 2), send(b, 'a', 1, 2, 3)]).toEqual([true, false]);
  });

  it('are bytes of their own, however they arrived', async () => {
    const received: Uint8Array[] = [];
    const [a] = await pair({ onFrame: (_from, bytes) => received.push(bytes) });
    for (const size of [3, 5, 400_000]) a.transport.send('b', new Uint8Array(size).fill(size % 251));
    await until(() => received.length === 3);
    for (const bytes of received) expect(bytes.buffer.byteLength).toBe(bytes.length);
    received[0]?.fill(0);
    expect(received[1]?.every((byte) => byte === 5)).toBe(true);
    expect(received[2]?.every((byte) => byte === 400_000 % 251)).toBe(true);
  });

  it('are dropped when too many wait, by count and by bytes, but one always fits', async () => {
    const limits = { queueFramesMax: 2, queueBytesMax: 3 };
    const [a, b] = await pair({ tcp: { insecure: true, limits } });
    expect([send(a, 'b', 1, 1, 1, 1), send(a, 'b', 1)]).toEqual([true, false]);
    expect([send(b, 'a', 1), send(b, 'a', 1), send(b, 'a', 1)]).toEqual([true, true, false]);
    await until(() => b.told.length === 1 && a.told.length === 2);
    expect([send(a, 'b', 2), send(b, 'a', 2)]).toEqual([true, true]);
    await until(() => b.told.length === 2 && a.told.length === 3);
  });

  it('a listener that throws is logged and harms no other delivery', async () => {
    const error = vi.fn<Logger['error']>();
    const failure = new Error('listener');
    const [a, b] = await pair({
      logger: { ...silent, error },
      onFrame: (from) => {
        if (from === 'b') throw failure;
      },
    });
    send(b, 'a', 1);
    send(b, 'a', 2);
    send(a, 'b', 3);
    await until(() => a.told.length === 2 && b.told.length === 1);
    expect(error).toHaveBeenCalledTimes(2);
    expect(error.mock.calls[0]?.[0]).toMatchObject({ member: 'a', err: failure });
  });

  it('a graceful close lets arrive what was sent before', async () => {
    const [a, b] = await pair();
    for (let number = 0; number < 3; number += 1) send(b, 'a', number);
    await b.transport.close();
    await until(() => a.told.length === 4);
    expect(a.told).toEqual(['b:0', 'b:1', 'b:2', '-b']);
    expect(b.told).toEqual([]);
  });

  it('an abrupt close drops what was not written yet', async () => {
    const [a, b] = await pair();
    send(b, 'a', 1);
    await b.transport.close({ abrupt: true });
    await b.transport.close({ abrupt: true });
    await until(() => a.told.length === 1);
    expect(a.told).toEqual(['-b']);
  });
});

describe('many members', () => {
  it('that start at one moment have one connection a pair, whoever dialled', async () => {
    for (let round = 0; round < 5; round += 1) {
      const ids = ['a', 'b', 'c', 'd', 'e'] as const;
      const members = await addressesFor(...ids);
      const started = await Promise.all(ids.map((member) => start({ member, members })));
      await until(() => started.every(({ told }) => told.length >= 4));
      for (const [index, from] of started.entries()) {
        const others = ids.filter((id) => id !== ids[index]);
        expect(others.map((to) => send(from, to, index))).toEqual([true, true, true, true]);
      }
      await until(() => started.every(({ told }) => told.length >= 8));
      for (const { told } of started) {
        expect(told.filter((line) => line.startsWith('+'))).toHaveLength(4);
        expect(told.filter((line) => line.startsWith('-'))).toHaveLength(0);
        expect(told.filter((line) => line.includes(':'))).toHaveLength(4);
      }
      await Promise.all(started.map(({ transport }) => transport.close({ abrupt: true })));
    }
  });
});

describe('a transport', () => {
  it('starts once', async () => {
    const [a] = await pair();
    const owner = {
      member: 'x',
      ensemble: 't',
      incarnation: 1,
      members: {},
      frameBytesMax: 1,
      logger: silent,
    };
    const events = { frame() {}, connected() {}, disconnected() {} };
    await expect(a.transport.start(owner, events)).rejects.toBeInstanceOf(CoordinationError);
    const closed = tcpTransport({ insecure: true, listen: '127.0.0.1:0' });
    await closed.close();
    await expect(closed.start(owner, events)).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
  });

  it("has zlib's checksum", () => {
    const bytes = new TextEncoder().encode('123456789');
    expect(tcpTransport({ insecure: true }).checksum?.(bytes)).toBe(0xcbf43926);
  });
});
