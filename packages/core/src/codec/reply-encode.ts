/**
 * Replies to bytes and back, format version 1: for snapshots and for the wire. A reply is its zxid (varint), the
 * kind of its result (one byte) and the fields below. Numbers that count are varints; times and whatever may be
 * a fraction, infinite or negative are float64. Decoding copies: a reply keeps no foreign bytes alive.
 *
 *   0 none
 *   1 stat      stat
 *   2 created   path, stat, u8 created
 *   3 compared  u8 swapped, value, stat
 *   4 number    u8 isBigint, 8 bytes two's complement or float64, stat
 *   5 patched   value, stat
 *   6 multi     varint count, that many results (kind and fields) that are no multi
 *   7 session   varint sessionId, float64 timeoutMs, varint holder, varint nextRequest
 *   8 error     u8 code (errorCodes), varint mask of the details present (detailNames), those details
 *
 * A stat is its fields in the order of StatFields; a value its varint length and its encoded bytes.
 */
import { CoordinationError, type ErrorCode, type ErrorDetails } from '../errors.ts';
import { invariant, unreachable } from '../invariant.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';
import type { OpError, OpResult, Reply } from './reply.ts';
import type { StatFields } from './stat.ts';
import type { ValueSource } from './value.ts';
import { sourceOf } from './value-source.ts';

type ResultKind = OpResult['kind'] | OpError['kind'];

const kindCodes: Readonly<Record<ResultKind, number>> = {
  none: 0,
  stat: 1,
  created: 2,
  compared: 3,
  number: 4,
  patched: 5,
  multi: 6,
  session: 7,
  error: 8,
};

/** Numbers of the error codes in the format: never changed, only added to. */
const errorNumbers: Readonly<Record<ErrorCode, number>> = {
  BAD_ARGUMENTS: 0,
  NO_NODE: 1,
  NODE_EXISTS: 2,
  NOT_EMPTY: 3,
  BAD_VERSION: 4,
  COMPARE_FAILED: 5,
  NOT_A_NUMBER: 6,
  OVERFLOW: 7,
  NO_CHILDREN_FOR_EPHEMERALS: 8,
  PATCH_FAILED: 9,
  LIMIT_EXCEEDED: 10,
  QUOTA_EXCEEDED: 11,
  NO_AUTH: 12,
  AUTH_FAILED: 13,
  SESSION_EXPIRED: 14,
  SESSION_CLOSED: 15,
  PEER_CLOSED: 16,
  OPERATION_TIMEOUT: 17,
  UNAVAILABLE: 18,
  NOT_FULLY_REPLICATED: 19,
  OVERLOADED: 20,
  COMPACTED: 21,
  WATCH_OVERFLOW: 22,
  UNSUPPORTED_VERSION: 23,
  CORRUPTED: 24,
  STORAGE_FAILED: 25,
  PROTOCOL: 26,
  FATAL: 27,
  STORAGE_FULL: 28,
};

const errorCodes: ReadonlyMap<number, ErrorCode> = new Map(
  Object.entries(errorNumbers).map(([code, number]) => [number, code as ErrorCode]),
);

/** Bit positions in the mask of details: never changed, only added to. */
const detailTypes: Readonly<Record<keyof ErrorDetails, 'text' | 'number'>> = {
  path: 'text',
  reason: 'text',
  argument: 'text',
  index: 'number',
  expected: 'number',
  actual: 'number',
  limit: 'text',
  limitValue: 'number',
  measured: 'number',
  oldestZxid: 'number',
  deadlineMs: 'number',
};

const detailNames = Object.keys(detailTypes) as readonly (keyof ErrorDetails)[];

/** Writes one reply. */
export function encodeReply(writer: ByteWriter, reply: Reply): void {
  writer.varint(reply.zxid);
  encodeResult(writer, reply.result);
}

/** Reads one reply, and leaves the reader after it. Throws `PROTOCOL` for bytes that are none. */
export function decodeReply(reader: ByteReader): Reply {
  return { zxid: reader.varint(), result: decodeResult(reader) };
}

function encodeResult(writer: ByteWriter, result: OpResult | OpError): void {
  writer.u8(kindCodes[result.kind]);
  switch (result.kind) {
    case 'none':
      return;
    case 'stat':
      encodeStat(writer, result.stat);
      return;
    case 'created':
      writer.text(result.path);
      encodeStat(writer, result.stat);
      writer.u8(result.created ? 1 : 0);
      return;
    case 'compared':
      writer.u8(result.swapped ? 1 : 0);
      encodeSource(writer, result.previous);
      encodeStat(writer, result.stat);
      return;
    case 'number':
      if (typeof result.value === 'bigint') {
        writer.u8(1);
        writer.i64(result.value);
      } else {
        writer.u8(0);
        writer.f64(result.value);
      }
      encodeStat(writer, result.stat);
      return;
    case 'patched':
      encodeSource(writer, result.value);
      encodeStat(writer, result.stat);
      return;
    case 'multi':
      writer.varint(result.results.length);
      for (const single of result.results) {
        invariant(single.kind !== 'multi', 'a multi has no multi inside');
        encodeResult(writer, single);
      }
      return;
    case 'session':
      writer.varint(result.sessionId);
      writer.f64(result.timeoutMs);
      writer.varint(result.holder);
      writer.varint(result.nextRequest);
      return;
    case 'error':
      encodeFailure(writer, result);
      return;
    default:
      unreachable(result);
  }
}

