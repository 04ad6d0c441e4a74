/**
 * Encoded values to JavaScript values: deeply frozen, and sharing nothing with the bytes they came from. Byte
 * arrays cannot be frozen, so each is a fresh copy, and a value that has one must not be handed out twice.
 *
 * The bytes are read strictly within their range, so none can do harm, but whether they are canonical is not
 * asked again: apply did (value-check.ts). Why msgpackr does not do this is said in msgpack.ts.
 */
import { CoordinationError } from '../errors.ts';
import { valueDepthMax } from '../limits.ts';
import { copyRange, readU32 } from './bytes.ts';
import { decodeText } from './text.ts';
import type { Value, ValueSource } from './value.ts';

export interface DecodedValue {
  readonly value: Value;
  /** No byte array inside: one decoded value may be handed to any number of readers. */
  readonly shareable: boolean;
}

/** Decodes one value, all of the source's range. Throws `CORRUPTED` if that is not what lies there. */
export function decodeValue(source: ValueSource): DecodedValue {
  const reader = new ValueReader(source);
  const value = reader.read(0);
  if (reader.position !== source.end) throw corrupted('bytes follow the value');
  return { value, shareable: reader.shareable };
}

class ValueReader {
  position: number;
  shareable = true;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(source: ValueSource) {
    this.#bytes = source.source;
    this.#end = source.end;
    this.position = source.start;
  }

  read(depth: number): Value {
    const token = this.#unsigned(1);
    if (token < 0x80) return token;
    if (token >= 0xe0) return token - 0x100;
    if (token < 0x90) return this.#map(token & 0x0f, depth);
    if (token < 0xa0) return this.#array(token & 0x0f, depth);
    if (token < 0xc0) return this.#text(token & 0x1f);
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#byteArray(this.#unsigned(1 << (token - 0xc4)));
      case 0xcb:
        return this.#wide().getFloat64(0);
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (token - 0xcc));
      case 0xd0:
        return (this.#unsigned(1) << 24) >> 24;
      case 0xd1:
        return (this.#unsigned(2) << 16) >> 16;
      case 0xd2:
        return this.#unsigned(4) | 0;
      case 0xd3:
        return this.#wide().getBigInt64(0);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (token - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(token === 0xdc ? 2 : 4), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(token === 0xde ? 2 : 4), depth);
      default:
        throw corrupted(`type 0x${token.toString(16)} has no place in a value`);
    }
  }

  #array(count: number, depth: number): Value {
    if (depth === valueDepthMax) throw corrupted('it is nested too deeply');
    if (count > this.#end - this.position) throw corrupted('the bytes end too early');
    const values: Value[] = [];
    for (let index = 0; index < count; index += 1) values.push(this.read(depth + 1));
    return Object.freeze(values);
  }

  #map(count: number, depth: number): Value {
    if (depth === valueDepthMax) throw corrupted('it is nested too deeply');
    const values: Record<string, Value> = {};
    for (let index = 0; index < count; index += 1) {
      const key = this.#key();
      const value = this.read(depth + 1);
      if (key in values) {
        this.#define(values, key, value);
      } else {
        values[key] = value;
      }
    }
    return Object.freeze(values);
  }

  /** For a key like "constructor": assigning would fail where Object.prototype is frozen. */
  #define(values: Record<string, Value>, key: string, value: Value): void {
    if (key === '__proto__' || Object.hasOwn(values, key)) throw corrupted('a key cannot stand here');
    Object.defineProperty(values, key, { value, enumerable: true, configurable: true, writable: true });
  }

  #key(): string {
    const token = this.#unsigned(1);
    if (token >= 0xa0 && token < 0xc0) return this.#text(token & 0x1f);
    if (token >= 0xd9 && token <= 0xdb) return this.#text(this.#unsigned(1 << (token - 0xd9)));
    throw corrupted('a key is not a string');
  }

  #text(length: number): string {
    const at = this.#take(length);
    const text = decodeText(this.#bytes, at, at + length);
    if (text === undefined) throw corrupted('a string is not valid UTF-8');
    return text;
  }

  #byteArray(length: number): Uint8Array {
    this.shareable = false;
    const at = this.#take(length);
    return copyRange(this.#bytes, at, at + length);
  }

  #wide(): DataView {
    const at = this.#take(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8);
  }

  #unsigned(size: number): number {
    const at = this.#take(size);
    const bytes = this.#bytes;
    if (size === 1) return bytes[at] ?? 0;
    return size === 2 ? ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0) : readU32(bytes, at);
  }

  #take(length: number): number {
    const at = this.position;
    if (length > this.#end - at) throw corrupted('the bytes end too early');
    this.position = at + length;
    return at;
  }
}

function corrupted(reason: string): CoordinationError {
  return new CoordinationError('CORRUPTED', { details: { reason: `a stored value is damaged: ${reason}` } });
}
