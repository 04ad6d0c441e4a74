/**
 * JavaScript values to their one canonical encoding (the form is stated in value-check.ts). Everything that the
 * encoding cannot hold faithfully is refused with the place where it stands, instead of being dropped or turned
 * into something else.
 *
 * Scalars, texts and byte arrays are written here, because they are most values and must be fast. A composite
 * value is first copied into arrays and maps with sorted keys, each property read once, and that copy is packed:
 * so no getter, proxy or toJSON can make the result differ from what was checked. The packed bytes are then
 * checked like foreign ones: a release of msgpackr that wrote another form must stop here, not in the log.
 */
import { CoordinationError } from '../errors.ts';
import { invariant } from '../invariant.ts';
import { valueDepthMax } from '../limits.ts';
import { createPack, type Packable } from './msgpack.ts';
import { textByteLength, writeAscii, writeText } from './text.ts';
import { checkValue } from './value-check.ts';
import { sourceOf } from './value-source.ts';
import type { ValueSource } from './value.ts';

const pack = createPack();
const noBytes: Uint8Array = new Uint8Array(0);

/** MessagePack's longest string or byte array. */
const lengthMax = 0xffff_ffff;

/** Intrinsic getters: a subclass cannot make them lie. */
const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
const typedArrayTag = Object.getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag);
const typedArrayLength = Object.getOwnPropertyDescriptor(typedArrayPrototype, 'length');

/**
 * Encodes a value canonically. `argument` names it in errors.
 *
 * Throws `BAD_ARGUMENTS` (details: argument, reason) for what is not a Value: undefined, functions, symbols,
 * cycles, class instances, lone surrogates, the key `__proto__`, holes, accessors, symbol keys, properties that
 * are not enumerable, bigints beyond 64 bits, and more than valueDepthMax levels.
 */
export function encodeValue(value: unknown, argument = 'value'): Uint8Array {
  return encodeInto(new ExactRoom(), value, argument).source;
}

/**
 * Encodes many values, one after the other, into blocks that they share: a small array of bytes costs more to
 * allocate than its value to encode. A result stays what it is for ever, but keeps its whole block alive: copy
 * it (a batch does) unless it is short-lived.
 */
export class ValueEncoder {
  readonly #room: BlockRoom = new BlockRoom();

  /** As {@link encodeValue}. */
  encode(value: unknown, argument = 'value'): ValueSource {
    return encodeInto(this.#room, value, argument);
  }
}

/** Where encoded bytes go: after `take(n)` there is room for n of them in `bytes` from `at` on. */
interface Room {
  readonly bytes: Uint8Array;
  readonly at: number;
  take(byteCount: number): void;
}

/** Exactly the bytes of one value. */
class ExactRoom implements Room {
  bytes: Uint8Array = noBytes;
  readonly at = 0;

  take(byteCount: number): void {
    this.bytes = new Uint8Array(byteCount);
  }
}

/** Long enough to make allocations rare, short enough to be no burden while a value in it waits. */
const blockBytes = 32 * 1_024;
/** A value of more than this gets bytes of its own: it would waste the rest of a block. */
const blockValueBytesMax = 4 * 1_024;

class BlockRoom implements Room {
  bytes: Uint8Array = noBytes;
  at = 0;
  #block: Uint8Array = noBytes;
  #blockEnd = 0;

