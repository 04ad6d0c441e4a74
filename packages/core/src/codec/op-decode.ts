/**
 * Bytes to ops; the tables are in op-encode.ts. Total: whatever the bytes are, the answer is an op, `invalid`
 * with a reason if they make none, so that apply answers BAD_ARGUMENTS on every replica alike. Values and
 * patches stay views into the source: that they are canonical is checked by the op that stores them.
 */
import { CoordinationError } from '../errors.ts';
import { type EnsembleLimits, pathBytesMax } from '../limits.ts';
import type { ByteReader } from './bytes.ts';
import {
  createKinds,
  createParents,
  limitNames,
  opcodes,
  secretHashBytes,
  systemOpcodes,
} from './op-encode.ts';
import type { CreateOp, IncrementOp, InvalidOp, MultiOp, Op, SetOp, SingleOp, SystemOp } from './op.ts';
import type { ValueSource } from './value.ts';

const opcodeBytes = 1;
/** Opcode, path and version of the shortest op that may stand in a multi. */
const singleOpBytesMin = 3;

/** Room for one op of the kind that is most frequent. Whoever decodes ops one by one needs no new object for each. */
export type SetRoom = Mutable<Omit<SetOp, 'value'>> & { readonly value: Mutable<ValueSource> };

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const nowhere = new Uint8Array(0);

export function newSetRoom(): SetRoom {
  return { kind: 'set', path: '', value: { source: nowhere, start: 0, end: 0 }, version: 0, create: false };
}

/**
 * Decodes the op from the reader's position to `end`, all of it, and leaves the reader at `end`, which must
 * not lie before its position or beyond its range. With a `room`, the op may be what is there: it holds until the room
 * is used again.
 */
export function decodeOp(reader: ByteReader, end: number, room?: SetRoom): Op {
  let op: Op;
  try {
    op = readOp(reader, end, room);
  } catch (error) {
    op = invalidOp(error);
  }
  // A field may have been read from the next command's bytes: the position tells.
  if (reader.position !== end && op.kind !== 'noop' && op.kind !== 'invalid') {
    op = { kind: 'invalid', reason: 'the op does not end where its command does' };
  }
  reader.seek(end);
  return op;
}

/** Decodes the system op from the reader's position to `end`, as {@link decodeOp} does. */
export function decodeSystemOp(reader: ByteReader, end: number): SystemOp {
  let op: SystemOp;
  try {
    op = readSystemOp(reader);
  } catch (error) {
    op = invalidOp(error);
  }
  if (reader.position !== end && op.kind !== 'invalid') {
    op = { kind: 'invalid', reason: 'the op does not end where its command does' };
  }
  reader.seek(end);
  return op;
}

function invalidOp(error: unknown): InvalidOp {
  if (!(error instanceof CoordinationError)) throw error;
  return { kind: 'invalid', reason: error.details.reason ?? error.message };
}

function readOp(reader: ByteReader, end: number, room: SetRoom | undefined): Op {
  if (reader.position >= end) throw broken('the command is empty');
  const opcode = reader.u8();
  // Nearly all that is written: it has a short way of its own.
  return opcode === opcodes.set ? readSet(reader, room ?? newSetRoom()) : readOtherOp(reader, opcode, end);
}

function readOtherOp(reader: ByteReader, opcode: number, end: number): Op {
  switch (opcode) {
    case opcodes.noop:
      return { kind: 'noop' };
    case opcodes.close:
      return { kind: 'close' };
    case opcodes.multi:
      return readMulti(reader, end);
    default:
      return readSingleOp(reader, opcode);
  }
}

function readMulti(reader: ByteReader, end: number): MultiOp {
  const start = reader.position - opcodeBytes;
  const count = reader.varint();
  if (count > (end - reader.position) / singleOpBytesMin) throw broken('a multi has fewer ops than it says');
  const ops: SingleOp[] = [];
  for (let index = 0; index < count; index += 1) ops.push(readSingleOp(reader, reader.u8()));
  return { kind: 'multi', ops, byteCount: end - start };
}

function readSingleOp(reader: ByteReader, opcode: number): SingleOp {
  switch (opcode) {
    case opcodes.check:
      return { kind: 'check', path: readPath(reader), version: reader.varint() - 1 };
    case opcodes.create:
      return readCreate(reader);
    case opcodes.set:
      return readSet(reader, newSetRoom());
    case opcodes.delete: {
      const path = readPath(reader);
      const flags = readFlags(reader, 3);
      const version = reader.varint() - 1;
      return { kind: 'delete', path, version, recursive: (flags & 1) !== 0, ifExists: (flags & 2) !== 0 };
    }
    case opcodes.compare: {
      const path = readPath(reader);
      const expected = readSource(reader);
      return { kind: 'compare', path, expected, value: readSource(reader) };
    }
    case opcodes.increment:
      return readIncrement(reader);
    case opcodes.patch: {
      const path = readPath(reader);
      const mzxid = reader.varint();
      return { kind: 'patch', path, mzxid, patches: readSource(reader) };
    }
    default:
      throw broken(`opcode ${opcode} is unknown here`);
  }
}

