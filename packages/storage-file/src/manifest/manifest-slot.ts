/** One slot of the manifest: what it says, and its bytes (docs/reference/formats.md, Manifest). */
import { crc32 } from 'node:zlib';
import { CoordinationError } from '@quorate/core';
import type { HardState } from '@quorate/core/ports';
import type { DirectoryOwner } from '../binding.ts';
import { corrupted } from '../failures.ts';
import { FieldReader, FieldWriter, getU64, viewOf } from '../fields.ts';
import { slotBytes } from '../limits.ts';

export const formatVersion = 1;
const magic = 0x51_4d_41_4e;
const headerBytes = 28;

/** Names one snapshot file. */
export interface SnapshotName {
  readonly index: number;
  readonly term: number;
}

/** Where the log begins: the chain of its records is checked from here on. */
export interface LogStart {
  readonly segment: number;
  /** The last record before the segment, 0 if there was none, and its header's checksum. */
  readonly record: number;
  readonly link: number;
}

/** All that a directory says of itself. */
export interface ManifestState {
  readonly owner: DirectoryOwner;
  /** Which life of its member this is; a repaired directory begins another one. */
  readonly incarnation: number;
  readonly hardState: HardState | undefined;
  readonly logStart: LogStart;
  /** The last segment that was made: all from the first one to it exist. One before the first: there is none yet. */
  readonly lastSegment: number;
  /** A record that was durable when this was written: a log that ends before it has lost something. */
  readonly durableRecord: number;
  /** Entries up to this index are not wanted any more, though their segment may still be there. */
  readonly compactedThrough: number;
  /** Complete snapshots, newest first. */
  readonly snapshots: readonly SnapshotName[];
}

export interface Slot {
  readonly generation: number;
  readonly state: ManifestState;
}

/** Throws `STORAGE_FAILED` when the state does not fit: its membership is far beyond any that can work. */
export function encodeSlot({ generation, state }: Slot): Uint8Array {
  const { owner, hardState, logStart, snapshots } = state;
  const fields = new FieldWriter()
    .text(owner.ensemble)
    .text(owner.member)
    .u64(owner.life)
    .u64(state.incarnation)
    .u8(hardState === undefined ? 0 : 1)
    .u64(hardState?.term ?? 0)
    .u8(hardState?.vote === undefined ? 0 : 1)
    .text(hardState?.vote ?? '')
    .u8(hardState?.founding === undefined ? 0 : 1)
    .bytes(hardState?.founding ?? new Uint8Array(0))
    .u64(logStart.segment)
    .u64(logStart.record)
    .u32(logStart.link)
    .u64(state.lastSegment)
    .u64(state.durableRecord)
    .u64(state.compactedThrough)
    .u8(snapshots.length);
  for (const { index, term } of snapshots) fields.u64(index).u64(term);
  const payload = fields.finish();
  if (headerBytes + payload.length > slotBytes) {
    const reason = `term, vote and membership take ${payload.length} bytes, more than a slot of the manifest has`;
    throw new CoordinationError('STORAGE_FAILED', { details: { reason } });
  }
  const header = new FieldWriter()
    .u32(magic)
    .u32(formatVersion)
    .u64(generation)
    .u32(payload.length)
    .u32(crc32(payload))
    .finish();
  const bytes = new Uint8Array(headerBytes + payload.length);
  bytes.set(header);
  viewOf(bytes).setUint32(header.length, crc32(header));
  bytes.set(payload, headerBytes);
  return bytes;
}

/**
 * Undefined: no slot that holds (never written, torn or damaged).
 *
 * @throws CoordinationError `UNSUPPORTED_VERSION` when a newer release wrote it.
 */
export function decodeSlot(bytes: Uint8Array): Slot | undefined {
  if (bytes.length < headerBytes) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(0) !== magic) return undefined;
  if (view.getUint32(headerBytes - 4) !== crc32(bytes.subarray(0, headerBytes - 4))) return undefined;
  const version = view.getUint32(4);
  if (version !== formatVersion) {
    const reason = `the directory has format version ${version}, this release knows ${formatVersion}`;
    throw new CoordinationError('UNSUPPORTED_VERSION', { details: { reason } });
  }
  const payload = bytes.subarray(headerBytes, headerBytes + view.getUint32(16));
  if (payload.length !== view.getUint32(16) || crc32(payload) !== view.getUint32(20)) return undefined;
  return { generation: getU64(view, 8), state: decodeState(new FieldReader(payload)) };
}

function decodeState(reader: FieldReader): ManifestState {
  const owner = { ensemble: reader.text(), member: reader.text(), life: reader.u64() };
  const incarnation = reader.u64();
  const hasHardState = reader.u8() === 1;
  const term = reader.u64();
  const hasVote = reader.u8() === 1;
  const vote = reader.text();
  const hasFounding = reader.u8() === 1;
  const founding = reader.bytes();
  const logStart = { segment: reader.u64(), record: reader.u64(), link: reader.u32() };
  const hardState = {
    term,
    vote: hasVote ? vote : undefined,
    founding: hasFounding ? founding : undefined,
  };
  const [lastSegment, durableRecord, compactedThrough] = [reader.u64(), reader.u64(), reader.u64()];
  const snapshots: SnapshotName[] = [];
  for (let left = reader.u8(); left > 0; left -= 1) {
    snapshots.push({ index: reader.u64(), term: reader.u64() });
  }
  if (lastSegment < logStart.segment - 1) throw corrupted('the manifest names its segments in no order');
  return {
    owner,
    incarnation,
    hardState: hasHardState ? hardState : undefined,
    logStart,
    lastSegment,
    durableRecord,
    compactedThrough,
    snapshots,
  };
}
