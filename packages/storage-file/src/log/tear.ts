/**
 * Tells a torn write from damage, at the place where a record should begin and none is whole.
 *
 * A record whose write was cut off by a crash was never durable, so nobody was told of it, and it may go. A record
 * that was durable and has been damaged since may hold what was acknowledged, and may not. The difference shows,
 * because a segment is zeros before it is written: a torn write has *left zeros* where bytes should be. Sectors are
 * written whole or not at all, except that the last one that was written may end anywhere. So either the end of
 * the record is missing, or its beginning, or more of its sectors are zeros than its header counts. If none is,
 * all of it was there once. Beginning and end are marked by bytes that are not zero, and stay so when a bit flips.
 *
 * What this cannot see: a disk that lost a whole sector of the very last record after it had been synced. It looks
 * like a write that was torn. (A mark in the manifest sees it after a clean close, and any later record does.)
 */
import {
  type ChainPosition,
  readRecordHeader,
  recordHeaderBytes,
  recordLength,
  zeroSectors,
} from './record.ts';

/** Whether a write that was cut off explains what stands at `position`, where the chain of records ended. */
export function isTorn(
  bytes: Uint8Array,
  position: number,
  { seed, chain }: { readonly seed: number; readonly chain: ChainPosition },
): boolean {
  // Too short for a record: nothing was ever written here.
  if (position + recordLength(0) > bytes.length) return true;
  if (bytes[position] === 0) return true;
  const header = readRecordHeader(bytes, position, seed);
  if (header === undefined) return bytes[position + recordHeaderBytes - 1] === 0;
  if (header.number !== chain.number + 1 || header.before !== chain.link) return false;
  const end = position + recordLength(header.payloadBytes);
  if (end > bytes.length) return false;
  if (bytes[end - 1] === 0) return true;
  return zeroSectors(bytes.subarray(position, end), position) > header.zeroSectors;
}

/** Whether a record stands anywhere here that was written after the one that should follow the chain. */
export function hasLaterRecord(
  bytes: Uint8Array,
  position: number,
  { seed, chain }: { readonly seed: number; readonly chain: ChainPosition },
): boolean {
  for (let at = position; at + recordLength(0) <= bytes.length; at += 8) {
    if (bytes[at] === 0) continue;
    const header = readRecordHeader(bytes, at, seed);
    if (header !== undefined && header.number > chain.number + 1) return true;
  }
  return false;
}
