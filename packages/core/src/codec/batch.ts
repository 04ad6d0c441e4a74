/**
 * A batch: what one session asked in one turn of its event loop, or one command of the ensemble itself.
 * Batches are encoded once, where they are born, and the same bytes go everywhere. Format version 1:
 *
 *   u32 length of the whole batch, u8 version, u8 kind, then
 *   kind 1 (session): u64 sessionId, u64 holder, u64 firstRequest, u64 acknowledgedThrough, u32 count,
 *                     that many commands: u32 length, op
 *   kind 2 (system):  u64 incarnation, u64 ticket, text origin, system op to the end
 *
 * The body of an entry is batches one after the other. A command's length stands outside of it, so one command
 * can be passed over, or made a noop in place, without understanding it.
 */
import { CoordinationError } from '../errors.ts';
import { invariant } from '../invariant.ts';
import { ByteReader, ByteWriter, readU32 } from './bytes.ts';
import type { KnownTexts } from './known-texts.ts';
import { decodeOp, decodeSystemOp, newSetRoom, type SetRoom } from './op-decode.ts';
import { encodeOp, encodeSystemOp, opcodes } from './op-encode.ts';
import type { Op, SystemOp } from './op.ts';

/** Commands of one session with consecutive request numbers, starting at `firstRequest`. */
export interface SessionBatch {
  readonly kind: 'session';
  readonly sessionId: number;
  /** Who holds the session: the ticket of its resumption, so that an earlier holder cannot interfere. */
  readonly holder: number;
  readonly firstRequest: number;
  /** The session has every reply up to this request: replicas may forget them. */
  readonly acknowledgedThrough: number;
  readonly ops: readonly Op[];
}

/** One command of the ensemble; `origin`, `incarnation` and `ticket` let its proposer recognise the answer. */
export interface SystemBatch {
  readonly kind: 'system';
  readonly origin: string;
  readonly incarnation: number;
  readonly ticket: number;
  readonly op: SystemOp;
}

/** Either kind, as the body of an entry holds them. */
export type Batch = SessionBatch | SystemBatch;

/** Numbers of a session's batch that are known only when it is closed. */
export type BatchHeader = Omit<SessionBatch, 'kind' | 'ops'>;

/** Where one batch lies in the body of an entry: from `start` (inclusive) to `end` (exclusive). */
export interface BatchRange {
  readonly start: number;
  readonly end: number;
}

const formatVersion = 1;
const sessionKind = 1;
const systemKind = 2;
const prefixBytes = 6;
const firstRequestAt = prefixBytes + 16;
const countAt = prefixBytes + 32;
const sessionHeaderBytes = countAt + 4;
const commandLengthBytes = 4;
const batchBytesLimit = 0xffff_ffff;

/** Collects the commands of one batch. May be used again after `finish`. */
export class BatchBuilder {
  readonly #writer: ByteWriter = new ByteWriter();
  #count = 0;

  constructor() {
    this.#writer.reserve(sessionHeaderBytes);
  }

  /** Commands so far. */
  get count(): number {
    return this.#count;
  }

  /** Bytes that `finish` would give now. */
  get byteLength(): number {
    return this.#writer.position;
  }