  take(byteCount: number): void {
    if (byteCount > blockValueBytesMax) {
      this.bytes = new Uint8Array(byteCount);
      this.at = 0;
      return;
    }
    if (this.#blockEnd + byteCount > this.#block.length) {
      this.#block = new Uint8Array(blockBytes);
      this.#blockEnd = 0;
    }
    this.bytes = this.#block;
    this.at = this.#blockEnd;
    this.#blockEnd += byteCount;
  }
}

function encodeInto(room: Room, value: unknown, argument: string): ValueSource {
  if (typeof value === 'string') return encodeString(room, value, argument);
  if (isByteArray(value)) return encodeByteArray(room, value, argument);
  return sourceOf(encodeOther(value, argument));
}

function encodeOther(value: unknown, argument: string): Uint8Array {
  switch (typeof value) {
    case 'number':
      return encodeNumber(value);
    case 'boolean':
      return Uint8Array.of(value ? 0xc3 : 0xc2);
    case 'bigint':
      return encodeBigint(value, argument);
    default:
      return value === null ? Uint8Array.of(0xc0) : encodeComposite(value, argument);
  }
}

function encodeString(room: Room, text: string, argument: string): ValueSource {
  let header = headerLength(text.length, 0x20);
  room.take(header + text.length);
  let start = room.at;
  let byteLength = text.length;
  if (!writeAscii(text, room.bytes, start + header)) {
    byteLength = textByteLength(text);
    if (byteLength < 0) throw refused(argument, argument, 'has a lone surrogate, which UTF-8 cannot hold');
    header = headerLength(byteLength, 0x20);
    room.take(header + byteLength);
    start = room.at;
    writeText(text, room.bytes, start + header);
  }
  if (header === 1) room.bytes[start] = 0xa0 | byteLength;
  else writeHeader(room.bytes, start, { type: 0xd9, length: byteLength });
  return { source: room.bytes, start, end: start + header + byteLength };
}

function encodeByteArray(room: Room, value: Uint8Array, argument: string): ValueSource {
  const length = byteArrayLength(value);
  if (length > lengthMax) throw refused(argument, argument, 'is longer than any value can be');
  const header = headerLength(length, 0);
  room.take(header + length);
  const start = room.at;
  try {
    room.bytes.set(value, start + header);
  } catch (error) {
    // Its buffer was transferred to another thread: it is no longer there.
    throw unreadable(argument, error);
  }
  writeHeader(room.bytes, start, { type: 0xc4, length });
  return { source: room.bytes, start, end: start + header + length };
}

/** Bytes before a payload of `length` bytes; lengths below `fixed` stand in the type's own byte. */
function headerLength(length: number, fixed: number): number {
  if (length < fixed) return 1;
  return length < 0x100 ? 2 : length < 0x1_0000 ? 3 : 5;
}

/** `type` is the 8-bit form of the header; the 16-bit and the 32-bit forms follow it. */
function writeHeader(
  bytes: Uint8Array,
  at: number,
  header: { readonly type: number; readonly length: number },
): void {
  const { type, length } = header;
  if (length < 0x100) {
    bytes[at] = type;
    bytes[at + 1] = length;
  } else if (length < 0x1_0000) {
    bytes[at] = type + 1;
    bytes[at + 1] = length >> 8;
    bytes[at + 2] = length & 0xff;
  } else {
    bytes[at] = type + 2;
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(at + 1, length);
  }
}

function encodeNumber(value: number): Uint8Array {
  if (value >>> 0 === value) {
    if (value < 0x80) return Uint8Array.of(value);
    if (value < 0x100) return Uint8Array.of(0xcc, value);
    if (value < 0x1_0000) return Uint8Array.of(0xcd, value >> 8, value);
    return Uint8Array.of(0xce, value >>> 24, value >>> 16, value >>> 8, value);
  }
  if ((value | 0) === value) {
    if (value >= -0x20) return Uint8Array.of(value);
    if (value >= -0x80) return Uint8Array.of(0xd0, value);
    if (value >= -0x8000) return Uint8Array.of(0xd1, value >> 8, value);
    return Uint8Array.of(0xd2, value >> 24, value >> 16, value >> 8, value);
  }
  // An engine may keep NaNs of different bits; one of them is the form.
  if (value !== value) return Uint8Array.of(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0);
  const bytes = new Uint8Array(9);
  bytes[0] = 0xcb;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

function encodeBigint(value: bigint, argument: string): Uint8Array {
  if (BigInt.asIntN(64, value) !== value) throw refused(argument, argument, 'is an integer beyond 64 bits');
  const bytes = new Uint8Array(9);
  bytes[0] = 0xd3;
  new DataView(bytes.buffer).setBigInt64(1, value);
  return bytes;
}

function encodeComposite(value: unknown, argument: string): Uint8Array {
  let copy: Packable;
  try {
    copy = new ValueCopier(argument).copy(value);
  } catch (error) {
    if (error instanceof CoordinationError) throw error;
    // A proxy's trap: its exception says more than ours.
    throw unreadable(argument, error);
  }
  const bytes = pack.copy(copy);
  const fault = checkValue(bytes, 0, bytes.length);
  invariant(fault === undefined, 'what is packed is canonical', { fault });
  return bytes;
}

/** Copies one composite value into plain arrays and sorted maps, and knows the place where it is. */
class ValueCopier {
  readonly #argument: string;
  /** Keys and indexes from the value down to here, one shorter than `#ancestors` between two properties. */
  readonly #place: (string | number)[] = [];
  readonly #ancestors: object[] = [];

  constructor(argument: string) {
    this.#argument = argument;
  }

  copy(value: unknown): Packable {
    switch (typeof value) {
      case 'string':
        if (textByteLength(value) < 0) throw this.#refused('has a lone surrogate, which UTF-8 cannot hold');
        return value;
      case 'number':
        return value !== value ? Number.NaN : value;
      case 'boolean':
        return value;
      case 'bigint':
        if (BigInt.asIntN(64, value) !== value) throw this.#refused('is an integer beyond 64 bits');
        return value;
      case 'object':
        return value === null ? null : this.#copyObject(value);
      case 'undefined':
        throw this.#refused('is undefined; use null, or leave it out');
      default:
        throw this.#refused(`is a ${typeof value}`);
    }
  }

  #copyObject(value: object): Packable {
    if (isByteArray(value)) {
      // A plain array of the same bytes: `constructor`, `length` and the like of a subclass are not asked.
      return new Uint8Array(value);
    }
    if (this.#ancestors.includes(value)) throw this.#refused('contains itself');
    if (this.#ancestors.length === valueDepthMax) throw this.#refused('is nested too deeply');
    this.#ancestors.push(value);
    const copy = Array.isArray(value) ? this.#copyArray(value) : this.#copyPlain(value);
    this.#ancestors.pop();
    return copy;
  }

  #copyArray(value: readonly unknown[]): Packable {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === null || !isArrayPrototype(prototype)) {
      throw this.#refused('is an instance of a class, not a plain array');
    }
    const length = value.length;
    const copy: Packable[] = [];
    for (let index = 0; index < length; index += 1) {
      this.#place.push(index);
      copy.push(this.copy(this.#property(value, index)));
      this.#place.pop();
    }
    return copy;
  }

  #copyPlain(value: object): Packable {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype !== null && !isObjectPrototype(prototype)) {
      throw this.#refused(`is an instance of a class (${className(prototype)}), not a plain object`);
    }
    const keys: string[] = [];
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === 'symbol') throw this.#refused('has a symbol for a key');
      keys.push(key);
    }
    const copy = new Map<string, Packable>();
    for (const key of sortKeys(keys)) {
      this.#place.push(key);
      if (key === '__proto__') throw this.#refused('has a key that is not allowed');
      if (textByteLength(key) < 0) throw this.#refused('has a key with a lone surrogate');
      copy.set(key, this.copy(this.#property(value, key)));
      this.#place.pop();
    }
    return copy;
  }

  #property(holder: object, key: string | number): unknown {
    const property = Object.getOwnPropertyDescriptor(holder, key);
    if (property === undefined) throw this.#refused('is a hole in an array');
    if (!('value' in property)) throw this.#refused('is a getter or setter');
    if (property.enumerable !== true) throw this.#refused('is not enumerable');
    return property.value;
  }

