/** Numbers, texts and bytes of the formats on disk: big-endian, every length checked before it is believed. */
import { corrupted } from './failures.ts';

const highUnit = 0x1_0000_0000;

/** Writes a safe integer of at least 0 as 64 bits. */
export function setU64(view: DataView, position: number, value: number): void {
  view.setUint32(position, Math.floor(value / highUnit));
  view.setUint32(position + 4, value >>> 0);
}

/** NaN: more than a safe integer, so it was never written. */
export function getU64(view: DataView, position: number): number {
  const value = view.getUint32(position) * highUnit + view.getUint32(position + 4);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Builds a short run of fields; for what is written rarely. */
export class FieldWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  u8(value: number): this {
    return this.#add(Uint8Array.of(value));
  }

  u32(value: number): this {
    const part = new Uint8Array(4);
    viewOf(part).setUint32(0, value);
    return this.#add(part);
  }

  u64(value: number): this {
    const part = new Uint8Array(8);
    setU64(viewOf(part), 0, value);
    return this.#add(part);
  }

  f64(value: number): this {
    const part = new Uint8Array(8);
    viewOf(part).setFloat64(0, value);
    return this.#add(part);
  }

  /** Length and content. */
  bytes(value: Uint8Array): this {
    return this.u32(value.length).#add(value);
  }

  text(value: string): this {
    return this.bytes(new TextEncoder().encode(value));
  }

  /** Zeros up to this length. */
  padTo(length: number): this {
    return this.#add(new Uint8Array(Math.max(0, length - this.#length)));
  }

  finish(): Uint8Array {
    const joined = new Uint8Array(this.#length);
    let position = 0;
    for (const part of this.#parts) {
      joined.set(part, position);
      position += part.length;
    }
    return joined;
  }

  #add(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

/** Reads what FieldWriter wrote; throws `CORRUPTED` where the bytes end too early or make no sense. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  u64(): number {
    const value = getU64(this.#view, this.#take(8));
    if (Number.isNaN(value)) throw corrupted('a stored number is no safe integer');
    return value;
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** A copy. */
  bytes(): Uint8Array {
    const length = this.u32();
    const start = this.#take(length);
    return this.#bytes.slice(start, start + length);
  }

  text(): string {
    const bytes = this.bytes();
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw corrupted('a stored text is no UTF-8');
    }
  }

  #take(length: number): number {
    const start = this.#position;
    if (start + length > this.#bytes.length) throw corrupted('a stored structure ends too early');
    this.#position = start + length;
    return start;
  }
}
