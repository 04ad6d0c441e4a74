/**
 * Control values: positional arrays of plain things, for messages between peers and for small records on disk.
 * Written by msgpackr, read by this file: bytes from outside are read strictly, and a claimed length is
 * believed only as far as bytes remain, so that no message makes a peer allocate more than it was sent.
 */
import { CoordinationError } from '../errors.ts';
import { readU32 } from './bytes.ts';
import { createPack } from './msgpack.ts';
import { decodeText } from './text.ts';

export type ControlValue = null | boolean | number | string | Uint8Array | readonly ControlValue[];

/** Nesting of arrays in one control value: our own structures have three levels at most. */
export const controlDepthMax = 8;

const pack = createPack();

/** Encodes one control value. */
export function encodeControl(value: ControlValue): Uint8Array {
  return pack(value);
}

/**
 * Decodes bytes that are exactly one control value. Byte arrays inside alias `bytes`.
 * Throws `PROTOCOL` for anything else.
 */
export function decodeControl(bytes: Uint8Array): ControlValue {
  const reader = new ControlReader(bytes);
  const value = reader.read(0);
  if (reader.position !== bytes.length) throw broken('bytes follow the value');
  return value;
}

class ControlReader {
  readonly #bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(depth: number): ControlValue {
    const token = this.#unsigned(1);
    if (token < 0x80) return token;
    if (token >= 0xe0) return token - 0x100;
    if (token >= 0xa0 && token < 0xc0) return this.#text(token & 0x1f);
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
      case 0xc6:
        return this.#byteArray(this.#unsigned(1 << (token - 0xc4)));
      case 0xcb:
        return this.#float();
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
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (token - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(token === 0xdc ? 2 : 4), depth);
      default:
        throw broken(`type 0x${token.toString(16)} has no place in a control value`);
    }
  }

  #array(length: number, depth: number): readonly ControlValue[] {
    if (depth === controlDepthMax) throw broken('arrays are nested too deeply');
    // Every element takes a byte at least; the array itself grows only with what is really there.
    if (length > this.#bytes.length - this.position) throw broken('the bytes end too early');
    const values: ControlValue[] = [];
    for (let index = 0; index < length; index += 1) values.push(this.read(depth + 1));
    return values;
  }

  #text(length: number): string {
    const at = this.#take(length);
    const text = decodeText(this.#bytes, at, at + length);
    if (text === undefined) throw broken('a text is no valid UTF-8');
    return text;
  }

  #byteArray(length: number): Uint8Array {
    const at = this.#take(length);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, length);
  }

  #float(): number {
    const at = this.#take(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getFloat64(0);
  }

  #unsigned(size: number): number {
    const at = this.#take(size);
    if (size === 1) return this.#bytes[at] ?? 0;
    if (size === 2) return ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0);
    return readU32(this.#bytes, at);
  }

  #take(length: number): number {
    const at = this.position;
    if (length > this.#bytes.length - at) throw broken('the bytes end too early');
    this.position = at + length;
    return at;
  }
}

function broken(reason: string): CoordinationError {
  return new CoordinationError('PROTOCOL', { details: { reason } });
}
