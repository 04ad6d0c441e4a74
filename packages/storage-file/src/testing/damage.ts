/** Damage to a directory that a storage has written: where its records lie, and how they are harmed. */
import { sectorBytes } from '../limits.ts';
import { owner } from './setup.ts';

export const firstSegment = 'log-000000000001';
/** The next life of the member. */
export const other: typeof owner = { ...owner, incarnation: 9_999 };
/** A record of one entry of 100 bytes. */
export const recordBytes = 216;

/** In the first segment. */
export function recordStart(number: number): number {
  return sectorBytes + (number - 1) * recordBytes;
}

export function flip(bit: number): (bytes: Uint8Array) => void {
  return (bytes) => {
    bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
  };
}

export function wreck(start: number): (bytes: Uint8Array) => void {
  return (bytes) => bytes.fill(0xee, start, start + 30);
}
