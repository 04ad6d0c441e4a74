/**
 * Ops to bytes, format version 1. An op is its opcode and its fields; a path is a text, a value its varint
 * length and its encoded bytes, a version is written as varint of version + 1 so that "any" (-1) is 0.
 *
 *   0 noop       whatever follows is ignored, so that any command can be made one in place
 *   1 check      path, version
 *   2 create     path, flags (bits 0-1 kind: persistent, ephemeral, container, ttl; bit 2 sequential;
 *                bits 3-4 parents: none, persistent, container; bit 5 ifAbsent), with kind ttl: varint ttlMs, value
 *   3 set        path, flags (bit 0 create), version, value
 *   4 delete     path, flags (bit 0 recursive, bit 1 ifExists), version
 *   5 compare    path, expected, value
 *   6 increment  path, flags (bit 0 create, bit 1 bigint, bit 2 negative), bigint: 8 bytes two's complement,
 *                number: varint of its magnitude
 *   7 patch      path, varint mzxid, patches
 *   8 multi      varint count, that many ops from 1 to 7
 *   9 close
 *
 * System ops, a table of their own:
 *
 *   1 configure       count of limits (12), each float64, in the order of `limitNames`
 *   2 open-session    32 bytes secretHash, float64 timeoutMs
 *   3 resume-session  varint sessionId, 32 bytes secretHash, varint heldBy
 *   4 expire-session  varint sessionId, varint lastRequest
 *   5 end-session     varint sessionId
 *   6 reap-container  path, varint pzxid
 *   7 reap-ttl        path, varint mzxid
 *
 * Flag bits not named are zero. A change here is a new format version.
 */
import { CoordinationError } from '../errors.ts';
import { invariant, unreachable } from '../invariant.ts';
import type { EnsembleLimits } from '../limits.ts';
import type { ByteWriter } from './bytes.ts';
import type { CreateKind, CreateOp, IncrementOp, MultiOp, Op, SystemOp } from './op.ts';
import type { ValueSource } from './value.ts';

export const opcodes = {
  noop: 0,
  check: 1,
  create: 2,
  set: 3,
  delete: 4,
  compare: 5,
  increment: 6,
  patch: 7,
  multi: 8,
  close: 9,
} as const;

export const systemOpcodes = {
  configure: 1,
  'open-session': 2,
  'resume-session': 3,
  'expire-session': 4,
  'end-session': 5,
  'reap-container': 6,
  'reap-ttl': 7,
} as const;

export const createKinds: readonly CreateKind[] = ['persistent', 'ephemeral', 'container', 'ttl'];
export const createParents: readonly CreateOp['parents'][] = ['none', 'persistent', 'container'];

/** The order of the limits in a `configure`. */
export const limitNames: readonly (keyof EnsembleLimits)[] = [
  'valueBytesMax',
  'multiOperationsMax',
  'multiBytesMax',
  'recursiveDeleteMax',
  'ephemeralsPerSessionMax',
  'sessionsMax',
  'repliesPerSessionMax',
  'historyChangesMax',
  'historyBytesMax',
  'sessionTimeoutMsMin',
  'sessionTimeoutMsMax',
  'containerGraceMs',
];

/** SHA-256. */
export const secretHashBytes = 32;

/**
 * Writes one op. Throws `BAD_ARGUMENTS` for what the format cannot hold (a lone surrogate in a path, a number
 * out of range); part of the op may have been written then.
 */
export function encodeOp(writer: ByteWriter, op: Op): void {
  switch (op.kind) {
    case 'noop':
    case 'close':
      writer.u8(opcodes[op.kind]);
      return;
    case 'check':
      writer.u8(opcodes.check);
      writer.text(op.path);
      encodeVersion(writer, op.version);
      return;
    case 'create':
      encodeCreate(writer, op);
      return;
    case 'set':
      writer.u8(opcodes.set);
      writer.text(op.path);
      writer.u8(op.create ? 1 : 0);
      encodeVersion(writer, op.version);
      encodeSource(writer, op.value);
      return;
    case 'delete':
      writer.u8(opcodes.delete);
      writer.text(op.path);
      writer.u8((op.recursive ? 1 : 0) | (op.ifExists ? 2 : 0));
      encodeVersion(writer, op.version);
      return;
    case 'compare':
      writer.u8(opcodes.compare);
      writer.text(op.path);
      encodeSource(writer, op.expected);
      encodeSource(writer, op.value);
      return;
    case 'increment':
      encodeIncrement(writer, op);
      return;
    case 'patch':
      writer.u8(opcodes.patch);
      writer.text(op.path);
      encodeCount(writer, op.mzxid, 'mzxid');
      encodeSource(writer, op.patches);
      return;
    case 'multi':
      encodeMulti(writer, op);
      return;
    case 'invalid':
      invariant(false, 'an op that was never valid is not encoded');
      return;
    default:
      unreachable(op);
  }
}

