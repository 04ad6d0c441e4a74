/**
 * Frames: one message as bytes, format version 2. Numbers are big-endian.
 *
 *   0  2  magic "QF"
 *   2  1  format version
 *   3  1  kind of message (kinds.ts)
 *   4  4  length of the body
 *   8  4  length of the body's first part, the fields: one control array (fields.ts)
 *  12     body: fields, then attachments
 *  +0  4  CRC-32 of everything before it; at the end, so that one call covers it
 *
 * Whatever bytes come in, the answer is a message or a CoordinationError: lengths are compared with what is
 * really there before anything else, and nothing is allocated because a length claims it. The checksum finds
 * accidents, not attacks: what a peer may say is checked field by field even when the checksum is right.
 */
import { decodeControl, encodeControlInPlace } from '../codec/control.ts';
import { readU32 } from '../codec/bytes.ts';
import { CoordinationError } from '../errors.ts';
import { invariant } from '../invariant.ts';
import type { Checksum } from '../ports/checksum.ts';
import type { MessageHeader } from '../raft/messages.ts';
import type { ReplicaMessage } from '../replica/contract.ts';
import { FieldReader, protocolError, type MessageParts } from './fields.ts';
import { readHeader } from './header.ts';
import { isOwnKind, isOwnMessage, kindNumber, kindOfNumber, type MessageKind } from './kinds.ts';
import { raftParts, readRaftMessage } from './raft-messages.ts';
import { readReplicaMessage, replicaParts } from './replica-messages.ts';

/** The format that this release writes, and the only one that it reads. */
export const frameFormatVersion = 2;
/** Bytes before the body. */
export const frameHeaderBytes = 12;
const checksumBytes = 4;
/** Bytes that a frame takes beside its body. */
export const frameOverheadBytes: number = frameHeaderBytes + checksumBytes;

const magicFirst = 0x51;
const magicSecond = 0x46;
const bodyLengthAt = 4;
const fieldsLengthAt = 8;
const lengthMax = 0xffff_ffff;

/** How a frame that arrived is judged before it is believed. */
export interface DecodeFrameOptions {
  /** The member that received it. */
  readonly to: string;
  readonly checksum: Checksum;
  /** Longer frames are refused unread. */
  readonly frameBytesMax: number;
}

/** A new byte array that nothing else refers to; its receiver is not in it. The bodies of entries and batches are copied as they are. */
export function encodeFrame(message: ReplicaMessage, checksum: Checksum): Uint8Array {
  const { fields, attachments } = partsOf(message);
  const encodedFields = encodeControlInPlace(fields);
  let bodyLength = encodedFields.length;
  for (const attachment of attachments) bodyLength += attachment.length;
  invariant(bodyLength <= lengthMax, 'a frame is bounded', { kind: message.kind, bodyLength });
  const frame = new Uint8Array(frameOverheadBytes + bodyLength);
  frame[0] = magicFirst;
  frame[1] = magicSecond;
  frame[2] = frameFormatVersion;
  frame[3] = kindNumber(message.kind);
  writeU32(frame, bodyLengthAt, bodyLength);
  writeU32(frame, fieldsLengthAt, encodedFields.length);
  frame.set(encodedFields, frameHeaderBytes);
  let at = frameHeaderBytes + encodedFields.length;
  for (const attachment of attachments) {
    frame.set(attachment, at);
    at += attachment.length;
  }
  writeU32(frame, at, checksum(frame.subarray(0, at)));
  return frame;
}

/**
 * Whether both messages are the same frame: appends that differ in their receiver at most. Others are rarely the same,
 * and short. Entries are compared as objects, which one log hands out.
 */
export function isSameFrame(message: ReplicaMessage, other: ReplicaMessage): boolean {
  return (
    message.kind === 'append' &&
    other.kind === 'append' &&
    message.from === other.from &&
    message.term === other.term &&
    message.incarnation === other.incarnation &&
    message.previousIndex === other.previousIndex &&
    message.previousTerm === other.previousTerm &&
    message.commitIndex === other.commitIndex &&
    message.durableIndex === other.durableIndex &&
    message.round === other.round &&
    message.entries.length === other.entries.length &&
    message.entries.every((entry, at) => entry === other.entries[at])
  );
}

/**
 * The message in `frame`. Byte arrays in it alias `frame`, which must not change any more.
 *
 * @throws CoordinationError `PROTOCOL` for bytes that are no message, `UNSUPPORTED_VERSION` for a frame of
 * another format version.
 */
export function decodeFrame(frame: Uint8Array, options: DecodeFrameOptions): ReplicaMessage {
  const { to, checksum, frameBytesMax } = options;
  if (frame.length > frameBytesMax) {
    throw protocolError(`a frame of ${frame.length} bytes is longer than ${frameBytesMax}`);
  }
  if (frame.length < frameOverheadBytes) throw protocolError('a frame is shorter than its header');
  const bytes = plainBytes(frame);
  if (bytes[0] !== magicFirst || bytes[1] !== magicSecond) throw protocolError('this is no frame');
  checkVersion(bytes[2] ?? 0);
  const bodyLength = readU32(bytes, bodyLengthAt);
  if (bodyLength !== bytes.length - frameOverheadBytes) throw protocolError('a frame has another length');
  const fieldsLength = readU32(bytes, fieldsLengthAt);
  if (fieldsLength > bodyLength) throw protocolError('the fields of a frame are longer than its body');
  const bodyEnd = frameHeaderBytes + bodyLength;
  if (readU32(bytes, bodyEnd) !== checksum(bytes.subarray(0, bodyEnd))) {
    throw protocolError('a frame was altered on its way: its checksum is another');
  }
  const kind = kindOfNumber(bytes[3] ?? 0);
  if (kind === undefined) throw protocolError(`there is no message of kind ${bytes[3]}`);
  const fieldsEnd = frameHeaderBytes + fieldsLength;
  const fields = decodeControl(bytes, frameHeaderBytes, fieldsEnd);
  const reader = new FieldReader(fields, { bytes, start: fieldsEnd, end: bodyEnd });
  const message = readMessage(kind, readHeader(reader, to), reader);
  reader.end();
  return message;
}

/** Without the other methods of a subclass, if a transport hands in one. */
function plainBytes(frame: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(frame) === Uint8Array.prototype) return frame;
  return new Uint8Array(frame.buffer, frame.byteOffset, frame.length);
}

function checkVersion(version: number): void {
  if (version === frameFormatVersion) return;
  throw new CoordinationError('UNSUPPORTED_VERSION', {
    details: {
      reason: `a frame has format version ${version}; this release speaks ${frameFormatVersion}`,
      expected: frameFormatVersion,
      actual: version,
    },
  });
}

function writeU32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = (value >>> 16) & 0xff;
  target[at + 2] = (value >>> 8) & 0xff;
  target[at + 3] = value & 0xff;
}

function partsOf(message: ReplicaMessage): MessageParts {
  return isOwnMessage(message) ? replicaParts(message) : raftParts(message);
}

function readMessage(kind: MessageKind, header: MessageHeader, reader: FieldReader): ReplicaMessage {
  return isOwnKind(kind) ? readReplicaMessage(kind, header, reader) : readRaftMessage(kind, header, reader);
}
