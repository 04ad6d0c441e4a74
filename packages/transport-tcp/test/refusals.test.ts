import { CoordinationError } from '@quorate/core';
import type { Logger } from '@quorate/core/ports';
import { describe, expect, it, vi } from 'vitest';
import { tcpTransport, type TcpTransportOptions, type TlsMaterial } from '../src/index.ts';
import { materialOf, sessionCa, strangersCa } from './certificates.ts';
import { servedEvents, startSession } from './served.ts';
import { addressesFor, type Member, send, silent, socketsFor, start, until } from './started.ts';

const key = 'the key of members in this test';
const otherKey = 'another key, just as long as that';

/** A counting logger: what a refused connection makes an operator read. */
function counted(): { readonly warn: ReturnType<typeof vi.fn<Logger['warn']>>; readonly logger: Logger } {
  const warn = vi.fn<Logger['warn']>();
  return { warn, logger: { ...silent, warn } };
}

interface Refused {
  readonly a: TcpTransportOptions;
  readonly b: TcpTransportOptions;
  readonly ensembleOfB?: string;
  /** What a knows of its members. */
  readonly isUnknown?: boolean;
  readonly code?: string;
  readonly reason: RegExp;
}

const tlsOfA = { tls: materialOf('a') };

const refused: Readonly<Record<string, Refused>> = {
  'a wrong key': { a: { psk: key }, b: { psk: otherKey }, reason: /another key/ },
  'an unknown member': { a: { psk: key }, b: { psk: key }, isUnknown: true, reason: /"b" is no member/ },
  'an unknown member with a certificate': {
    a: tlsOfA,
    b: { tls: materialOf('b') },
    isUnknown: true,
    reason: /"b" is no member/,
  },
  'another ensemble': { a: { psk: key }, b: { psk: key }, ensembleOfB: 'other', reason: /ensemble "other"/ },
  'another ensemble without secrets': {
    a: { insecure: true },
    b: { insecure: true },
    ensembleOfB: 'other',
    reason: /ensemble "other"/,
  },
  "a session's key": { a: { psk: { member: key } }, b: { psk: { member: otherKey } }, reason: /another key/ },
  'an expired certificate': { a: tlsOfA, b: { tls: materialOf('b-expired') }, reason: /CERT_HAS_EXPIRED/ },
  "a stranger's certificate": {
    a: tlsOfA,
    b: { tls: materialOf('b-strangers') },
    reason: /cannot be trusted/,
  },
  "a session's certificate with a member's name": {
    a: tlsOfA,
    b: { tls: materialOf('b-sessions') },
    reason: /not one for a member|cannot be trusted|refused/,
  },
  'a certificate with almost the name': {
    a: tlsOfA,
    b: { tls: materialOf('b-almost') },
    reason: /names \["\*","B","b.example"\]|does not name "b"/,
  },
  'the certificate of another member': {
    a: tlsOfA,
    b: { tls: materialOf('c') },
    reason: /names \["c"\]|not name/,
  },
  'no TLS': { a: { psk: key }, b: { insecure: true }, code: 'PROTOCOL', reason: /no TLS/ },
};

describe('a member refuses', () => {
  it.each(Object.entries(refused))(
    '%s: logged once and told, and nothing of it is heard',
    async (_, options) => {
      const { a: ofA, b: ofB, ensembleOfB = 'test', isUnknown = false } = options;
      const { a: addressOfA, b: addressOfB } = await addressesFor('a', 'b');
      const { warn, logger } = counted();
      const membersOfA = isUnknown ? { a: addressOfA } : { a: addressOfA, b: addressOfB };
      const a = await start({ member: 'a', members: membersOfA, tcp: ofA, logger });
      const members = { a: addressOfA, b: addressOfB };
      const b = await start({ member: 'b', members, tcp: ofB, ensemble: ensembleOfB });
      await until(() => a.refused.some(({ reason }) => options.reason.test(reason)));
      const first = a.refused.find(({ reason }) => options.reason.test(reason));
      expect(first).toMatchObject({ code: options.code ?? 'AUTH_FAILED' });
      expect(first?.address).toMatch(/^127\.0\.0\.1:\d+$/);
      // Both sides go on trying; nobody hears of it again, or of any frame.
      const count = a.refused.length;
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
      // Once for those who dial it, and once for those whom it dials.
      const kinds = a.refused.map(({ reason, address }) => `${address === addressOfB} ${reason}`);
      expect(new Set(kinds).size).toBe(a.refused.length);
      expect(a.refused.length - count).toBeLessThanOrEqual(1);
      expect(warn).toHaveBeenCalledTimes(a.refused.length);
      expect([a.told, b.told]).toEqual([[], []]);
      expect([send(a, 'b', 1), send(b, 'a', 1)]).toEqual([false, false]);
    },
  );

  it('tells the one that is refused no more than that', async () => {
    const { a: addressOfA, b: addressOfB } = await addressesFor('a', 'b');
    await start({ member: 'a', members: { a: addressOfA }, tcp: { psk: key } });
    const b = await start({ member: 'b', members: { a: addressOfA, b: addressOfB }, tcp: { psk: key } });
    await until(() => b.refused.length > 0);
    expect(b.refused).toEqual([
      {
        member: 'a',
        address: addressOfA,
        code: 'AUTH_FAILED',
        reason: 'the other end refused this one; its log and health events say why',
      },
    ]);
  });

  it('whoever answers under the address of another', async () => {
    const { a, b, c } = await addressesFor('a', 'b', 'c');
    const tcp = { insecure: true };
    const first = await start({ member: 'a', members: { a, b: c }, tcp });
    await start({ member: 'c', members: { c }, tcp });
    await until(() => first.refused.length > 0);
    expect(first.refused[0]).toMatchObject({ member: 'b', code: 'AUTH_FAILED' });
    expect(first.told).toEqual([]);
    expect(b).toBeDefined();
  });
});

