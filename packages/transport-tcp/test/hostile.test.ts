import type { Logger } from '@quorate/core/ports';
import { describe, expect, it, vi } from 'vitest';
import { encodeHello } from '../src/handshake-messages.ts';
import { dialRaw, frameOf, helloTo, Proxy, type Raw, shakeHands } from './raw.ts';
import { servedEvents } from './served.ts';
import { addressesFor, type Member, send, silent, start, until } from './started.ts';

const quick = { insecure: true, limits: { handshakeMsMax: 150, stallMsMax: 100 } } as const;

/** A member that knows of another one, `b`, that does not exist. */
async function alone(more: Partial<Parameters<typeof start>[0]> = {}): Promise<Member & { address: string }> {
  const { a, b } = await addressesFor('a', 'b');
  const member = await start({ member: 'a', members: { a, b }, tcp: quick, ...more });
  return { ...member, address: a };
}

describe('before it is known, a connection', () => {
  it('may not say anything but a handshake', async () => {
    const a = await alone();
    for (const words of ['GET / HTTP/1.1\r\n\r\n', '\0\0\0\x01x', 'Q', 'QU', '']) {
      const raw = await dialRaw(a.address);
      raw.socket.write(words);
      await until(() => raw.isClosed);
    }
    expect(a.refused.map(({ code }) => code)).toEqual(['PROTOCOL', 'PROTOCOL']);
    expect(a.told).toEqual([]);
  });

  it('may not say more than 4 KiB, nor claim to', async () => {
    const a = await alone();
    const endless = await dialRaw(a.address);
    endless.socket.write(encodeHello(helloTo('a')));
    endless.socket.write(Buffer.alloc(5_000, 'x'));
    await until(() => endless.isClosed);
    const claiming = await dialRaw(a.address);
    claiming.socket.write(Buffer.from([0x51, 0x54, 1, 1, 0xff, 0xff]));
    await until(() => claiming.isClosed);
    expect(a.refused[0]).toMatchObject({ code: 'PROTOCOL' });
  });

  it('must be quick, however slowly it speaks', async () => {
    const a = await alone();
    const raw = await dialRaw(a.address);
    const hello = encodeHello(helloTo('a'));
    let at = 0;
    const drip = setInterval(() => raw.socket.write(hello.subarray(at, (at += 1))), 20);
    await until(() => raw.isClosed);
    clearInterval(drip);
    expect(at).toBeLessThan(hello.length);
    expect(a.refused).toMatchObject([
      { code: 'PROTOCOL', reason: 'it did not finish its handshake in time' },
    ]);
  });

  it('is refused by name if it speaks another version', async () => {
    const a = await alone();
    const raw = await dialRaw(a.address);
    const hello = encodeHello(helloTo('a'));
    hello[2] = 9;
    raw.socket.write(hello);
    await until(() => raw.isClosed);
    expect(a.refused).toMatchObject([
      {
        code: 'UNSUPPORTED_VERSION',
        reason: 'the other end speaks handshake version 9, this release 1',
      },
    ]);
    // And learns the version that would be understood, which is in the header, and nothing else.
    expect([...raw.received()]).toEqual([0x51, 0x54, 1, 5, 0, 1, 2]);
  });

  it.each([
    ['without secrets', { insecure: true }, /replayed/],
    ['under a key', { psk: 'a key of this test, long enough' }, /another key/],
  ] as const)('cannot use what another one has said, %s', async (_title, tcp, reason) => {
    const { a, b } = await addressesFor('a', 'b');
    const proxy = await Proxy.open(a);
    const first = await start({ member: 'a', members: { a, b: '127.0.0.1:1' }, tcp });
    const second = await start({ member: 'b', members: { a: proxy.address, b }, tcp });
    await until(() => second.told.includes('+a'));
    send(second, 'a', 1, 2, 3);
    await until(() => first.told.includes('b:1,2,3'));
    const recorded = proxy.wires[0]?.sent ?? Buffer.alloc(0);
    expect(recorded.length).toBeGreaterThan(100);
    const raw = await dialRaw(a);
    raw.socket.write(recorded);
    await until(() => raw.isClosed && first.refused.length > 0);
    expect(first.refused).toMatchObject([{ code: 'AUTH_FAILED', reason: expect.stringMatching(reason) }]);
    expect(first.told).toEqual(['+b', 'b:1,2,3']);
  });

  it('is ended when there are too many of them, the oldest first, and members come through', async () => {
    const { a, b } = await addressesFor('a', 'b');
    const limits = { handshakesMax: 8, handshakesPerAddressMax: 4, handshakeMsMax: 60_000 };
    const first = await start({ member: 'a', members: { a, b }, tcp: { insecure: true, limits } });
    const raws: Raw[] = [];
    for (let count = 0; count < 20; count += 1) raws.push(await dialRaw(a));
    await until(() => raws.filter(({ isClosed }) => isClosed).length >= 16);
    // None of them has run out of time.
    expect(raws.map(({ isClosed }) => isClosed)).toEqual([...Array(16).fill(true), ...Array(4).fill(false)]);
    const second = await start({ member: 'b', members: { a, b } });
    await until(() => first.told.includes('+b') && second.told.includes('+a'));
  });
});

