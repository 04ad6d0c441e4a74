/**
 * Control values: positional arrays of plain things, for messages between peers and for small records on disk.
 * Written by msgpackr, read by this file: bytes from outside are read strictly, and a claimed length is
 * believed only as far as bytes remain, so that no message makes a peer allocate more than it was sent.
 */
import { CoordinationError } from '../errors.ts';
import { createPack } from './msgpack.ts';
import { PackReader } from './pack-reader.ts';

export type ControlValue = null | boolean | number | string | Uint8Array | readonly ControlValue[];

/** Nesting of arrays in one control value: our own structures have three levels at most. */
export const controlDepthMax = 8;

const pack = createPack();

/** Encodes one control value. */
export function encodeControl(value: ControlValue): Uint8Array {
  return pack.copy(value);
}

/** As {@link encodeControl}, for whoever copies it at once: kept, it would keep the results of many calls in memory. */
export function encodeControlInPlace(value: ControlValue): Uint8Array {
  return pack.inPlace(value);
}

/**
 * Decodes the bytes from `start` to `end`, which are exactly one control value. Byte arrays inside alias `bytes`.
 * Throws `PROTOCOL` for anything else.
 */
export function decodeControl(bytes: Uint8Array, start = 0, end: number = bytes.length): ControlValue {
  const reader = new ControlReader(bytes, start, end);
  const value = reader.read(0);
  if (reader.position !== end) throw broken('bytes follow the value');
  return value;
}

class ControlReader extends PackReader<ControlValue> {
  constructor(bytes: Uint8Array, start: number, end: number) {
    super(bytes, { start, end }, controlDepthMax);
  }

  protected override broken(reason: string): CoordinationError {
    return broken(reason);
  }

  protected override byteArray(start: number, length: number): ControlValue {
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, length);
  }

  protected override array(values: ControlValue[]): ControlValue {
    return values;
  }

  protected override other(token: number): ControlValue {
    throw broken(`type 0x${token.toString(16)} has no place in a control value`);
  }
}

function broken(reason: string): CoordinationError {
  return new CoordinationError('PROTOCOL', { details: { reason } });
}
