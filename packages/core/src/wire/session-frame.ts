/**
 * Session frames: one message between a session without a replica and the peer that serves it, format version 1.
 * Numbers are big-endian.
 *
 *   0  2  magic "QS"
 *   2  1  format version
 *   3  1  kind of message (session-kinds.ts)
 *   4  4  length of the body
 *   8  4  number of the frame on its connection in its direction, from 1
 *  12     body (session-requests.ts, session-answers.ts)
 *  +0  4  CRC-32 of everything before it
 *
 * A transport may lose, double or reorder frames. The number makes a connection that did so known at once: whoever
 * finds a gap hangs up, and everything unanswered is said again on the next connection. So within a connection
 * there is nothing to retry.
 */
import { ByteReader, ByteWriter, readU32 } from '../codec/bytes.ts';
import { CoordinationError } from '../errors.ts';
import { invariant } from '../invariant.ts';
import type { Checksum } from '../ports/checksum.ts';
import { protocolError } from './fields.ts';
import { readAnswer, writeAnswer } from './session-answers.ts';
import { answerKindOf, requestKindOf, sessionKindNumber } from './session-kinds.ts';
import type { SessionAnswer, SessionMessage, SessionRequest } from './session-messages.ts';
import { readRequest, writeRequest } from './session-requests.ts';

/** The format that this release writes, and the only one that it reads. */
export const sessionFrameVersion = 1;
const headerBytes = 12;
const checksumBytes = 4;
/** Bytes that a frame takes beside its body. */
export const sessionFrameOverheadBytes: number = headerBytes + checksumBytes;

const magicFirst = 0x51;
const magicSecond = 0x53;
const bodyLengthAt = 4;
const numberAt = 8;
/** A connection with more frames has used up its numbers; at a million a second that takes an hour. */
const numberMax = 0xffff_ffff;

/** The outgoing direction of one connection. */
export class SessionFrameWriter {
  readonly #checksum: Checksum;
  readonly #writer: ByteWriter = new ByteWriter();
  #number = 0;

  constructor(checksum: Checksum) {
    this.#checksum = checksum;
  }

  request(message: SessionRequest): Uint8Array {
    return this.#frame(message, (writer) => writeRequest(writer, message));
  }

  answer(message: SessionAnswer): Uint8Array {
    return this.#frame(message, (writer) => writeAnswer(writer, message));
  }

  #frame(message: SessionMessage, writeBody: (writer: ByteWriter) => void): Uint8Array {
    invariant(this.#number < numberMax, 'a connection ends before its numbers do');
    const writer = this.#writer;
    writer.reset();
    writer.u8(magicFirst);
    writer.u8(magicSecond);
    writer.u8(sessionFrameVersion);
    writer.u8(sessionKindNumber(message.kind));
    writer.u32(0);
    writer.u32(this.#number + 1);
    writeBody(writer);
    writer.patchU32(bodyLengthAt, writer.position - headerBytes);
    const checksumAt = writer.reserve(checksumBytes);
    const frame = writer.finish();
    const checksum = this.#checksum(frame.subarray(0, checksumAt));
    new DataView(frame.buffer).setUint32(checksumAt, checksum);
    this.#number += 1;
    return frame;
  }
}

/** The incoming direction of one connection. */
export class SessionFrameReader {
  readonly #checksum: Checksum;
  readonly #frameBytesMax: number;
  #number = 0;

  constructor(checksum: Checksum, frameBytesMax: number) {
    this.#checksum = checksum;
    this.#frameBytesMax = frameBytesMax;
  }

  /**
   * The request in the connection's next frame. Byte arrays in it alias `frame`.
   *
   * @throws CoordinationError `PROTOCOL` for bytes that are no request; `UNSUPPORTED_VERSION` for another format
   * version; `UNAVAILABLE` for a frame that is not the next one.
   */
  request(frame: Uint8Array): SessionRequest {
    const { kindNumber, body } = this.#open(frame);
    const kind = requestKindOf(kindNumber);
    if (kind === undefined) throw protocolError(`there is no request of kind ${kindNumber}`);
    return wholeOf(body, readRequest(kind, body));
  }

  /** The answer in the connection's next frame; otherwise as {@link SessionFrameReader.request}. */
  answer(frame: Uint8Array): SessionAnswer {
    const { kindNumber, body } = this.#open(frame);
    const kind = answerKindOf(kindNumber);
    if (kind === undefined) throw protocolError(`there is no answer of kind ${kindNumber}`);
    return wholeOf(body, readAnswer(kind, body));
  }

  #open(frame: Uint8Array): { readonly kindNumber: number; readonly body: ByteReader } {
    if (frame.length > this.#frameBytesMax) {
      throw protocolError(`a frame of ${frame.length} bytes is longer than ${this.#frameBytesMax}`);
    }
    if (frame.length < sessionFrameOverheadBytes) throw protocolError('a frame is shorter than its header');
    // A plain array, even if a transport hands in a subclass with other methods.
    const bytes = new Uint8Array(frame.buffer, frame.byteOffset, frame.length);
    if (bytes[0] !== magicFirst || bytes[1] !== magicSecond) throw protocolError('this is no session frame');
    checkVersion(bytes[2] ?? 0);
    const bodyEnd = bytes.length - checksumBytes;
    if (readU32(bytes, bodyLengthAt) !== bodyEnd - headerBytes) {
      throw protocolError('a frame has another length');
    }
    if (readU32(bytes, bodyEnd) !== this.#checksum(bytes.subarray(0, bodyEnd))) {
      throw protocolError('a frame was altered on its way: its checksum is another');
    }
    const number = readU32(bytes, numberAt);
    if (number !== this.#number + 1) {
      throw lostFrames(number, this.#number);
    }
    this.#number = number;
    return { kindNumber: bytes[3] ?? 0, body: new ByteReader(bytes, headerBytes, bodyEnd) };
  }
}

/** No fault of the other end: the connection is of no use any more, and another one may be. */
function lostFrames(number: number, numberBefore: number): CoordinationError {
  const reason = `frame ${number} came after frame ${numberBefore}: some were lost or moved on their way`;
  return new CoordinationError('UNAVAILABLE', { details: { reason } });
}

function wholeOf<M extends SessionMessage>(body: ByteReader, message: M): M {
  if (body.remaining > 0) throw protocolError('bytes follow the message');
  return message;
}

function checkVersion(version: number): void {
  if (version === sessionFrameVersion) return;
  throw new CoordinationError('UNSUPPORTED_VERSION', {
    details: {
      reason: `a session frame has format version ${version}; this release speaks ${sessionFrameVersion}`,
      expected: sessionFrameVersion,
      actual: version,
    },
  });
}
