import { describe, expect, it } from 'vitest';
import { AcceptorHandshake, type AcceptorTerms, type ChannelFacts, DiallerHandshake } from './handshake.ts';
import {
  encodeAccept,
  encodeHello,
  encodeRefuse,
  type Hello,
  type Introduction,
  lifeBytes,
  nonceBytes,
} from './handshake-messages.ts';

const channel: ChannelFacts = { identity: { kind: 'anybody' }, bindingKey: new Uint8Array(32).fill(1) };

function introduction(member: string, byte: number): Introduction {
  return {
    ensemble: 'test',
    member,
    incarnation: 2 ** 53 - 1,
    frameBytesMax: 2 ** 32 - 1,
    life: new Uint8Array(lifeBytes).fill(byte),
    nonce: new Uint8Array(nonceBytes).fill(byte),
  };
}

const terms: AcceptorTerms = {
  introduction: introduction('a', 1),
  members: new Set(['b', 'c']),
  servesSessions: true,
};
const helloOfB: Hello = { ...introduction('b', 2), role: 'member', target: 'a' };

/** Both ends up to the confirm, and what each said. */
function talk(
  options: { readonly hello?: Hello; readonly terms?: AcceptorTerms; readonly of?: ChannelFacts } = {},
) {
  const dialler = new DiallerHandshake(channel, options.hello ?? helloOfB);
  const acceptor = new AcceptorHandshake(options.of ?? channel, options.terms ?? terms);
  const welcomed = acceptor.receive(dialler.opening);
  const confirmed = welcomed.kind === 'wait' ? dialler.receive(welcomed.reply ?? Buffer.alloc(0)) : undefined;
  const proven =
    confirmed?.kind === 'wait' ? acceptor.receive(confirmed.reply ?? Buffer.alloc(0)) : undefined;
  return { dialler, acceptor, welcomed, confirmed, proven };
}