  #refused(what: string): CoordinationError {
    let place = this.#argument;
    for (const step of this.#place) {
      if (typeof step === 'number') place += `[${step}]`;
      else place += /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
    }
    return refused(this.#argument, place, what);
  }
}

/** Ascending by UTF-8 bytes. Code units give the same order until surrogates meet U+E000 to U+FFFF. */
function sortKeys(keys: string[]): string[] {
  if (keys.length < 2) return keys;
  return keys.some((key) => /[\ud800-\uffff]/.test(key)) ? keys.sort(compareByCodePoints) : keys.sort();
}

function compareByCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    const isLeftSurrogate = (left & 0xf800) === 0xd800;
    const isRightSurrogate = (right & 0xf800) === 0xd800;
    // A surrogate stands for a point above U+FFFF.
    if (isLeftSurrogate !== isRightSurrogate) return isLeftSurrogate ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}

/** A Uint8Array of any realm, a subclass's too (Node's Buffer is one). */
function isByteArray(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && typedArrayTag?.get?.call(value) === 'Uint8Array';
}

function byteArrayLength(value: Uint8Array): number {
  return typedArrayLength?.get?.call(value) as number;
}

/** Object.prototype, also another realm's: it alone has no parent and this method of its own. */
function isObjectPrototype(prototype: object): boolean {
  if (prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

function isArrayPrototype(prototype: object): boolean {
  if (prototype === Array.prototype) return true;
  const parent = Object.getPrototypeOf(prototype) as object | null;
  return parent !== null && isObjectPrototype(parent) && Object.hasOwn(prototype, 'copyWithin');
}

function className(prototype: unknown): string {
  const named = prototype as { readonly constructor?: { readonly name?: unknown } };
  return typeof named.constructor?.name === 'string' ? named.constructor.name : 'unnamed';
}

function refused(argument: string, place: string, what: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENTS', { details: { argument, reason: `${place} ${what}` } });
}

function unreadable(argument: string, cause: unknown): CoordinationError {
  const details = { argument, reason: `${argument} cannot be read` };
  return new CoordinationError('BAD_ARGUMENTS', { details, cause });
}
