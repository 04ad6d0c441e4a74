/**
 * How two ends come to know each other, without any I/O: bytes go in, the next step comes out.
 *
 *   dialler                              acceptor
 *     hello (names, nonce)        ->
 *                                 <-     welcome (names, nonce, proof)
 *     confirm (proof)             ->
 *                                 <-     accept, or refuse at any point
 *
 * A proof is an HMAC over both introductions, with a key that belongs to this one channel (TLS keying material,
 * RFC 5705), so that what was recorded on one channel proves nothing on another; and because both nonces are in
 * it, nothing proves anything twice on a channel without secrets either. Who the other end may be is what the
 * channel has proven ({@link Identity}); the handshake binds the names to it.
 *
 * The acceptor decides last: it may hold a better connection to the same member already.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  decodeHello,
  decodeRefuse,
  decodeWelcome,
  encodeConfirm,
  encodeHello,
  encodeWelcome,
  type Hello,
  type Introduction,
  type Message,
  MessageReader,
  proofBytes,
  type Role,
} from './handshake-messages.ts';
import { type Identity, judgeClaim } from './identity.ts';
import { isRefusal, type Refusal, refusal } from './refusal.ts';

/** The channel below: what it proves, and a secret that both of its ends share and no other channel has. */
export interface ChannelFacts {
  readonly identity: Identity;
  readonly bindingKey: Uint8Array;
}

/** The other end, once it is proven. */
export interface Counterpart extends Introduction {
  readonly role: Role;
}

