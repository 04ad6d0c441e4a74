/**
 * Primitive reads and writes that every format here is made of. Fixed-width integers are big-endian. A varint
 * is LEB128 for safe integers: seven bits a byte, lowest first, at most eight bytes, no longer than needed, so
 * that one number has one form. A text is a varint byte length and UTF-8.
 *
 * A writer owns one growing buffer; `finish` copies, so a result never changes under its holder. A reader never
 * leaves its range: whatever would is a CoordinationError `PROTOCOL` that says what is wrong.
 */
import { CoordinationError } from '../errors.ts';
import { invariant } from '../invariant.ts';
import { decodeText, textByteLength, writeAscii, writeText } from './text.ts';
import type { KnownTexts } from './known-texts.ts';
import type { ValueSource } from './value.ts';

const initialBytes = 1_024;
/** A buffer that grew beyond this for one large value is not kept for the small ones after it. */
const keptBytesMax = 1_048_576;
const varintBytesMax = 8;
const wordSize = 0x1_0000_0000;
/** High word of the largest safe integer: 2^53-1 has 21 bits above the low 32. */
const highWordMax = 0x1f_ffff;

/** Writes into one growing buffer. Arguments out of range are the caller's bug, except for texts (see `text`). */
export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(initialBytes);
  #position = 0;
  /** Over `#bytes`; made when first needed, because making one costs more than all the rest of a small write. */
  #wide: DataView | undefined;

  /** How much has been written. */
  get position(): number {
    return this.#position;
  }

  u8(value: number): void {
    if (this.#position === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#position++] = value;
  }

  u32(value: number): void {
    this.patchU32(this.reserve(4), value);
  }

  /** A safe integer of at least 0 in eight bytes. */
  u64(value: number): void {
    this.patchU64(this.reserve(8), value);
  }

  f64(value: number): void {
    const at = this.reserve(8);
    this.#view().setFloat64(at, value);
  }

  /** Two's complement, eight bytes. */
  i64(value: bigint): void {
    invariant(BigInt.asIntN(64, value) === value, 'only 64-bit integers are written');
    const at = this.reserve(8);
    this.#view().setBigInt64(at, value);
  }

  /** A safe integer of at least 0. */
  varint(value: number): void {
    invariant(Number.isSafeInteger(value) && value >= 0, 'only safe integers are written');
    if (this.#position + varintBytesMax > this.#bytes.length) this.#grow(varintBytesMax);
    const bytes = this.#bytes;
    let rest = value;
    // Bit operations see 32 bits only, so the high part goes by division.
    while (rest > 0x7fff_ffff) {
      bytes[this.#position++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest > 0x7f) {
      bytes[this.#position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[this.#position++] = rest;
  }

  /** Varint length and UTF-8. Throws `BAD_ARGUMENTS` for a lone surrogate, and then has written nothing. */
  text(value: string): void {
    const before = this.#position;
    const length = value.length;
    this.varint(length);
    if (this.#position + length > this.#bytes.length) this.#grow(length);
    if (writeAscii(value, this.#bytes, this.#position)) {
      this.#position += length;
      return;
    }
    this.#position = before;
    const byteLength = textByteLength(value);
    if (byteLength < 0) {
      throw new CoordinationError('BAD_ARGUMENTS', { details: { reason: 'the text has a lone surrogate' } });
    }
    this.varint(byteLength);
    const at = this.reserve(byteLength);
    writeText(value, this.#bytes, at);
  }

  /** The bytes as they are, without a length. */
  bytes(value: Uint8Array): void {
    const at = this.reserve(value.length);
    this.#bytes.set(value, at);
  }

  /** A part of `source` as it is, without a length. The range must lie inside. */
  range(source: ValueSource): void {
    invariant(
      source.start >= 0 && source.start <= source.end && source.end <= source.source.length,
      'range inside',
    );
    const length = source.end - source.start;
    const at = this.reserve(length);
    if (length === source.source.length) {
      this.#bytes.set(source.source, at);
    } else if (length < 16) {
      // So few bytes cost less than a view of them (Node 20: 47 ns).
      for (let index = 0; index < length; index += 1) {
        this.#bytes[at + index] = source.source[source.start + index] ?? 0;
      }
    } else {
      this.#bytes.set(source.source.subarray(source.start, source.end), at);
    }
  }

  /** Leaves `length` bytes to be patched later and returns where they are. Their content is arbitrary. */
  reserve(length: number): number {
    const at = this.#position;
    if (at + length > this.#bytes.length) this.#grow(length);
    this.#position = at + length;
    return at;
  }

  patchU8(at: number, value: number): void {
    invariant(at >= 0 && at < this.#position, 'patched bytes are reserved');
    this.#bytes[at] = value;
  }

  patchU32(at: number, value: number): void {
    invariant(at >= 0 && at + 4 <= this.#position, 'patched bytes are reserved');
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = (value >>> 16) & 0xff;
    bytes[at + 2] = (value >>> 8) & 0xff;
    bytes[at + 3] = value & 0xff;
  }

  /** A safe integer of at least 0. */
  patchU64(at: number, value: number): void {
    invariant(Number.isSafeInteger(value) && value >= 0, 'only safe integers are written');
    this.patchU32(at, Math.floor(value / wordSize));
    this.patchU32(at + 4, value % wordSize);
  }

  /** Forgets everything after `position`. */
  truncate(position: number): void {
    invariant(position >= 0 && position <= this.#position, 'truncation only goes back');
    this.#position = position;
  }

  /** A copy of everything written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#position);
  }

  /** Begins anew. */
  reset(): void {
    this.#position = 0;
    if (this.#bytes.length > keptBytesMax) this.#replace(new Uint8Array(initialBytes));
  }

  #grow(room: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#position + room));
    grown.set(this.#bytes.subarray(0, this.#position));
    this.#replace(grown);
  }

  #replace(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#wide = undefined;
  }

  #view(): DataView {
    this.#wide ??= new DataView(this.#bytes.buffer);
    return this.#wide;
  }
}

/** Reads one range of bytes from its start to its end. Every method throws `PROTOCOL` rather than leave it. */
export class ByteReader {
  /**
   * One reader that is never let go. All others are short-lived, and a whole collection that finds none of them drops
   * their hidden class, and with it all compiled code that knew it: then the next 70 ms of batches take ten times
   * as long (Node 20).
   */
  static readonly anchor: ByteReader = new ByteReader(new Uint8Array(0));

  readonly source: Uint8Array;
  /** End of the range (exclusive). */
  readonly end: number;
  #position: number;
  /** Over `source`; made when first needed. */
  #wide: DataView | undefined;
  readonly #texts: KnownTexts | undefined;

  /** With `texts`, texts that are known there are not decoded again. */
  constructor(source: Uint8Array, start = 0, end: number = source.length, texts?: KnownTexts) {
    invariant(start >= 0 && start <= end && end <= source.length, 'the range lies inside the bytes');
    this.source = source;
    this.end = end;
    this.#position = start;
    this.#texts = texts;
  }

  /** Where the next read begins, counted from the start of `source`. */
  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.end - this.#position;
  }

  /** Goes on reading elsewhere in the range. */
  seek(position: number): void {
    if (position < 0 || position > this.end) throw brokenBytes('a position lies outside');
    this.#position = position;
  }

  u8(): number {
    const at = this.#position;
    const value = at < this.end ? this.source[at] : undefined;
    if (value === undefined) throw brokenBytes('the bytes end too early');
    this.#position = at + 1;
    return value;
  }

  u32(): number {
    const at = this.skip(4);
    return this.#view().getUint32(at);
  }

  /** A safe integer in eight bytes. */
  u64(): number {
    const at = this.skip(8);
    const high = this.#view().getUint32(at);
    if (high > highWordMax) throw brokenBytes('an integer is too large');
    return high * wordSize + this.#view().getUint32(at + 4);
  }

  f64(): number {
    const at = this.skip(8);
    return this.#view().getFloat64(at);
  }

  i64(): bigint {
    const at = this.skip(8);
    return this.#view().getBigInt64(at);
  }

  /** A safe integer of at least 0; a form that is longer than needed is refused. */
  varint(): number {
    const first = this.u8();
    return first < 0x80 ? first : this.#longVarint(first);
  }

  #longVarint(first: number): number {
    let value = first & 0x7f;
    let scale = 0x80;
    for (let count = 1; count < varintBytesMax; count += 1) {
      const next = this.u8();
      value += (next & 0x7f) * scale;
      if (next < 0x80) {
        if (next === 0) throw brokenBytes('an integer is longer than it need be');
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 0x80;
    }
    throw brokenBytes('an integer is too large');
  }

  /** `byteLengthMax` bounds the work that a claimed length can cause. */
  text(byteLengthMax: number = Number.MAX_SAFE_INTEGER): string {
    const length = this.varint();
    if (length > byteLengthMax) throw brokenBytes('a text is too long');
    const at = this.skip(length);
    return this.#texts?.textOf(this.#view(), at, at + length) ?? this.#decodedText(at, length);
  }

  #decodedText(at: number, length: number): string {
    const text = decodeText(this.source, at, at + length);
    if (text === undefined) throw brokenBytes('a text is no valid UTF-8');
    return text;
  }

  /** A copy of the next `length` bytes, a plain Uint8Array whatever the source is. */
  bytes(length: number): Uint8Array {
    const at = this.skip(length);
    return copyRange(this.source, at, at + length);
  }

  /** Names the next `length` bytes without copying them. */
  view(length: number): ValueSource {
    const start = this.skip(length);
    return { source: this.source, start, end: start + length };
  }

  /** Passes over `length` bytes and returns where they begin. */
  skip(length: number): number {
    const at = this.#position;
    // Not `at + length > end`: a length near 2^53 must not be rounded into the range.
    if (length > this.end - at) throw brokenBytes('the bytes end too early');
    this.#position = at + length;
    return at;
  }

  #view(): DataView {
    this.#wide ??= new DataView(this.source.buffer, this.source.byteOffset, this.source.length);
    return this.#wide;
  }
}

/** A fresh plain Uint8Array with these bytes. A Buffer's own `slice` would alias them instead. */
export function copyRange(source: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copy.set(start === 0 && end === source.length ? source : source.subarray(start, end));
  return copy;
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

/** The unsigned 32-bit big-endian integer at `at`, which must lie inside. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)) >>>
    0
  );
}

function brokenBytes(reason: string): CoordinationError {
  return new CoordinationError('PROTOCOL', { details: { reason } });
}