/** Writes one system op. Throws `BAD_ARGUMENTS` as {@link encodeOp} does. */
export function encodeSystemOp(writer: ByteWriter, op: SystemOp): void {
  invariant(op.kind !== 'invalid', 'an op that was never valid is not encoded');
  writer.u8(systemOpcodes[op.kind]);
  switch (op.kind) {
    case 'configure':
      writer.u8(limitNames.length);
      for (const name of limitNames) writer.f64(checkedAmount(op.limits[name], name));
      return;
    case 'open-session':
      encodeSecretHash(writer, op.secretHash);
      writer.f64(checkedAmount(op.timeoutMs, 'timeoutMs'));
      return;
    case 'resume-session':
      encodeCount(writer, op.sessionId, 'sessionId');
      encodeSecretHash(writer, op.secretHash);
      encodeCount(writer, op.heldBy, 'heldBy');
      return;
    case 'expire-session':
      encodeCount(writer, op.sessionId, 'sessionId');
      encodeCount(writer, op.lastRequest, 'lastRequest');
      return;
    case 'end-session':
      encodeCount(writer, op.sessionId, 'sessionId');
      return;
    case 'reap-container':
      writer.text(op.path);
      encodeCount(writer, op.pzxid, 'pzxid');
      return;
    case 'reap-ttl':
      writer.text(op.path);
      encodeCount(writer, op.mzxid, 'mzxid');
      return;
    default:
      unreachable(op);
  }
}

function encodeCreate(writer: ByteWriter, op: CreateOp): void {
  const flags =
    createKinds.indexOf(op.createKind) |
    (op.sequential ? 4 : 0) |
    (createParents.indexOf(op.parents) << 3) |
    (op.ifAbsent ? 32 : 0);
  writer.u8(opcodes.create);
  writer.text(op.path);
  writer.u8(flags);
  if (op.createKind === 'ttl') {
    encodeCount(writer, op.ttlMs, 'ttlMs');
  } else if (op.ttlMs !== 0) {
    throw badArgument('ttlMs', 'only a znode of kind ttl has one');
  }
  encodeSource(writer, op.value);
}

function encodeIncrement(writer: ByteWriter, op: IncrementOp): void {
  writer.u8(opcodes.increment);
  writer.text(op.path);
  const create = op.create ? 1 : 0;
  if (typeof op.by === 'bigint') {
    if (BigInt.asIntN(64, op.by) !== op.by) throw badArgument('by', 'it does not fit 64 bits');
    writer.u8(create | 2);
    writer.i64(op.by);
  } else {
    writer.u8(create | (op.by < 0 ? 4 : 0));
    encodeCount(writer, Math.abs(op.by), 'by');
  }
}

function encodeMulti(writer: ByteWriter, op: MultiOp): void {
  writer.u8(opcodes.multi);
  writer.varint(op.ops.length);
  for (const single of op.ops) encodeOp(writer, single);
}

function encodeSource(writer: ByteWriter, value: ValueSource): void {
  writer.varint(value.end - value.start);
  writer.range(value);
}

function encodeVersion(writer: ByteWriter, version: number): void {
  encodeCount(writer, version + 1, 'version');
}

function encodeCount(writer: ByteWriter, count: number, argument: string): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw badArgument(argument, 'it is no safe integer, or below the lowest that is allowed');
  }
  writer.varint(count);
}

function encodeSecretHash(writer: ByteWriter, hash: Uint8Array): void {
  if (hash.length !== secretHashBytes) throw badArgument('secretHash', 'it is not 32 bytes long');
  writer.bytes(hash);
}

function checkedAmount(amount: number, argument: string): number {
  if (!(amount >= 0)) throw badArgument(argument, 'it is not a number of at least 0');
  // Adding 0 turns -0 into 0.
  return amount + 0;
}

function badArgument(argument: string, reason: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENTS', { details: { argument, reason } });
}
