/**
 * The file of one snapshot: a header that names it, its bytes as they came, a checksum for each block of them, and
 * an end that says how many there are (docs/reference/formats.md, Snapshot file).
 *
 * Content stands in one piece, so that a range of it is found without an index; the checksums come last, because a
 * snapshot's length is not known before.
 */
import { crc32 } from 'node:zlib';
import { CoordinationError } from '@quorate/core';
import type { DirectoryFile, SnapshotMeta } from '@quorate/core/ports';
import { blockSeed, snapshotSeed } from '../binding.ts';
import { corrupted } from '../failures.ts';
import { FieldReader, FieldWriter, getU64, viewOf } from '../fields.ts';
import { sectorBytes, snapshotBlockBytes } from '../limits.ts';
import type { SnapshotName } from '../manifest/manifest-slot.ts';

const headMagic = 0x51_53_4e_48;
const endMagic = 0x51_53_4e_45;
const version = 1;
export const endBytes = 28;
const namePattern = /^snapshot-(\d+)-(\d+)$/;

export function snapshotFileName({ index, term }: SnapshotName): string {
  return `snapshot-${index}-${term}`;
}

/** Undefined: the name is none of a complete snapshot. */
export function snapshotOf(fileName: string): SnapshotName | undefined {
  const [, index, term] = namePattern.exec(fileName) ?? [];
  return index === undefined ? undefined : { index: Number(index), term: Number(term) };
}

/** Everything before the content, a whole number of sectors. */
export function encodeHead(meta: SnapshotMeta, seed: number): Uint8Array {
  const checked = 44 + meta.membership.length;
  const contentStart = Math.ceil((checked + 4) / sectorBytes) * sectorBytes;
  const fields = new FieldWriter()
    .u32(headMagic)
    .u32(version)
    .u32(contentStart)
    .u32(checked)
    .u64(meta.index)
    .u64(meta.term)
    .f64(meta.elapsedMs)
    .bytes(meta.membership);
  const checksum = crc32(fields.finish(), snapshotSeed(seed, meta));
  return fields.u32(checksum).padTo(contentStart).finish();
}

/** Where everything is in a complete snapshot that was found whole, as far as head, table and end tell. */
export interface SnapshotShape {
  readonly meta: SnapshotMeta;
  readonly contentStart: number;
  readonly contentBytes: number;
  /** One checksum for each block. */
  readonly table: DataView;
}

/** What comes behind the content. */
export function encodeTail(
  seed: number,
  content: { readonly bytes: number; readonly checksums: readonly number[] },
): Uint8Array {
  const table = new FieldWriter();
  for (const checksum of content.checksums) table.u32(checksum);
  const tableBytes = table.finish();
  const end = new FieldWriter()
    .u32(endMagic)
    .u32(version)
    .u64(content.bytes)
    .u32(content.checksums.length)
    .u32(crc32(tableBytes, seed))
    .finish();
  const tail = new Uint8Array(tableBytes.length + endBytes);
  tail.set(tableBytes);
  tail.set(end, tableBytes.length);
  viewOf(tail).setUint32(tail.length - 4, crc32(end, seed));
  return tail;
}

/** Throws `CORRUPTED` when head, table or end do not hold, or the file has another length than they say. */
export async function readShape(
  file: DirectoryFile,
  name: SnapshotName,
  directorySeedOfIt: number,
): Promise<SnapshotShape> {
  const what = snapshotFileName(name);
  const seed = snapshotSeed(directorySeedOfIt, name);
  const head = await readHead(file, name, seed);
  const size = await file.size();
  const end = await file.read(Math.max(0, size - endBytes), endBytes);
  const view = viewOf(end);
  if (end.length < endBytes || view.getUint32(endBytes - 4) !== crc32(end.subarray(0, endBytes - 4), seed)) {
    throw corrupted(`the end of ${what} is damaged or missing`);
  }
  checkVersion(view.getUint32(4));
  const contentBytes = getU64(view, 8);
  const blocks = view.getUint32(16);
  const tableStart = head.contentStart + contentBytes;
  if (view.getUint32(0) !== endMagic || tableStart + 4 * blocks + endBytes !== size) {
    throw corrupted(`${what} has another length than it says`);
  }
  const table = await file.read(tableStart, 4 * blocks);
  if (crc32(table, seed) !== view.getUint32(20) || blocks !== Math.ceil(contentBytes / snapshotBlockBytes)) {
    throw corrupted(`the checksums of ${what} are damaged`);
  }
  return { ...head, contentBytes, table: viewOf(table) };
}

/** Content from the beginning of a block on, checked; throws `CORRUPTED`. */
export async function readBlocks(
  file: DirectoryFile,
  shape: SnapshotShape,
  range: { readonly firstBlock: number; readonly blocks: number; readonly seed: number },
): Promise<Uint8Array> {
  const { contentStart, contentBytes, table, meta } = shape;
  const seed = snapshotSeed(range.seed, meta);
  const start = range.firstBlock * snapshotBlockBytes;
  const length = Math.min(range.blocks * snapshotBlockBytes, contentBytes - start);
  const bytes = await file.read(contentStart + start, length);
  if (bytes.length !== length) throw corrupted(`${snapshotFileName(meta)} ends too early`);
  for (let at = 0; at < length; at += snapshotBlockBytes) {
    const block = (start + at) / snapshotBlockBytes;
    const checksum = crc32(bytes.subarray(at, at + snapshotBlockBytes), blockSeed(seed, block));
    if (checksum !== table.getUint32(4 * block)) {
      throw corrupted(`${snapshotFileName(meta)} is damaged at byte ${contentStart + start + at}`);
    }
  }
  return bytes;
}

async function readHead(
  file: DirectoryFile,
  name: SnapshotName,
  seed: number,
): Promise<{ readonly meta: SnapshotMeta; readonly contentStart: number }> {
  const what = snapshotFileName(name);
  const first = await file.read(0, sectorBytes);
  if (first.length < sectorBytes) throw corrupted(`${what} ends too early`);
  const checked = viewOf(first).getUint32(12);
  const head = checked + 4 > sectorBytes ? await file.read(0, checked + 4) : first;
  if (head.length < checked + 4 || checked < 44) throw corrupted(`the head of ${what} is damaged`);
  if (viewOf(head).getUint32(checked) !== crc32(head.subarray(0, checked), seed)) {
    throw corrupted(`the head of ${what} is damaged`);
  }
  const reader = new FieldReader(head);
  if (reader.u32() !== headMagic) throw corrupted(`the head of ${what} is damaged`);
  checkVersion(reader.u32());
  const contentStart = reader.u32();
  reader.u32();
  const [index, term, elapsedMs] = [reader.u64(), reader.u64(), reader.f64()];
  return { contentStart, meta: { index, term, elapsedMs, membership: reader.bytes() } };
}

function checkVersion(found: number): void {
  if (found === version) return;
  const reason = `a snapshot has format version ${found}, this release knows ${version}`;
  throw new CoordinationError('UNSUPPORTED_VERSION', { details: { reason } });
}
