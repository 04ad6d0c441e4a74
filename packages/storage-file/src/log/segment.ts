/**
 * Segments: files of a fixed size, made of zeros and synced before the manifest names them. So a write into a
 * segment never changes the size of a file, costs one sync, and cannot find the disk full; and what was never
 * written is known to be zeros, which is how a torn write is told apart from a damaged one (tear.ts).
 */
import { crc32 } from 'node:zlib';
import type { Directory } from '@quorate/core/ports';
import { segmentSeed } from '../binding.ts';
import { isDiskFull, syncOf } from '../failures.ts';
import { FieldWriter, getU64, viewOf } from '../fields.ts';
import { sectorBytes, zeroBytes } from '../limits.ts';

/** Records begin here: the header has a sector of its own. */
export const segmentHeaderBytes: number = sectorBytes;
const magic = 0x51_53_45_47;
const version = 1;
const checkedBytes = 24;
const namePattern = /^log-(\d{12})$/;

export function segmentName(segment: number): string {
  return `log-${String(segment).padStart(12, '0')}`;
}

/** Undefined: the name is none of a segment. */
export function segmentOf(name: string): number | undefined {
  const digits = namePattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function encodeHeader(seed: number, segment: number, size: number): Uint8Array {
  const fields = new FieldWriter().u32(magic).u32(version).u64(segment).u64(size).finish();
  const checksum = crc32(fields, segmentSeed(seed, segment));
  const header = new Uint8Array(segmentHeaderBytes);
  header.set(fields);
  viewOf(header).setUint32(checkedBytes, checksum);
  return header;
}

/** The size that the segment was made with; undefined: the header does not hold. */
export function readSegmentSize(bytes: Uint8Array, seed: number, segment: number): number | undefined {
  if (bytes.length < segmentHeaderBytes) return undefined;
  const view = viewOf(bytes);
  const checksum = crc32(bytes.subarray(0, checkedBytes), segmentSeed(seed, segment));
  if (view.getUint32(checkedBytes) !== checksum) return undefined;
  if (view.getUint32(0) !== magic || view.getUint32(4) !== version) return undefined;
  return getU64(view, 16);
}

/**
 * Makes a segment, zeros and all, and makes it and its name durable. When the disk is full nothing of it is left:
 * the error is passed on, and a later attempt begins anew.
 */
export async function createSegment(
  directory: Directory,
  { seed, segment, size }: { readonly seed: number; readonly segment: number; readonly size: number },
): Promise<void> {
  const name = segmentName(segment);
  const names = await directory.list();
  if (names.includes(name)) await directory.remove(name);
  const file = await directory.open(name, 'create');
  let failure: unknown;
  try {
    const zeros = new Uint8Array(Math.min(zeroBytes, size));
    for (let position = 0; position < size; position += zeros.length) {
      await file.write(zeros.subarray(0, Math.min(zeros.length, size - position)), position);
      // Piece by piece: the log's own syncs would have to wait for all of it at once.
      if (size - position > zeros.length) await syncOf(name, file);
    }
    await file.write(encodeHeader(seed, segment, size), 0);
    await syncOf(name, file);
  } catch (error) {
    failure = error;
  }
  await file.close();
  if (failure !== undefined) {
    if (isDiskFull(failure)) await directory.remove(name);
    throw failure;
  }
  await syncOf('the directory', directory);
}
