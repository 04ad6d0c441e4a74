/**
 * A record of the log: what one write made durable, with checksums for header and payload and a link to the record
 * before it (docs/reference/formats.md, Record).
 *
 * A record is written with one write and one sync, and the next one only after that sync. So a valid record proves
 * that every record before it was durable once.
 */
import { crc32 } from 'node:zlib';
import { getU64, setU64, viewOf } from '../fields.ts';
import { sectorBytes } from '../limits.ts';

export const recordHeaderBytes = 36;
const trailerBytes = 4;
const alignment = 8;
/** "QREC" at the beginning, "QHDR" at the end of the header, "QEND" at the end: none has a byte that is zero. */
const recordMagic = 0x51_52_45_43;
const headerEnd = 0x51_48_44_52;
const recordEnd = 0x51_45_4e_44;
const checkedBytes = 28;

/** Bytes that a record of this payload takes. */
export function recordLength(payloadBytes: number): number {
  const length = recordHeaderBytes + payloadBytes + trailerBytes;
  return Math.ceil(length / alignment) * alignment;
}

/** What follows on what. */
export interface ChainPosition {
  /** Number of the last record. */
  readonly number: number;
  /** Checksum of its header. */
  readonly link: number;
}

/**
 * Completes a record whose payload stands in its place in `bytes`, which is the whole record and zero elsewhere.
 * `position`: where it will stand in its file.
 */
export function sealRecord(
  bytes: Uint8Array,
  options: {
    readonly payloadBytes: number;
    readonly position: number;
    readonly seed: number;
    readonly before: ChainPosition;
  },
): ChainPosition {
  const { payloadBytes, position, seed, before } = options;
  const view = viewOf(bytes);
  const number = before.number + 1;
  const payload = bytes.subarray(recordHeaderBytes, recordHeaderBytes + payloadBytes);
  view.setUint32(0, recordMagic);
  view.setUint32(4, payloadBytes);
  setU64(view, 8, number);
  view.setUint32(16, before.link);
  view.setUint32(bytes.length - trailerBytes, recordEnd);
  view.setUint32(32, headerEnd);
  view.setUint32(20, zeroSectors(bytes, position));
  view.setUint32(24, crc32(payload));
  const link = crc32(bytes.subarray(0, checkedBytes), seed);
  view.setUint32(checkedBytes, link);
  return { number, link };
}

/** A header that holds, wherever it was found. */
export interface RecordHeader {
  readonly number: number;
  readonly before: number;
  readonly payloadBytes: number;
  readonly zeroSectors: number;
  readonly payloadChecksum: number;
  readonly link: number;
}

/** Undefined: there is none at this position. */
export function readRecordHeader(
  bytes: Uint8Array,
  position: number,
  seed: number,
): RecordHeader | undefined {
  if (position + recordHeaderBytes > bytes.length) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(position) !== recordMagic) return undefined;
  if (view.getUint32(position + 32) !== headerEnd) return undefined;
  const link = crc32(bytes.subarray(position, position + checkedBytes), seed);
  if (view.getUint32(position + checkedBytes) !== link) return undefined;
  return {
    number: getU64(view, position + 8),
    before: view.getUint32(position + 16),
    payloadBytes: view.getUint32(position + 4),
    zeroSectors: view.getUint32(position + 20),
    payloadChecksum: view.getUint32(position + 24),
    link,
  };
}

/** The payload behind a header that holds; undefined: it does not hold. */
export function readPayload(
  bytes: Uint8Array,
  position: number,
  header: RecordHeader,
): Uint8Array | undefined {
  const end = position + recordLength(header.payloadBytes);
  if (end > bytes.length) return undefined;
  if (viewOf(bytes).getUint32(end - trailerBytes) !== recordEnd) return undefined;
  const start = position + recordHeaderBytes;
  const payload = bytes.subarray(start, start + header.payloadBytes);
  return crc32(payload) === header.payloadChecksum ? payload : undefined;
}

/** How many whole sectors of the file, inside of bytes that stand at `position`, are all zero. */
export function zeroSectors(bytes: Uint8Array, position: number): number {
  let count = 0;
  const first = (sectorBytes - (position % sectorBytes)) % sectorBytes;
  for (let start = first; start + sectorBytes <= bytes.length; start += sectorBytes) {
    // Nearly always the first look tells.
    if (bytes[start] === 0 && isZero(bytes, start, start + sectorBytes)) count += 1;
  }
  return count;
}

export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] !== 0) return false;
  return true;
}
