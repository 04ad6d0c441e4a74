/**
 * Values in the model: their canonical bytes. The codec is the one thing that the model shares with production;
 * it has tests of its own.
 */
import type { Value } from '@quorate/core';
import { decodeValue, encodeValue, type ValueSource } from '@quorate/core/inspect';

/** The canonical bytes of a value. */
export function bytesOf(value: unknown): Uint8Array {
  return encodeValue(value);
}

export function bytesOfSource({ source, start, end }: ValueSource): Uint8Array {
  return source.slice(start, end);
}

export function valueOf(bytes: Uint8Array): Value {
  return decodeValue({ source: bytes, start: 0, end: bytes.length }).value;
}

export function areSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}

/** Whether a value that somebody has is the one that these bytes are. */
export function isValue(value: unknown, bytes: Uint8Array): boolean {
  return areSameBytes(encodeValue(value), bytes);
}

/** Stat.dataLength: of a byte array its own length, of anything else that of its encoding. */
export function dataLength(bytes: Uint8Array): number {
  const headerBytes: Readonly<Record<number, number>> = { 0xc4: 2, 0xc5: 3, 0xc6: 5 };
  return bytes.length - (headerBytes[bytes[0] ?? 0] ?? 0);
}