describe('certificates', () => {
  it('let members meet whose names they are: by alternative name, and by common name alone', async () => {
    const members = await addressesFor('a', 'b', 'c');
    const started: Member[] = [];
    for (const member of ['a', 'b', 'c'] as const) {
      started.push(await start({ member, members, tcp: { tls: materialOf(member) } }));
    }
    const [a, b, c] = started;
    await until(() => started.every(({ told }) => told.length === 2));
    if (a === undefined || b === undefined || c === undefined) throw new TypeError('three have started');
    expect([send(a, 'b', 1), send(b, 'c', 2), send(c, 'a', 3)]).toEqual([true, true, true]);
    await until(() => started.every(({ told }) => told.length === 3));
    expect([a.told[2], b.told[2], c.told[2]]).toEqual(['c:3', 'a:1', 'b:2']);
    expect(started.flatMap(({ refused: told }) => told)).toEqual([]);
  });

  it('are asked for at each new connection, so that they can be renewed', async () => {
    const members = await addressesFor('a', 'b');
    let ofB = materialOf('b-expired');
    const source = vi.fn<() => TlsMaterial>(() => ofB);
    const a = await start({ member: 'a', members, tcp: tlsOfA });
    await start({ member: 'b', members, tcp: { tls: source } });
    await until(() => a.refused.some(({ reason }) => /CERT_HAS_EXPIRED/.test(reason)));
    ofB = materialOf('b');
    await until(() => a.told.includes('+b'));
    expect(source.mock.calls.length).toBeGreaterThan(2);
  });

  it('that cannot be used any more refuse connections and stop nobody', async () => {
    const members = await addressesFor('a', 'b');
    let isBroken = false;
    const tls = (): TlsMaterial => {
      if (isBroken) throw new TypeError('the file is gone');
      return materialOf('b');
    };
    const b = await start({ member: 'b', members, tcp: { tls } });
    isBroken = true;
    const a = await start({ member: 'a', members, tcp: tlsOfA });
    await until(() => b.refused.some(({ reason }) => /the file is gone/.test(reason)));
    isBroken = false;
    await until(() => a.told.length > 0);
    expect(a.told).toEqual(['+b']);
  });

  it('that cannot be used for a while let a member dial on, and harm no process', async () => {
    const members = await addressesFor('a', 'b');
    let isBroken = false;
    let brokenCount = 0;
    const tls = (): TlsMaterial => {
      if (!isBroken) return materialOf('b');
      brokenCount += 1;
      throw new TypeError('the file is gone');
    };
    await start({ member: 'b', members, tcp: { tls } });
    isBroken = true;
    // Nobody else runs: it is b that asks for its certificates, each time that it dials.
    await until(() => brokenCount >= 2);
    isBroken = false;
    const a = await start({ member: 'a', members, tcp: tlsOfA });
    await until(() => a.told.length > 0);
    expect(a.told).toEqual(['+b']);
  });
});

