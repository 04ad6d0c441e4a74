/**
 * Answers to a session as bytes, in format version 1. Ids, request numbers, indexes and zxids are varints; a stat, a
 * value, a reply and an error (code and details) are those of codec/reply-encode.ts; a znode is stat and value.
 *
 *   32 welcome       session id, f64 timeoutMs, holder, nextRequest, zxid, varints: valueBytesMax, frameBytesMax,
 *                    sessionRequestsInFlightMax, sessionBytesInFlightMax, watchesPerSessionMax
 *   33 refused       error
 *   34 replies       firstRequest, index, seenZxid, varint count, replies
 *   35 durable       index
 *   36 reachable     u8
 *   37 confirmed     id of the touch
 *   38 ended         u8 (0 SESSION_EXPIRED, 1 SESSION_CLOSED)
 *   39 answer        id, zxid, seenZxid, u8 kind, its fields: 0 barrier; 1 znode: optional znode; 2 znodes: varint
 *                    count, optional znodes; 3 names: varint count, texts; 4 listing: varint count, each text name and
 *                    znode; 5 count: varint; 6 failed: error. Optional: u8 0, or 1 and the znode
 *   40 page          id, zxid, u8 isLast, varint count, each text path and znode
 *   41 resumed       id, zxid
 *   42 changes       id, zxid, u8 isLast, varint count, each text path, optional znode before, optional znode after
 *   43 watch-failed  id, error
 *   44 pong          id, seenZxid
 *
 * Values in what is read alias the frame.
 */
import type { ByteReader, ByteWriter } from '../codec/bytes.ts';
import {
  decodeFailure,
  decodeReply,
  decodeStat,
  encodeFailure,
  encodeReply,
  encodeSource,
  encodeStat,
} from '../codec/reply-encode.ts';
import type { ErrorCode, ErrorDetails } from '../errors.ts';
import { unreachable } from '../invariant.ts';
import { fieldError, protocolError } from './fields.ts';
import { readChoice, readFlag, readMany, readTimeout, writeFlag } from './session-fields.ts';
import type {
  EncodedAnswer,
  EncodedChange,
  EncodedZnode,
  PlacedZnode,
  SessionAnswer,
  Welcome,
} from './session-messages.ts';

const endCodes: readonly ('SESSION_EXPIRED' | 'SESSION_CLOSED')[] = ['SESSION_EXPIRED', 'SESSION_CLOSED'];
const answerKinds: readonly EncodedAnswer['kind'][] = [
  'barrier',
  'znode',
  'znodes',
  'names',
  'listing',
  'count',
  'failed',
];

export function writeAnswer(writer: ByteWriter, message: SessionAnswer): void {
  switch (message.kind) {
    case 'welcome':
      writeWelcome(writer, message);
      return;
    case 'refused':
      encodeFailure(writer, message);
      return;
    case 'replies':
      writer.varint(message.firstRequest);
      writer.varint(message.index);
      writer.varint(message.seenZxid);
      writer.varint(message.replies.length);
      for (const reply of message.replies) encodeReply(writer, reply);
      return;
    case 'durable':
      writer.varint(message.index);
      return;
    case 'reachable':
      writeFlag(writer, message.isReachable);
      return;
    case 'confirmed':
      writer.varint(message.id);
      return;
    case 'ended':
      writer.u8(endCodes.indexOf(message.code));
      return;
    case 'answer':
      writer.varint(message.id);
      writer.varint(message.zxid);
      writer.varint(message.seenZxid);
      writeReadAnswer(writer, message.answer);
      return;
    case 'page':
      writer.varint(message.id);
      writer.varint(message.zxid);
      writeFlag(writer, message.isLast);
      writer.varint(message.znodes.length);
      for (const placed of message.znodes) writePlaced(writer, placed);
      return;
    case 'resumed':
      writer.varint(message.id);
      writer.varint(message.zxid);
      return;
    case 'changes':
      writer.varint(message.id);
      writer.varint(message.zxid);
      writeFlag(writer, message.isLast);
      writer.varint(message.changes.length);
      for (const change of message.changes) writeChange(writer, change);
      return;
    case 'watch-failed':
      writer.varint(message.id);
      encodeFailure(writer, message);
      return;
    case 'pong':
      writer.varint(message.id);
      writer.varint(message.seenZxid);
      return;
    default:
      unreachable(message);
  }
}

export function readAnswer(kind: SessionAnswer['kind'], reader: ByteReader): SessionAnswer {
  switch (kind) {
    case 'welcome':
      return readWelcome(reader);
    case 'refused':
      return { kind, ...readFailure(reader) };
    case 'replies': {
      const firstRequest = reader.varint();
      const index = reader.varint();
      const seenZxid = reader.varint();
      const replies = readMany(reader, 'replies', () => decodeReply(reader));
      if (!Number.isSafeInteger(firstRequest + replies.length))
        throw fieldError('firstRequest', 'is too large');
      return { kind, firstRequest, index, seenZxid, replies };
    }
    case 'durable':
      return { kind, index: reader.varint() };
    case 'reachable':
      return { kind, isReachable: readFlag(reader, 'isReachable') };
    case 'confirmed':
      return { kind, id: reader.varint() };
    case 'ended':
      return { kind, code: readChoice(reader, 'code', endCodes) };
    case 'answer': {
      const id = reader.varint();
      const zxid = reader.varint();
      const seenZxid = reader.varint();
      return { kind, id, zxid, seenZxid, answer: readReadAnswer(reader) };
    }
    case 'page': {
      const id = reader.varint();
      const zxid = reader.varint();
      const isLast = readFlag(reader, 'isLast');
      return { kind, id, zxid, isLast, znodes: readMany(reader, 'znodes', () => readPlaced(reader)) };
    }
    case 'resumed': {
      const id = reader.varint();
      return { kind, id, zxid: reader.varint() };
    }
    case 'changes': {
      const id = reader.varint();
      const zxid = reader.varint();
      const isLast = readFlag(reader, 'isLast');
      return { kind, id, zxid, isLast, changes: readMany(reader, 'changes', () => readChange(reader)) };
    }
    case 'watch-failed': {
      const id = reader.varint();
      return { kind, id, ...readFailure(reader) };
    }
    case 'pong': {
      const id = reader.varint();
      return { kind, id, seenZxid: reader.varint() };
    }
    default:
      return unreachable(kind);
  }
}