function readSet(reader: ByteReader, room: SetRoom): SetOp {
  room.path = readPath(reader);
  room.create = readFlags(reader, 1) === 1;
  room.version = reader.varint() - 1;
  const length = reader.varint();
  const start = reader.skip(length);
  room.value.source = reader.source;
  room.value.start = start;
  room.value.end = start + length;
  return room;
}

function readCreate(reader: ByteReader): CreateOp {
  const path = readPath(reader);
  const flags = readFlags(reader, 63);
  const createKind = createKinds[flags & 3];
  const parents = createParents[(flags >> 3) & 3];
  if (createKind === undefined || parents === undefined) throw broken('a flag is unknown');
  const ttlMs = createKind === 'ttl' ? reader.varint() : 0;
  return {
    kind: 'create',
    path,
    value: readSource(reader),
    createKind,
    sequential: (flags & 4) !== 0,
    ttlMs,
    parents,
    ifAbsent: (flags & 32) !== 0,
  };
}

function readIncrement(reader: ByteReader): IncrementOp {
  const path = readPath(reader);
  const flags = readFlags(reader, 7);
  const create = (flags & 1) !== 0;
  const negative = (flags & 4) !== 0;
  if ((flags & 2) !== 0) {
    if (negative) throw broken('a flag is unknown');
    return { kind: 'increment', path, by: reader.i64(), create };
  }
  const magnitude = reader.varint();
  if (negative && magnitude === 0) throw broken('zero has no sign');
  return { kind: 'increment', path, by: negative ? -magnitude : magnitude, create };
}

function readSystemOp(reader: ByteReader): SystemOp {
  const opcode = reader.u8();
  switch (opcode) {
    case systemOpcodes.configure:
      return { kind: 'configure', limits: readLimits(reader) };
    case systemOpcodes['open-session']: {
      const secretHash = reader.bytes(secretHashBytes);
      return { kind: 'open-session', secretHash, timeoutMs: readAmount(reader) };
    }
    case systemOpcodes['resume-session']: {
      const sessionId = reader.varint();
      const secretHash = reader.bytes(secretHashBytes);
      return { kind: 'resume-session', sessionId, secretHash, heldBy: reader.varint() };
    }
    case systemOpcodes['expire-session']: {
      const sessionId = reader.varint();
      return { kind: 'expire-session', sessionId, lastRequest: reader.varint() };
    }
    case systemOpcodes['end-session']:
      return { kind: 'end-session', sessionId: reader.varint() };
    case systemOpcodes['reap-container']: {
      const path = readPath(reader);
      return { kind: 'reap-container', path, pzxid: reader.varint() };
    }
    case systemOpcodes['reap-ttl']: {
      const path = readPath(reader);
      return { kind: 'reap-ttl', path, mzxid: reader.varint() };
    }
    default:
      throw broken(`system opcode ${opcode} is unknown`);
  }
}

function readLimits(reader: ByteReader): EnsembleLimits {
  if (reader.u8() !== limitNames.length) throw broken('the number of limits is another');
  const limits: Partial<Record<keyof EnsembleLimits, number>> = {};
  for (const name of limitNames) limits[name] = readAmount(reader);
  // Complete because limitNames is: the round trip of a limits object in the tests holds the two together.
  return limits as EnsembleLimits;
}

function readAmount(reader: ByteReader): number {
  const amount = reader.f64();
  // -0 has another form than 0 and is refused like NaN and whatever is below.
  if (!(amount >= 0) || Object.is(amount, -0)) throw broken('an amount is not a number of at least 0');
  return amount;
}

function readPath(reader: ByteReader): string {
  return reader.text(pathBytesMax);
}

function readFlags(reader: ByteReader, known: number): number {
  const flags = reader.u8();
  if ((flags & ~known) !== 0) throw broken('a flag is unknown');
  return flags;
}

function readSource(reader: ByteReader): ValueSource {
  return reader.view(reader.varint());
}

function broken(reason: string): CoordinationError {
  return new CoordinationError('PROTOCOL', { details: { reason } });
}
