/** Encoded values where they lie: comparing, measuring and copying them without decoding. */
import { copyRange, readU32 } from './bytes.ts';
import type { ValueSource } from './value.ts';

/** All of `bytes` as one value. */
export function sourceOf(bytes: Uint8Array): ValueSource {
  return { source: bytes, start: 0, end: bytes.length };
}

/** Whether two values are the same. Encoding is canonical, so equal bytes and equal values are one thing. */
export function sameValue(a: ValueSource, b: ValueSource): boolean {
  const length = a.end - a.start;
  if (b.end - b.start !== length) return false;
  for (let index = 0; index < length; index += 1) {
    if (a.source[a.start + index] !== b.source[b.start + index]) return false;
  }
  return true;
}

/** Stat.dataLength of a canonical value: a byte array's own length, of anything else the encoded length. */
export function dataLengthOf(value: ValueSource): number {
  const { source, start } = value;
  return source[start] === 0xc4 ? (source[start + 1] ?? 0) : longDataLengthOf(value);
}

function longDataLengthOf({ source, start, end }: ValueSource): number {
  switch (source[start] ?? 0) {
    case 0xc5:
      return ((source[start + 1] ?? 0) << 8) | (source[start + 2] ?? 0);
    case 0xc6:
      return readU32(source, start + 1);
    default:
      return end - start;
  }
}

/** The encoded bytes alone, in a plain Uint8Array of their own. */
export function copySource(value: ValueSource): Uint8Array {
  return copyRange(value.source, value.start, value.end);
}