describe('a frame', () => {
  it('that claims 4 GiB ends its connection, and nothing is allocated', async () => {
    const a = await alone();
    const raw = await shakeHands(a.address, helloTo('a'));
    const before = process.memoryUsage().arrayBuffers;
    raw.socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3]));
    await until(() => raw.isClosed && a.told.includes('-b'));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    expect(a.told).toEqual(['+b', '-b']);
  });

  it('of the permitted length that never comes holds no more memory than what came', async () => {
    const a = await alone({ frameBytesMax: 64_000_000, tcp: { insecure: true } });
    const raw = await shakeHands(a.address, helloTo('a'));
    const before = process.memoryUsage().arrayBuffers;
    raw.socket.write(Buffer.concat([Buffer.from([3, 0, 0, 0]), Buffer.alloc(1_000)]));
    raw.socket.write(Buffer.alloc(1_000));
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    expect(raw.isClosed).toBe(false);
  });

  it('that begins and does not go on ends its connection, one that goes on does not', async () => {
    const { a, b, c } = await addressesFor('a', 'b', 'c');
    const member = await start({ member: 'a', members: { a, b, c }, tcp: quick });
    const stuck = await shakeHands(a, helloTo('a'));
    const lively = await shakeHands(a, helloTo('a', { member: 'c' }));
    stuck.socket.write(Buffer.from([0, 0, 0, 9, 1]));
    const drip = setInterval(() => lively.socket.write(frameOf(7)), 10);
    await until(() => stuck.isClosed);
    clearInterval(drip);
    expect(member.told).toContain('-b');
    expect(member.told).not.toContain('-c');
    expect(lively.isClosed).toBe(false);
  });

  it('cut into single bytes arrives whole', async () => {
    const a = await alone({ tcp: { insecure: true } });
    const raw = await shakeHands(a.address, helloTo('a'));
    for (const byte of Buffer.concat([frameOf(1, 2, 3), frameOf(), frameOf(4)])) {
      raw.socket.write(Buffer.of(byte));
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    await until(() => a.told.length === 4);
    expect(a.told).toEqual(['+b', 'b:1,2,3', 'b:', 'b:4']);
  });
});