  /** Adds one command. Throws `BAD_ARGUMENTS` for an op that cannot be encoded, and stays as it was then. */
  add(op: Op): void {
    const before = this.#writer.position;
    this.#writer.reserve(commandLengthBytes);
    try {
      encodeOp(this.#writer, op);
    } catch (error) {
      this.#writer.truncate(before);
      throw error;
    }
    this.#writer.patchU32(before, this.#writer.position - before - commandLengthBytes);
    this.#count += 1;
  }

  /** The encoded batch; the builder is empty again afterwards. */
  finish(header: BatchHeader): Uint8Array {
    const writer = this.#writer;
    invariant(writer.position <= batchBytesLimit, 'a batch fits its length field');
    writer.patchU32(0, writer.position);
    writer.patchU8(4, formatVersion);
    writer.patchU8(5, sessionKind);
    writer.patchU64(prefixBytes, header.sessionId);
    writer.patchU64(prefixBytes + 8, header.holder);
    writer.patchU64(firstRequestAt, header.firstRequest);
    writer.patchU64(prefixBytes + 24, header.acknowledgedThrough);
    writer.patchU32(countAt, this.#count);
    const bytes = writer.finish();
    writer.reset();
    writer.reserve(sessionHeaderBytes);
    this.#count = 0;
    return bytes;
  }
}

/** Encodes one command of the ensemble. Throws `BAD_ARGUMENTS` for an op that cannot be encoded. */
export function encodeSystemBatch(batch: SystemBatch): Uint8Array {
  const writer = new ByteWriter();
  writer.reserve(prefixBytes);
  writer.u64(batch.incarnation);
  writer.u64(batch.ticket);
  writer.text(batch.origin);
  encodeSystemOp(writer, batch.op);
  writer.patchU32(0, writer.position);
  writer.patchU8(4, formatVersion);
  writer.patchU8(5, systemKind);
  return writer.finish();
}

/** The commands of a session's batch, decoded one by one as they are asked for. */
export class Commands {
  readonly count: number;
  readonly #reader: ByteReader;
  readonly #room: SetRoom = newSetRoom();

  /** The reader stands before the first command; that the lengths of all of them make sense is known. */
  constructor(reader: ByteReader, count: number) {
    this.#reader = reader;
    this.count = count;
  }

  /** Goes over the next commands without decoding them. */
  pass(count: number): void {
    for (let passed = 0; passed < count; passed += 1) this.#reader.skip(this.#reader.u32());
  }

  /** Decodes the next command, which must be there. The op holds until the next one is asked for. */
  next(): Op {
    const length = this.#reader.u32();
    return decodeOp(this.#reader, this.#reader.position + length, this.#room);
  }

  /** Decodes all commands, to be kept. Instead of {@link next}. */
  all(): Op[] {
    const ops: Op[] = [];
    for (let index = 0; index < this.count; index += 1) {
      const length = this.#reader.u32();
      ops.push(decodeOp(this.#reader, this.#reader.position + length));
    }
    return ops;
  }
}

/** A session's batch that is not decoded yet but for its header. */
export interface OpenedBatch extends BatchHeader {
  readonly kind: 'session';
  readonly commands: Commands;
}

/**
 * Decodes the batch that takes exactly `start` to `end`. Undefined if its header or the lengths of its commands
 * make no sense, or its version is unknown; a command that makes none is an op of kind `invalid`.
 */
export function decodeBatch(bytes: Uint8Array, start: number, end: number): Batch | undefined {
  const batch = openBatch(bytes, { start, end });
  if (batch?.kind !== 'session') return batch;
  const { commands, ...header } = batch;
  return { ...header, ops: commands.all() };
}

/** As {@link decodeBatch}, but each command of a session is decoded only when it is asked for. */
export function openBatch(
  bytes: Uint8Array,
  { start, end }: BatchRange,
  texts?: KnownTexts,
): OpenedBatch | SystemBatch | undefined {
  if (end - start < prefixBytes || readU32(bytes, start) !== end - start) return undefined;
  if (bytes[start + 4] !== formatVersion) return undefined;
  const reader = new ByteReader(bytes, start + prefixBytes, end, texts);
  try {
    switch (bytes[start + 5] ?? 0) {
      case sessionKind:
        return openSessionBatch(reader);
      case systemKind:
        return decodeSystemBatch(reader);
      default:
        return undefined;
    }
  } catch (error) {
    if (error instanceof CoordinationError) return undefined;
    throw error;
  }
}

/**
 * Where the paths of a session's batch lie: from `starts[n]` to `ends[n]`, of the commands that begin with one, as
 * long as the arrays have room. Returns how many. For hints only: it believes what it reads, within bounds.
 */
export function findPaths(
  bytes: Uint8Array,
  range: BatchRange,
  { starts, ends }: { readonly starts: Int32Array; readonly ends: Int32Array },
): number {
  if (bytes[range.start + 5] !== sessionKind) return 0;
  let count = 0;
  let at = range.start + sessionHeaderBytes;
  while (count < starts.length && at + commandLengthBytes + 2 < range.end) {
    const command = at + commandLengthBytes;
    const pathAt = command + 2;
    // A path of 128 bytes has a longer length, and is no common one.
    const length = bytes[command + 1] ?? 0;
    const isPath = bytes[command] !== opcodes.multi && length < 0x80 && pathAt + length <= range.end;
    if (isPath) {
      starts[count] = pathAt;
      ends[count] = pathAt + length;
      count += 1;
    }
    at = command + readU32(bytes, at);
  }
  return count;
}

/** Whether the batch that begins here holds a command of the ensemble itself; nothing else of it is read. */
export function isSystemBatch(bytes: Uint8Array, start: number): boolean {
  return bytes[start + 5] === systemKind;
}

/**
 * The header of a session's batch that takes all of `bytes`, and how many commands follow. Undefined for anything
 * else, so that nothing but one batch of one session passes; whether its commands make sense is judged by apply.
 */
export function readBatchHeader(bytes: Uint8Array): (BatchHeader & { readonly count: number }) | undefined {
  if (bytes.length < sessionHeaderBytes || readU32(bytes, 0) !== bytes.length) return undefined;
  if (bytes[4] !== formatVersion || bytes[5] !== sessionKind) return undefined;
  try {
    return readHeader(new ByteReader(bytes, prefixBytes));
  } catch (error) {
    if (error instanceof CoordinationError) return undefined;
    throw error;
  }
}

/**
 * Turns the command with this request number into a noop, in place: its opcode becomes 0, and a noop ignores
 * the rest of its bytes. The batch must be one that this library built and that nobody was handed yet.
 */
export function giveUpRequest(batchBytes: Uint8Array, request: number): void {
  const reader = new ByteReader(batchBytes, firstRequestAt);
  const index = request - reader.u64();
  reader.seek(countAt);
  const count = reader.u32();
  invariant(index >= 0 && index < count, 'the request is one of the batch');
  for (let skipped = 0; skipped < index; skipped += 1) reader.skip(reader.u32());
  invariant(reader.u32() > 0, 'a command has an opcode');
  batchBytes[reader.position] = opcodes.noop;
}

/** The body of an entry. A single batch is its own body: it is not copied. */
export function joinBatches(batches: readonly Uint8Array[]): Uint8Array {
  const [only] = batches;
  if (only !== undefined && batches.length === 1) return only;
  let length = 0;
  for (const batch of batches) length += batch.length;
  const body = new Uint8Array(length);
  let position = 0;
  for (const batch of batches) {
    body.set(batch, position);
    position += batch.length;
  }
  return body;
}

/** Where the batches of a body lie. Never throws: from the first length that cannot be on, the rest is ignored. */
export function splitBatches(body: Uint8Array): readonly BatchRange[] {
  const ranges: BatchRange[] = [];
  let start = 0;
  while (body.length - start >= prefixBytes) {
    const length = readU32(body, start);
    if (length < prefixBytes || length > body.length - start) break;
    ranges.push({ start, end: start + length });
    start += length;
  }
  return ranges;
}

/** Leaves the reader behind all commands; undefined, or a PROTOCOL error, if their lengths make no sense. */
function readHeader(reader: ByteReader): (BatchHeader & { readonly count: number }) | undefined {
  // An object literal's properties are evaluated in their order, which is the order of the format.
  const header = {
    sessionId: reader.u64(),
    holder: reader.u64(),
    firstRequest: reader.u64(),
    acknowledgedThrough: reader.u64(),
    count: reader.u32(),
  };
  for (let index = 0; index < header.count; index += 1) reader.skip(reader.u32());
  if (reader.remaining > 0 || !Number.isSafeInteger(header.firstRequest + header.count)) return undefined;
  return header;
}

function openSessionBatch(reader: ByteReader): OpenedBatch | undefined {
  const start = reader.position;
  const header = readHeader(reader);
  if (header === undefined) return undefined;
  reader.seek(start + sessionHeaderBytes - prefixBytes);
  const { sessionId, holder, firstRequest, acknowledgedThrough, count } = header;
  const commands = new Commands(reader, count);
  return { kind: 'session', sessionId, holder, firstRequest, acknowledgedThrough, commands };
}

function decodeSystemBatch(reader: ByteReader): SystemBatch {
  const incarnation = reader.u64();
  const ticket = reader.u64();
  const origin = reader.text();
  return { kind: 'system', origin, incarnation, ticket, op: decodeSystemOp(reader, reader.end) };
}