export type Step =
  | { readonly kind: 'wait'; readonly reply?: Buffer }
  /** The handshake is over. `rest`: bytes that came after it. */
  | { readonly kind: 'proven'; readonly counterpart: Counterpart; readonly rest: Buffer }
  /** `superseded`: the other end has a better connection to us; nothing is wrong. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly superseded?: boolean };

const wait: Step = { kind: 'wait' };

export class DiallerHandshake {
  readonly #channel: ChannelFacts;
  readonly #hello: Hello;
  readonly #helloBytes: Buffer;
  readonly #reader = new MessageReader();
  #counterpart: Counterpart | undefined;

  constructor(channel: ChannelFacts, hello: Hello) {
    this.#channel = channel;
    this.#hello = hello;
    this.#helloBytes = encodeHello(hello);
  }

  /** The first message; the dialler speaks first. */
  get opening(): Buffer {
    return this.#helloBytes;
  }

  /** All is said: the other end may hold this connection for made. */
  get isConfirmed(): boolean {
    return this.#counterpart !== undefined;
  }

  receive(chunk: Buffer): Step {
    this.#reader.push(chunk);
    const message = this.#reader.next();
    if (message === undefined) return wait;
    if (isRefusal(message)) return refused(message);
    if (message.kind === 'refuse') return refusedByOther(message);
    if (this.#counterpart === undefined) return this.#welcomed(message);
    if (message.kind !== 'accept' || message.body.length > 0) return unexpected(message);
    return { kind: 'proven', counterpart: this.#counterpart, rest: this.#reader.rest };
  }

  #welcomed(message: Message): Step {
    const welcome = message.kind === 'welcome' ? decodeWelcome(message.body) : undefined;
    if (welcome === undefined) return unexpected(message);
    const { target, ensemble, member } = this.#hello;
    if (welcome.ensemble !== ensemble) return otherEnsemble(welcome.ensemble, ensemble);
    if (welcome.member !== target) {
      const reason = `${JSON.stringify(target)} was dialled and ${JSON.stringify(welcome.member)} answered`;
      return refused(refusal('other-member', reason));
    }
    // Whoever serves is a member, also towards a session; a key for sessions is all that it can show to one.
    const claim =
      this.#channel.identity.kind === 'key'
        ? { role: this.#hello.role, member }
        : { role: 'member' as const, member: target };
    const judged = judgeClaim(this.#channel.identity, claim);
    if (judged !== undefined) return refused(judged);
    const transcript = [this.#helloBytes, message.bytes.subarray(0, -proofBytes)];
    const { bindingKey } = this.#channel;
    if (!isProof(welcome.proof, proofOf(bindingKey, 'acceptor', transcript))) return refused(unproven);
    this.#counterpart = { ...welcome, role: 'member' };
    return { kind: 'wait', reply: encodeConfirm(proofOf(bindingKey, 'dialler', transcript)) };
  }
}

/** What an acceptor is, and who it has a place for. */
export interface AcceptorTerms {
  readonly introduction: Introduction;
  readonly members: ReadonlySet<string>;
  readonly servesSessions: boolean;
}

export class AcceptorHandshake {
  readonly #channel: ChannelFacts;
  readonly #terms: AcceptorTerms;
  readonly #reader = new MessageReader();
  #transcript: readonly Uint8Array[] = [];
  #hello: Hello | undefined;

  constructor(channel: ChannelFacts, terms: AcceptorTerms) {
    this.#channel = channel;
    this.#terms = terms;
  }

  /** Who the other end says it is, unproven until the handshake is over. */
  get claimedMember(): string | undefined {
    return this.#hello?.role === 'member' ? this.#hello.member : undefined;
  }

  receive(chunk: Buffer): Step {
    this.#reader.push(chunk);
    const message = this.#reader.next();
    if (message === undefined) return wait;
    if (isRefusal(message)) return refused(message);
    if (this.#hello === undefined) return this.#greeted(message);
    if (message.kind !== 'confirm') return unexpected(message);
    const expected = proofOf(this.#channel.bindingKey, 'dialler', this.#transcript);
    if (!isProof(message.body, expected)) return refused(unproven);
    const { rest } = this.#reader;
    if (rest.length > 0) return refused(refusal('malformed', 'it sent frames before it was accepted'));
    return { kind: 'proven', counterpart: this.#hello, rest };
  }

  #greeted(message: Message): Step {
    const hello = message.kind === 'hello' ? decodeHello(message.body) : undefined;
    if (hello === undefined) return unexpected(message);
    this.#hello = hello;
    const judged = this.#judge(hello);
    if (judged !== undefined) return refused(judged);
    const welcome = encodeWelcome(this.#terms.introduction);
    this.#transcript = [message.bytes, welcome];
    const proof = proofOf(this.#channel.bindingKey, 'acceptor', this.#transcript);
    return { kind: 'wait', reply: Buffer.concat([welcome, proof]) };
  }

  #judge(hello: Hello): Refusal | undefined {
    const { introduction, members, servesSessions } = this.#terms;
    if (hello.ensemble !== introduction.ensemble) {
      return otherEnsemble(hello.ensemble, introduction.ensemble).refusal;
    }
    if (hello.target !== introduction.member) {
      const reason = `it wants ${JSON.stringify(hello.target)}, and this is ${JSON.stringify(introduction.member)}`;
      return refusal('other-member', reason);
    }
    if (hello.role === 'session' && !servesSessions) {
      return refusal('wrong-role', 'it is a session, and this peer serves none');
    }
    if (hello.role === 'member' && !members.has(hello.member)) {
      return refusal('unknown-member', `${JSON.stringify(hello.member)} is no member here`);
    }
    return judgeClaim(this.#channel.identity, hello);
  }
}

const unproven: Refusal = refusal(
  'replayed',
  'its proof does not belong to this connection: replayed from another one, or altered',
);

function proofOf(key: Uint8Array, side: 'dialler' | 'acceptor', transcript: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('sha256', key).update(`quorate ${side} 1\0`);
  for (const part of transcript) hmac.update(part);
  return hmac.digest();
}

function isProof(given: Uint8Array, expected: Uint8Array): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}

type Refused = Extract<Step, { kind: 'refused' }>;

function refused(cause: Refusal): Refused {
  return { kind: 'refused', refusal: cause };
}

function otherEnsemble(theirs: string, ours: string): Refused {
  const reason = `it belongs to the ensemble ${JSON.stringify(theirs)}, not to ${JSON.stringify(ours)}`;
  return refused(refusal('other-ensemble', reason));
}

function unexpected(message: Message): Refused {
  return refused(refusal('malformed', `a malformed or unexpected message (${message.kind})`));
}

function refusedByOther(message: Message): Refused {
  switch (decodeRefuse(message.body)) {
    case 'refused':
      return refused(
        refusal('by-other-end', 'the other end refused this one; its log and health events say why'),
      );
    case 'version':
      return refused(refusal('version', 'the other end speaks no version that this release speaks'));
    case 'superseded':
      return { ...refused(refusal('no-place', 'there is a better connection')), superseded: true };
    case undefined:
      return unexpected(message);
  }
}
