/**
 * The messages by which two ends come to know each other, as bytes; version 1 (docs/reference/formats.md).
 *
 *   0  2  magic "QT"
 *   2  1  version
 *   3  1  kind: 1 hello, 2 welcome, 3 confirm, 4 accept, 5 refuse
 *   4  2  length of the body
 *   6     body
 *
 * Whoever reads them does not know yet who wrote them: everything is bounded by what has arrived, and nothing
 * is allocated because a length claims it.
 */
import { handshakeBytesMax } from './limits.ts';
import { type Refusal, refusal } from './refusal.ts';

export const handshakeVersion = 1;
export const nonceBytes = 32;
export const proofBytes = 32;
/** Names one life of a transport, so that a member that was started again is told from one that dials again. */
export const lifeBytes = 8;

export type Role = 'member' | 'session';
export type MessageKind = 'hello' | 'welcome' | 'confirm' | 'accept' | 'refuse';

/** What one end says about itself. A session has no id and no incarnation: '' and 0. */
export interface Introduction {
  readonly ensemble: string;
  readonly member: string;
  readonly incarnation: number;
  /** Longest frame that this end accepts. */
  readonly frameBytesMax: number;
  readonly life: Uint8Array;
  readonly nonce: Uint8Array;
}

export interface Hello extends Introduction {
  readonly role: Role;
  /** Whom the dialler wants to reach. */
  readonly target: string;
}

/** What the other end is told when it is not wanted: no detail, but what it needs in order to behave. */
export type RefuseCode = 'refused' | 'version' | 'superseded';

export interface Message {
  readonly kind: MessageKind;
  /** The whole message. */
  readonly bytes: Buffer;
  readonly body: Buffer;
}

const headerBytes = 6;
const kinds: readonly MessageKind[] = ['hello', 'welcome', 'confirm', 'accept', 'refuse'];
const refuseCodes: readonly RefuseCode[] = ['refused', 'version', 'superseded'];
const roles: readonly Role[] = ['member', 'session'];

/**
 * Cuts what arrives into messages, {@link handshakeBytesMax} bytes of them at most. What is held is a part of a
 * message, or one chunk of the socket until that is judged: frames may follow the last message in its chunk.
 */
export class MessageReader {
  #waiting: Buffer = Buffer.alloc(0);
  #takenBytes = 0;

  /** What has arrived and is no part of a message that was taken. */
  get rest(): Buffer {
    return this.#waiting;
  }

  push(chunk: Buffer): void {
    this.#waiting = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
  }

  /** The next whole message; undefined while it is not there yet. */
  next(): Message | Refusal | undefined {
    const waiting = this.#waiting;
    const isMagic = (at: number, letter: number): boolean => (waiting[at] ?? letter) === letter;
    if (!isMagic(0, 0x51) || !isMagic(1, 0x54))
      return refusal('malformed', 'this is no handshake of Quorate');
    const version = waiting[2] ?? handshakeVersion;
    if (version !== handshakeVersion) {
      const reason = `the other end speaks handshake version ${version}, this release ${handshakeVersion}`;
      return refusal('version', reason);
    }
    if (waiting.length < headerBytes) return undefined;
    const kind = kinds[waiting.readUInt8(3) - 1];
    const end = headerBytes + waiting.readUInt16BE(4);
    if (kind === undefined) return refusal('malformed', 'an unknown message');
    if (this.#takenBytes + end > handshakeBytesMax) {
      return refusal('malformed', `more than ${handshakeBytesMax} bytes before the handshake was over`);
    }
    if (waiting.length < end) return undefined;
    this.#waiting = waiting.subarray(end);
    this.#takenBytes += end;
    return { kind, bytes: waiting.subarray(0, end), body: waiting.subarray(headerBytes, end) };
  }
}

export function encodeHello(hello: Hello): Buffer {
  const role = Buffer.of(roles.indexOf(hello.role) + 1);
  return encodeMessage('hello', [role, text(hello.target), ...introduction(hello)]);
}