function writeWelcome(writer: ByteWriter, welcome: Welcome): void {
  const { limits } = welcome;
  writer.varint(welcome.sessionId);
  writer.f64(welcome.timeoutMs);
  writer.varint(welcome.holder);
  writer.varint(welcome.nextRequest);
  writer.varint(welcome.zxid);
  writer.varint(limits.valueBytesMax);
  writer.varint(limits.frameBytesMax);
  writer.varint(limits.sessionRequestsInFlightMax);
  writer.varint(limits.sessionBytesInFlightMax);
  writer.varint(limits.watchesPerSessionMax);
}

function readWelcome(reader: ByteReader): Welcome {
  const sessionId = reader.varint();
  const timeoutMs = readTimeout(reader);
  const holder = reader.varint();
  const nextRequest = reader.varint();
  const zxid = reader.varint();
  // An object literal's properties are evaluated in their order, which is the order of the format.
  const limits = {
    valueBytesMax: reader.varint(),
    frameBytesMax: reader.varint(),
    sessionRequestsInFlightMax: reader.varint(),
    sessionBytesInFlightMax: reader.varint(),
    watchesPerSessionMax: reader.varint(),
  };
  return { kind: 'welcome', sessionId, timeoutMs, holder, nextRequest, zxid, limits };
}

function writeReadAnswer(writer: ByteWriter, answer: EncodedAnswer): void {
  writer.u8(answerKinds.indexOf(answer.kind));
  switch (answer.kind) {
    case 'barrier':
      return;
    case 'znode':
      writeOptionalZnode(writer, answer.znode);
      return;
    case 'znodes':
      writer.varint(answer.znodes.length);
      for (const znode of answer.znodes) writeOptionalZnode(writer, znode);
      return;
    case 'names':
      writer.varint(answer.names.length);
      for (const name of answer.names) writer.text(name);
      return;
    case 'listing':
      writer.varint(answer.items.length);
      for (const { name, znode } of answer.items) {
        writer.text(name);
        writeZnode(writer, znode);
      }
      return;
    case 'count':
      writer.varint(answer.count);
      return;
    case 'failed':
      encodeFailure(writer, answer);
      return;
    default:
      unreachable(answer);
  }
}

function readReadAnswer(reader: ByteReader): EncodedAnswer {
  const kind = readChoice(reader, 'answer', answerKinds);
  switch (kind) {
    case 'barrier':
      return { kind };
    case 'znode':
      return { kind, znode: readOptionalZnode(reader) };
    case 'znodes':
      return { kind, znodes: readMany(reader, 'znodes', () => readOptionalZnode(reader)) };
    case 'names':
      return { kind, names: readMany(reader, 'names', () => reader.text()) };
    case 'listing': {
      const items = readMany(reader, 'items', () => {
        const name = reader.text();
        return { name, znode: readZnode(reader) };
      });
      return { kind, items };
    }
    case 'count':
      return { kind, count: reader.varint() };
    case 'failed':
      return { kind, ...readFailure(reader) };
    default:
      return unreachable(kind);
  }
}

function writePlaced(writer: ByteWriter, { path, znode }: PlacedZnode): void {
  writer.text(path);
  writeZnode(writer, znode);
}

function readPlaced(reader: ByteReader): PlacedZnode {
  const path = reader.text();
  return { path, znode: readZnode(reader) };
}

function writeChange(writer: ByteWriter, { path, before, after }: EncodedChange): void {
  writer.text(path);
  writeOptionalZnode(writer, before);
  writeOptionalZnode(writer, after);
}

function readChange(reader: ByteReader): EncodedChange {
  const path = reader.text();
  const before = readOptionalZnode(reader);
  const after = readOptionalZnode(reader);
  if (before === undefined && after === undefined) throw protocolError('a change has neither side');
  return { path, before, after };
}

function writeOptionalZnode(writer: ByteWriter, znode: EncodedZnode | undefined): void {
  writeFlag(writer, znode !== undefined);
  if (znode !== undefined) writeZnode(writer, znode);
}

function readOptionalZnode(reader: ByteReader): EncodedZnode | undefined {
  return readFlag(reader, 'znode') ? readZnode(reader) : undefined;
}

function writeZnode(writer: ByteWriter, { stat, value }: EncodedZnode): void {
  encodeStat(writer, stat);
  encodeSource(writer, value);
}

function readZnode(reader: ByteReader): EncodedZnode {
  const stat = decodeStat(reader);
  return { stat, value: reader.view(reader.varint()) };
}

function readFailure(reader: ByteReader): { readonly code: ErrorCode; readonly details: ErrorDetails } {
  const { code, details } = decodeFailure(reader);
  return { code, details };
}
