/**
 * Encoded values to JavaScript values: deeply frozen, and sharing nothing with the bytes they came from. Byte
 * arrays cannot be frozen, so each is a fresh copy, and a value that has one must not be handed out twice.
 *
 * The bytes are read strictly within their range, so none can do harm, but whether they are canonical is not
 * asked again: apply did (value-check.ts). Why msgpackr does not do this is said in msgpack.ts.
 */
import { CoordinationError } from '../errors.ts';
import { valueDepthMax } from '../limits.ts';
import { copyRange } from './bytes.ts';
import { PackReader } from './pack-reader.ts';
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

class ValueReader extends PackReader<Value> {
  shareable = true;

  constructor(source: ValueSource) {
    super(source.source, source, valueDepthMax);
  }

  protected override broken(reason: string): CoordinationError {
    return corrupted(reason);
  }

  protected override byteArray(start: number, length: number): Value {
    this.shareable = false;
    return copyRange(this.bytes, start, start + length);
  }

  protected override array(values: Value[]): Value {
    return Object.freeze(values);
  }

  protected override other(token: number, depth: number): Value {
    if (token < 0x90) return this.#map(token & 0x0f, depth);
    switch (token) {
      case 0xd3:
        return this.wide().getBigInt64(0);
      case 0xde:
      case 0xdf:
        return this.#map(this.unsigned(token === 0xde ? 2 : 4), depth);
      default:
        throw corrupted(`type 0x${token.toString(16)} has no place in a value`);
    }
  }

  #map(count: number, depth: number): Value {
    this.enter(depth);
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
    const token = this.unsigned(1);
    if (token >= 0xa0 && token < 0xc0) return this.text(token & 0x1f);
    if (token >= 0xd9 && token <= 0xdb) return this.text(this.unsigned(1 << (token - 0xd9)));
    throw corrupted('a key is not a string');
  }
}

function corrupted(reason: string): CoordinationError {
  return new CoordinationError('CORRUPTED', { details: { reason: `a stored value is damaged: ${reason}` } });
}