describe('a member that reads nothing', () => {
  it('costs what the queue holds and no more, then its connection', async () => {
    const limits = { queueBytesMax: 4_000_000, stallMsMax: 100 };
    const a = await alone({ tcp: { insecure: true, limits } });
    const raw = await shakeHands(a.address, helloTo('a'));
    raw.socket.pause();
    let accepted = 0;
    let refusedCount = 0;
    const frame = new Uint8Array(100_000);
    // Until the kernel's buffers are full, too.
    while (refusedCount < 10) {
      if (a.transport.send('b', frame)) accepted += 1;
      else refusedCount += 1;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(accepted * frame.length).toBeLessThan(64_000_000);
    await until(() => a.told.includes('-b'));
    expect(a.transport.send('b', frame)).toBe(false);
  });
});

describe('a connection that breaks', () => {
  it.each(['reset', 'end'] as const)('by a %s is told at both ends and comes back', async (how) => {
    const { a, b } = await addressesFor('a', 'b');
    const proxy = await Proxy.open(a);
    // a cannot dial b: the only way is the one that is cut.
    const first = await start({ member: 'a', members: { a, b: '127.0.0.1:1' } });
    const second = await start({ member: 'b', members: { a: proxy.address, b } });
    await until(() => first.told.includes('+b') && second.told.includes('+a'));
    proxy.cut(how);
    await until(() => first.told.length === 3 && second.told.length === 3);
    expect([first.told, second.told]).toEqual([
      ['+b', '-b', '+b'],
      ['+a', '-a', '+a'],
    ]);
    expect(send(second, 'a', 1)).toBe(true);
    await until(() => first.told.length === 4);
  });

  it('without a word is replaced when the member dials again', async () => {
    const { a, b } = await addressesFor('a', 'b');
    const proxy = await Proxy.open(a);
    const first = await start({ member: 'a', members: { a, b: '127.0.0.1:1' } });
    const second = await start({ member: 'b', members: { a: proxy.address, b } });
    await until(() => first.told.includes('+b') && second.told.includes('+a'));
    proxy.hold();
    await second.transport.close({ abrupt: true });
    expect(first.told).toEqual(['+b']);
    const again = await start({ member: 'b', members: { a, b } });
    await until(() => again.told.includes('+a') && first.told.length === 3);
    expect(first.told).toEqual(['+b', '-b', '+b']);
    send(first, 'b', 5);
    await until(() => again.told.includes('a:5'));
  });
});

describe('sessions', () => {
  it('have places of their own, in total and by address, and take no member its place', async () => {
    const { a, b } = await addressesFor('a', 'b');
    const served: string[] = [];
    const limits = { sessionsMax: 3, sessionsPerAddressMax: 2 };
    const warn = vi.fn<Logger['warn']>();
    const member = await start({
      member: 'a',
      members: { a, b },
      tcp: { insecure: true, limits },
      sessions: servedEvents(served),
      logger: { ...silent, warn },
    });
    const hello = (): Parameters<typeof shakeHands>[1] => helloTo('a', { role: 'session', member: '' });
    const [first] = [await shakeHands(a, hello()), await shakeHands(a, hello())];
    await expect(shakeHands(a, hello())).rejects.toThrow('refused');
    await expect(shakeHands(a, hello())).rejects.toThrow('refused');
    expect(member.refused).toMatchObject([{ code: 'PROTOCOL', reason: 'there are too many sessions' }]);
    expect(warn).toHaveBeenCalledTimes(1);
    await shakeHands(a, helloTo('a'));
    await until(() => member.told.includes('+b'));
    first?.socket.destroy();
    await until(() => served.includes('-1'));
    await shakeHands(a, hello());
    expect(served).toEqual(['+1', '+2', '-1', '+3']);
  });

  it('may not speak as members, whatever they send', async () => {
    const { a, b } = await addressesFor('a', 'b');
    const served: string[] = [];
    const member = await start({ member: 'a', members: { a, b }, sessions: servedEvents(served) });
    const raw = await shakeHands(a, helloTo('a', { role: 'session' }));
    raw.socket.write(frameOf(1, 2));
    await until(() => served.length === 2);
    expect([served, member.told]).toEqual([['+1', '1:1,2'], []]);
  });
});