function decodeResult(reader: ByteReader): OpResult | OpError {
  const kind = reader.u8();
  if (kind === kindCodes.error) return decodeFailure(reader);
  if (kind !== kindCodes.multi) return decodeSingleResult(reader, kind);
  const count = reader.varint();
  if (count > reader.remaining) throw broken('a multi has fewer results than it says');
  const results: OpResult[] = [];
  for (let index = 0; index < count; index += 1) results.push(decodeSingleResult(reader, reader.u8()));
  return { kind: 'multi', results };
}

function decodeSingleResult(reader: ByteReader, kind: number): OpResult {
  switch (kind) {
    case kindCodes.none:
      return { kind: 'none' };
    case kindCodes.stat:
      return { kind: 'stat', stat: decodeStat(reader) };
    case kindCodes.created: {
      const path = reader.text();
      const stat = decodeStat(reader);
      return { kind: 'created', path, stat, created: decodeFlag(reader) };
    }
    case kindCodes.compared: {
      const swapped = decodeFlag(reader);
      const previous = decodeSource(reader);
      return { kind: 'compared', swapped, previous, stat: decodeStat(reader) };
    }
    case kindCodes.number: {
      const value = decodeFlag(reader) ? reader.i64() : reader.f64();
      return { kind: 'number', value, stat: decodeStat(reader) };
    }
    case kindCodes.patched: {
      const value = decodeSource(reader);
      return { kind: 'patched', value, stat: decodeStat(reader) };
    }
    case kindCodes.session: {
      const sessionId = reader.varint();
      const timeoutMs = reader.f64();
      const holder = reader.varint();
      return { kind: 'session', sessionId, timeoutMs, holder, nextRequest: reader.varint() };
    }
    default:
      throw broken(`result kind ${kind} is unknown here`);
  }
}

/** Code and details of a failure. */
export function encodeFailure(writer: ByteWriter, error: Pick<OpError, 'code' | 'details'>): void {
  writer.u8(errorNumbers[error.code]);
  let mask = 0;
  for (const [bit, name] of detailNames.entries()) {
    if (error.details[name] !== undefined) mask |= 1 << bit;
  }
  writer.varint(mask);
  for (const name of detailNames) {
    const detail = error.details[name];
    if (typeof detail === 'string') writer.text(detail);
    if (typeof detail === 'number') writer.f64(detail);
  }
}

export function decodeFailure(reader: ByteReader): OpError {
  const code = errorCodes.get(reader.u8());
  if (code === undefined) throw broken('an error code is unknown');
  const mask = reader.varint();
  if (mask >= 1 << detailNames.length) throw broken('an error detail is unknown');
  const details: Partial<Record<keyof ErrorDetails, string | number>> = {};
  for (const [bit, name] of detailNames.entries()) {
    if ((mask & (1 << bit)) === 0) continue;
    details[name] = detailTypes[name] === 'text' ? reader.text() : reader.f64();
  }
  // detailTypes says of each name what ErrorDetails says.
  return { kind: 'error', code, details: details as ErrorDetails };
}

export function encodeStat(writer: ByteWriter, stat: StatFields): void {
  writer.varint(stat.czxid);
  writer.varint(stat.mzxid);
  writer.varint(stat.pzxid);
  writer.f64(stat.ctime);
  writer.f64(stat.mtime);
  writer.varint(stat.version);
  writer.varint(stat.cversion);
  writer.varint(stat.aversion);
  writer.varint(stat.owner);
  writer.varint(stat.dataLength);
  writer.varint(stat.childrenCount);
}

export function decodeStat(reader: ByteReader): StatFields {
  // An object literal's properties are evaluated in their order, which is the order of the format.
  return {
    czxid: reader.varint(),
    mzxid: reader.varint(),
    pzxid: reader.varint(),
    ctime: reader.f64(),
    mtime: reader.f64(),
    version: reader.varint(),
    cversion: reader.varint(),
    aversion: reader.varint(),
    owner: reader.varint(),
    dataLength: reader.varint(),
    childrenCount: reader.varint(),
  };
}

export function encodeSource(writer: ByteWriter, value: ValueSource): void {
  writer.varint(value.end - value.start);
  writer.range(value);
}

function decodeSource(reader: ByteReader): ValueSource {
  return sourceOf(reader.bytes(reader.varint()));
}

function decodeFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw broken('a flag is neither 0 nor 1');
  return flag === 1;
}

function broken(reason: string): CoordinationError {
  return new CoordinationError('PROTOCOL', { details: { reason } });
}