describe('a handshake', () => {
  it('lets both ends know each other, byte by byte too', () => {
    const { dialler, proven } = talk();
    const { member, ensemble, incarnation, frameBytesMax } = helloOfB;
    expect(proven).toMatchObject({
      kind: 'proven',
      counterpart: { role: 'member', member, ensemble, incarnation, frameBytesMax },
    });
    const accepted = dialler.receive(Buffer.concat([encodeAccept(), Buffer.from('rest')]));
    expect(accepted).toMatchObject({ kind: 'proven', counterpart: { member: 'a' } });
    expect(accepted.kind === 'proven' && accepted.rest.toString()).toBe('rest');

    const slow = new AcceptorHandshake(channel, terms);
    const steps = [...encodeHello(helloOfB)].map((byte) => slow.receive(Buffer.of(byte)));
    expect(steps.filter((step) => step.kind !== 'wait')).toEqual([]);
    expect(steps.filter((step) => step.kind === 'wait' && step.reply !== undefined)).toHaveLength(1);
  });

  it('may be followed at once by frames of any length', () => {
    const { dialler } = talk();
    const accepted = dialler.receive(Buffer.concat([encodeAccept(), Buffer.alloc(60_000)]));
    expect(accepted.kind === 'proven' && accepted.rest.length).toBe(60_000);
  });

  it('takes names of the longest kind within its 4 KiB', () => {
    const longest = 'ü'.repeat(256);
    const hello = { ...helloOfB, ensemble: longest, member: `${longest.slice(1)}b`, target: longest };
    const ofLongest = {
      ...terms,
      introduction: { ...terms.introduction, ensemble: longest, member: longest },
      members: new Set([hello.member]),
    };
    expect(talk({ hello, terms: ofLongest }).proven?.kind).toBe('proven');
  });

  it('on another channel proves nothing: the keys that bind it differ', () => {
    const other = { ...channel, bindingKey: new Uint8Array(32).fill(2) };
    expect(talk({ of: other }).confirmed).toMatchObject({ kind: 'refused', refusal: { kind: 'replayed' } });
  });

  it('cannot be replayed: each end has a nonce of its own', () => {
    const { dialler, confirmed } = talk();
    const again = new AcceptorHandshake(channel, {
      ...terms,
      introduction: { ...terms.introduction, nonce: new Uint8Array(nonceBytes).fill(9) },
    });
    again.receive(dialler.opening);
    const reply = confirmed?.kind === 'wait' ? (confirmed.reply ?? Buffer.alloc(0)) : Buffer.alloc(0);
    expect(again.receive(reply)).toMatchObject({ kind: 'refused', refusal: { kind: 'replayed' } });
  });

  it('does not survive a change of any byte that was said', () => {
    const { dialler, welcomed, confirmed } = talk();
    const welcome = welcomed.kind === 'wait' ? (welcomed.reply ?? Buffer.alloc(0)) : Buffer.alloc(0);
    const confirm = confirmed?.kind === 'wait' ? (confirmed.reply ?? Buffer.alloc(0)) : Buffer.alloc(0);
    for (let at = 0; at < dialler.opening.length; at += 1) {
      const altered = Buffer.from(dialler.opening);
      altered[at] = (altered[at] ?? 0) ^ 1;
      const acceptor = new AcceptorHandshake(channel, { ...terms, members: { has: () => true } as never });
      const first = acceptor.receive(altered);
      const last = first.kind === 'wait' ? acceptor.receive(confirm) : first;
      expect(last.kind, `byte ${at} of hello`).not.toBe('proven');
    }
    for (let at = 0; at < welcome.length; at += 1) {
      const altered = Buffer.from(welcome);
      altered[at] = (altered[at] ?? 0) ^ 1;
      const other = new DiallerHandshake(channel, helloOfB);
      const step = other.receive(altered);
      expect(step.kind === 'wait' && step.reply !== undefined, `byte ${at} of welcome`).toBe(false);
    }
  });

  it.each([
    ['an unknown member', { hello: { ...helloOfB, member: 'x' } }, 'unknown-member'],
    ['itself', { hello: { ...helloOfB, member: 'a' } }, 'unknown-member'],
    ['another ensemble', { hello: { ...helloOfB, ensemble: 'Test' } }, 'other-ensemble'],
    ['somebody who wants another member', { hello: { ...helloOfB, target: 'c' } }, 'other-member'],
    [
      'sessions where none are served',
      { hello: { ...helloOfB, role: 'session' as const }, terms: { ...terms, servesSessions: false } },
      'wrong-role',
    ],
    [
      "a session's key that wants to be a member",
      { of: { ...channel, identity: { kind: 'key', role: 'session' } as const } },
      'wrong-role',
    ],
    [
      "a member's key that wants to be a session",
      {
        hello: { ...helloOfB, role: 'session' as const },
        of: { ...channel, identity: { kind: 'key', role: 'member' } as const },
      },
      'wrong-role',
    ],
    [
      'a certificate of another name',
      {
        of: { ...channel, identity: { kind: 'certificate', names: ['B', 'b.'], roles: ['member'] } as const },
      },
      'credentials',
    ],
    [
      'a certificate that vouches for no role',
      { of: { ...channel, identity: { kind: 'certificate', names: ['b'], roles: [] } as const } },
      'wrong-role',
    ],
  ])('refuses %s', (_title, options, kind) => {
    expect(talk(options).welcomed).toMatchObject({ kind: 'refused', refusal: { kind } });
  });

  it('tells the dialler what it needs to know of a refusal', () => {
    const dialler = (): DiallerHandshake => new DiallerHandshake(channel, helloOfB);
    expect(dialler().receive(encodeRefuse('refused'))).toMatchObject({ refusal: { kind: 'by-other-end' } });
    expect(dialler().receive(encodeRefuse('version'))).toMatchObject({ refusal: { kind: 'version' } });
    expect(dialler().receive(encodeRefuse('superseded'))).toMatchObject({ superseded: true });
    expect(dialler().receive(encodeAccept())).toMatchObject({ refusal: { kind: 'malformed' } });
  });

  it('ends when frames come before the acceptance', () => {
    const { acceptor, confirmed } = talk();
    const reply = confirmed?.kind === 'wait' ? (confirmed.reply ?? Buffer.alloc(0)) : Buffer.alloc(0);
    const second = new AcceptorHandshake(channel, terms);
    second.receive(encodeHello(helloOfB));
    expect(second.receive(Buffer.concat([reply, Buffer.of(1)])).kind).toBe('refused');
    expect(acceptor.claimedMember).toBe('b');
  });
});
