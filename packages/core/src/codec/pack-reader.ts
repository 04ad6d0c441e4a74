/**
 * MessagePack (the public specification of 2013) read strictly within a range: what values and control values
 * have in common. Nothing is allocated by a claimed length, and every failure is the reader's own typed error.
 * Which of the rest a reader knows (maps, 64-bit integers, how byte arrays are handed out) is its own business.
 */
import type { CoordinationError } from '../errors.ts';
import { readU32 } from './bytes.ts';
import { decodeText } from './text.ts';

/** What both readers answer for the types that they share. */
type Scalar = null | boolean | number | string;

export abstract class PackReader<T> {
  position: number;
  protected readonly bytes: Uint8Array;
  readonly #end: number;
  readonly #depthMax: number;

  constructor(bytes: Uint8Array, range: { readonly start: number; readonly end: number }, depthMax: number) {
    this.bytes = bytes;
    this.position = range.start;
    this.#end = range.end;
    this.#depthMax = depthMax;
  }

  /** The error for bytes that make no sense. */
  protected abstract broken(reason: string): CoordinationError;
  protected abstract byteArray(start: number, length: number): T;
  /** `values` is the reader's to keep. */
  protected abstract array(values: T[]): T;
  /** For tokens that are not common to all readers. */
  protected abstract other(token: number, depth: number): T;

  /** The next value, inside `depth` arrays and maps. */
  read(depth: number): T | Scalar {
    const token = this.unsigned(1);
    if (token < 0x80) return token;
    if (token >= 0xe0) return token - 0x100;
    if (token >= 0xa0 && token < 0xc0) return this.text(token & 0x1f);
    if (token >= 0x90 && token < 0xa0) return this.#array(token & 0x0f, depth);
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6: {
        const length = this.unsigned(1 << (token - 0xc4));
        return this.byteArray(this.#take(length), length);
      }
      case 0xcb:
        return this.wide().getFloat64(0);
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.unsigned(1 << (token - 0xcc));
      case 0xd0:
        return (this.unsigned(1) << 24) >> 24;
      case 0xd1:
        return (this.unsigned(2) << 16) >> 16;
      case 0xd2:
        return this.unsigned(4) | 0;
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.text(this.unsigned(1 << (token - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.unsigned(token === 0xdc ? 2 : 4), depth);
      default:
        return this.other(token, depth);
    }
  }

  /** To be asked before going one level deeper: decoding must never exhaust the stack. */
  protected enter(depth: number): void {
    if (depth === this.#depthMax) throw this.broken('it is nested too deeply');
  }

  protected text(length: number): string {
    const at = this.#take(length);
    const text = decodeText(this.bytes, at, at + length);
    if (text === undefined) throw this.broken('a string is not valid UTF-8');
    return text;
  }

  /** The next eight bytes. */
  protected wide(): DataView {
    const at = this.#take(8);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + at, 8);
  }

  protected unsigned(size: number): number {
    const at = this.#take(size);
    const { bytes } = this;
    if (size === 1) return bytes[at] ?? 0;
    return size === 2 ? ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0) : readU32(bytes, at);
  }

  #array(count: number, depth: number): T {
    this.enter(depth);
    // Every element takes a byte at least; the array itself grows only with what is really there.
    if (count > this.#end - this.position) throw this.broken('the bytes end too early');
    const values: (T | Scalar)[] = [];
    for (let index = 0; index < count; index += 1) values.push(this.read(depth + 1));
    // T of both readers contains the scalars; the compiler is not told, so that T stays simple.
    return this.array(values as T[]);
  }

  #take(length: number): number {
    const at = this.position;
    if (length > this.#end - at) throw this.broken('the bytes end too early');
    this.position = at + length;
    return at;
  }
}