/** Without its proof, which is made over these bytes and follows them. */
export function encodeWelcome(welcome: Introduction): Buffer {
  const message = encodeMessage('welcome', introduction(welcome));
  message.writeUInt16BE(message.length - headerBytes + proofBytes, 4);
  return message;
}

export function encodeConfirm(proof: Uint8Array): Buffer {
  return encodeMessage('confirm', [proof]);
}

export function encodeAccept(): Buffer {
  return encodeMessage('accept', []);
}

export function encodeRefuse(code: RefuseCode): Buffer {
  return encodeMessage('refuse', [Buffer.of(refuseCodes.indexOf(code) + 1)]);
}

export function decodeHello(body: Buffer): Hello | undefined {
  const reader = new FieldReader(body);
  const role = roles[reader.u8() - 1];
  const target = reader.text();
  const introduced = readIntroduction(reader);
  if (role === undefined || !reader.isRead) return undefined;
  return { role, target, ...introduced };
}

export function decodeWelcome(body: Buffer): (Introduction & { readonly proof: Buffer }) | undefined {
  const reader = new FieldReader(body);
  const introduced = readIntroduction(reader);
  const proof = reader.bytes(proofBytes);
  return reader.isRead ? { ...introduced, proof } : undefined;
}

export function decodeRefuse(body: Buffer): RefuseCode | undefined {
  const reader = new FieldReader(body);
  const code = refuseCodes[reader.u8() - 1];
  return reader.isRead ? code : undefined;
}

function encodeMessage(kind: MessageKind, fields: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(fields);
  const header = Buffer.from([0x51, 0x54, handshakeVersion, kinds.indexOf(kind) + 1, 0, 0]);
  header.writeUInt16BE(body.length, 4);
  return Buffer.concat([header, body]);
}

function introduction(from: Introduction): readonly Uint8Array[] {
  const numbers = Buffer.alloc(12);
  numbers.writeBigUInt64BE(BigInt(from.incarnation), 0);
  numbers.writeUInt32BE(from.frameBytesMax, 8);
  return [text(from.ensemble), text(from.member), numbers, from.life, from.nonce];
}

function readIntroduction(reader: FieldReader): Introduction {
  return {
    ensemble: reader.text(),
    member: reader.text(),
    incarnation: reader.safeInteger(),
    frameBytesMax: reader.u32(),
    life: reader.bytes(lifeBytes),
    nonce: reader.bytes(nonceBytes),
  };
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Reads fields one after the other. Once something is missing everything reads as empty, and `isRead` is false. */
class FieldReader {
  readonly #body: Buffer;
  #at = 0;
  #isBroken = false;

  constructor(body: Buffer) {
    this.#body = body;
  }

  /** Everything was there, and nothing is left over. */
  get isRead(): boolean {
    return !this.#isBroken && this.#at === this.#body.length;
  }

  bytes(length: number): Buffer {
    if (this.#isBroken || this.#at + length > this.#body.length) {
      this.#isBroken = true;
      return Buffer.alloc(0);
    }
    this.#at += length;
    return this.#body.subarray(this.#at - length, this.#at);
  }

  u8(): number {
    return this.bytes(1)[0] ?? 0;
  }

  u32(): number {
    const bytes = this.bytes(4);
    return bytes.length === 4 ? bytes.readUInt32BE() : 0;
  }

  safeInteger(): number {
    const bytes = this.bytes(8);
    const value = bytes.length === 8 ? bytes.readBigUInt64BE() : 0n;
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.#isBroken = true;
    return Number(value);
  }

  text(): string {
    const lengthField = this.bytes(2);
    const bytes = this.bytes(lengthField.length === 2 ? lengthField.readUInt16BE() : 0);
    const value = bytes.toString('utf8');
    // Another spelling of the same bytes is no name: names are compared exactly.
    if (!Buffer.from(value, 'utf8').equals(bytes)) this.#isBroken = true;
    return value;
  }
}