describe('a session', () => {
  it.each([
    ['a key of its own', { psk: { member: key, session: otherKey } }, { psk: { session: otherKey } }],
    ['one key for all', { psk: key }, { psk: key }],
    ['a certificate of its own', tlsOfA, { tls: materialOf('app') }],
    ['no secret', { insecure: true }, { insecure: true }],
  ] as const)('with %s is served, and is no member', async (_title, ofA, ofSession) => {
    const { a: address } = await addressesFor('a');
    const served: string[] = [];
    const a = await start({ member: 'a', members: { a: address }, tcp: ofA, sessions: servedEvents(served) });
    const session = await startSession({ a: address }, ofSession);
    session.dialer.dial('a');
    await until(() => session.told.length > 0 && served.length > 0);
    session.dialer.send(Uint8Array.of(1, 2));
    a.transport.sendToSession?.(1, Uint8Array.of(3));
    await until(() => session.told.length > 1 && served.length > 1);
    expect([session.told, served, a.told]).toEqual([['+a', ':3'], ['+1', '1:1,2'], []]);
  });

  it.each([
    ['a wrong key', { psk: { member: key, session: otherKey } }, { psk: { session: key } }, /another key/],
    ["a member's key alone", { psk: { member: key } }, { psk: { session: key } }, /no key for what it wants/],
    ["a member's certificate", tlsOfA, { tls: materialOf('b') }, /not one for a session/],
    ["a stranger's certificate", tlsOfA, { tls: materialOf('b-strangers') }, /cannot be trusted/],
  ] as const)('with %s is refused, and learns no more than that', async (_title, ofA, ofSession, reason) => {
    const { a: address } = await addressesFor('a');
    const served: string[] = [];
    const a = await start({ member: 'a', members: { a: address }, tcp: ofA, sessions: servedEvents(served) });
    const session = await startSession({ a: address }, ofSession);
    session.dialer.dial('a');
    await until(() => session.told.length > 0 && a.refused.length > 0);
    expect([session.told, served]).toEqual([['-a'], []]);
    expect(a.refused[0]?.reason).toMatch(reason);
  });

  it('is told by a typed error why it is not served', async () => {
    const { a: address } = await addressesFor('a');
    await start({ member: 'a', members: { a: address }, tcp: { psk: key } });
    const session = await startSession({ a: address }, { psk: key });
    session.dialer.dial('a');
    await until(() => session.causes.length > 0);
    expect(session.causes[0]).toBeInstanceOf(CoordinationError);
    expect(session.causes[0]).toMatchObject({ code: 'AUTH_FAILED', outcome: 'not-applied' });
  });

  it('refuses a peer that shows it the certificate of a session, or of another peer', async () => {
    const { a: address } = await addressesFor('a');
    for (const name of ['app', 'b', 'b-strangers']) {
      const tls = materialOf(name, { ca: [materialOf(name).ca as string, sessionCa, strangersCa] });
      const a = await start({
        member: 'a',
        members: { a: address },
        tcp: { tls },
        sessions: servedEvents([]),
      });
      const session = await startSession({ a: address }, { tls: materialOf('app') });
      session.dialer.dial('a');
      await until(() => session.told.length > 0);
      expect([session.told, a.told]).toEqual([['-a'], []]);
      await a.transport.close({ abrupt: true });
    }
  });
});

describe('a transport refuses to be made', () => {
  it.each([
    ['without any security', {}],
    ['with two kinds of it', { psk: key, insecure: true }],
    ['with a key that can be guessed', { psk: 'too short' }],
    ['with no key at all', { psk: {} }],
    ['insecurely on all interfaces', { listen: '0.0.0.0:7001', insecure: true }],
    ['insecurely on an outer address', { listen: '192.0.2.1:7001', insecure: true }],
    ['insecurely on a name that may be anything', { listen: 'example.org:7001', insecure: true }],
    ['with certificates on a Unix socket', { listen: './a.sock', ...tlsOfA }],
    ['with certificates that are none', { tls: { cert: 'x', key: 'y', ca: 'z' } }],
    ["with another's key", { tls: { ...materialOf('a'), key: materialOf('b').key } }],
    ['without a port', { listen: '127.0.0.1', psk: key }],
    ['with a port that is none', { listen: '127.0.0.1:65536', psk: key }],
    ['with an IPv6 address without brackets', { listen: '::1:7001', psk: key }],
    ['with a path that is too long', { listen: `/${'x'.repeat(104)}`, psk: key }],
    ['with a limit that is none', { psk: key, limits: { sessionsMax: 0 } }],
    ['with an unknown limit', { psk: key, limits: { connections: 1 } }],
  ] as const)('%s', (_title, options) => {
    const make = (): unknown => tcpTransport(options as TcpTransportOptions);
    expect(make).toThrow(CoordinationError);
    expect(make).toThrow(/BAD_ARGUMENTS/);
  });

  it('and to be started insecurely with members elsewhere', async () => {
    const { a } = await addressesFor('a');
    const starting = start({ member: 'a', members: { a, b: '192.0.2.1:7001' }, tcp: { insecure: true } });
    await expect(starting).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
  });

  it('and to be started where somebody listens, TCP or Unix', async () => {
    for (const { a } of [await addressesFor('a'), socketsFor('a')]) {
      await start({ member: 'a', members: { a } });
      await expect(start({ member: 'a', members: { a } })).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    }
  });
});
