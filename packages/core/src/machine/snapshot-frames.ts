/**
 * The layout of a snapshot, version 1: a header of 16 bytes, then frames. All integers are big-endian.
 *
 *   header: u32 magic "QSNP", u32 format version, u32 machine version, u32 hash of the twelve bytes before
 *   frame:  u32 payload length, u32 hash of frame number and payload, payload
 *
 * Frames are numbered from 0, so a frame that is missing, doubled or in another place is found by its hash. A
 * chunk of the writer is one frame; on its way it may be cut anywhere. Within a payload lie whole records
 * (snapshot-records.ts).
 */
import { ByteReader, ByteWriter, copyRange } from '../codec/bytes.ts';
import { hashBytes, mix } from '../codec/hash.ts';
import { CoordinationError } from '../errors.ts';
import { machineVersion, machineVersions, snapshotFormatVersion } from './versions.ts';

const magic = 0x51_53_4e_50;
const headerBytes = 16;
const frameHeaderBytes = 8;
const headerSeed = 0x5b_e0_cd_19;
const frameSeed = 0x1f_83_d9_ab;

/**
 * Longest payload that a reader believes in. A frame is about one chunk long, but one record of any size must
 * fit; memory is only taken for bytes that have arrived, so this is a sanity check, not an allocation.
 */
export const framePayloadBytesMax = 0x3fff_ffff;

/** The damage of a snapshot, in words. */
export function corrupted(reason: string, cause?: unknown): CoordinationError {
  return new CoordinationError('CORRUPTED', {
    details: { reason: `the snapshot is damaged: ${reason}` },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Starts a snapshot: the first chunk begins with it. */
export function writeSnapshotHeader(writer: ByteWriter): void {
  const header = new ByteWriter();
  header.u32(magic);
  header.u32(snapshotFormatVersion);
  header.u32(machineVersion);
  const bytes = header.finish();
  writer.bytes(bytes);
  writer.u32(hashBytes(bytes, 0, bytes.length, headerSeed) >>> 0);
}

/** Leaves room for a frame's header; its payload is to be written next. Returns where the frame begins. */
export function beginFrame(writer: ByteWriter): number {
  return writer.reserve(frameHeaderBytes);
}

/** Fills in the header of the frame that begins at `frameStart` and takes the rest of `bytes`. */
export function sealFrame(bytes: Uint8Array, frameStart: number, frameNumber: number): void {
  const payloadStart = frameStart + frameHeaderBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(frameStart, bytes.length - payloadStart);
  view.setUint32(frameStart + 4, frameHash(bytes, payloadStart, frameNumber));
}

/** Cuts pushed bytes into verified payloads, wherever the pieces were cut. */
export class FrameReader {
  readonly #pieces: Uint8Array[] = [];
  #available = 0;
  #hasHeader = false;
  #framesCount = 0;
  /** Of the payload that is awaited; undefined while the next eight bytes are a frame's header. */
  #payload: { readonly length: number; readonly hash: number } | undefined;

  /** Takes a copy: the caller may use its bytes again. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(copyRange(bytes, 0, bytes.length));
    this.#available += bytes.length;
  }

  /** The next complete payload, in memory of its own; undefined until more bytes come. */
  next(): Uint8Array | undefined {
    if (!this.#hasHeader) {
      const header = this.#take(headerBytes);
      if (header === undefined) return undefined;
      checkHeader(header);
      this.#hasHeader = true;
    }
    if (this.#payload === undefined) {
      const header = this.#take(frameHeaderBytes);
      if (header === undefined) return undefined;
      const reader = new ByteReader(header);
      const length = reader.u32();
      if (length > framePayloadBytesMax) throw corrupted('a frame is too long');
      this.#payload = { length, hash: reader.u32() };
    }
    const payload = this.#take(this.#payload.length);
    if (payload === undefined) return undefined;
    if (frameHash(payload, 0, this.#framesCount) !== this.#payload.hash) {
      throw corrupted('the hash of a frame is wrong');
    }
    this.#framesCount += 1;
    this.#payload = undefined;
    return payload;
  }

  /** Nothing is left over: the last byte pushed was the last of a frame. */
  get isBetweenFrames(): boolean {
    return this.#hasHeader && this.#payload === undefined && this.#available === 0;
  }

  #take(length: number): Uint8Array | undefined {
    if (this.#available < length) return undefined;
    const taken = new Uint8Array(length);
    let filled = 0;
    let used = 0;
    for (const piece of this.#pieces) {
      if (filled === length) break;
      const wanted = Math.min(piece.length, length - filled);
      taken.set(wanted === piece.length ? piece : piece.subarray(0, wanted), filled);
      filled += wanted;
      if (wanted < piece.length) this.#pieces[used] = piece.subarray(wanted);
      else used += 1;
    }
    this.#pieces.splice(0, used);
    this.#available -= length;
    return taken;
  }
}

function checkHeader(header: Uint8Array): void {
  const reader = new ByteReader(header);
  const isOurs = reader.u32() === magic;
  const formatVersion = reader.u32();
  const version = reader.u32();
  if (!isOurs || reader.u32() !== hashBytes(header, 0, headerBytes - 4, headerSeed) >>> 0) {
    throw corrupted('it does not begin like one');
  }
  if (formatVersion !== snapshotFormatVersion) {
    throw unsupported(`snapshot format version ${formatVersion} is unknown to this release`);
  }
  if (!machineVersions.some((row) => row.version === version)) {
    throw unsupported(`machine version ${version} is unknown to this release`);
  }
}

function unsupported(reason: string): CoordinationError {
  return new CoordinationError('UNSUPPORTED_VERSION', { details: { reason } });
}

function frameHash(bytes: Uint8Array, payloadStart: number, frameNumber: number): number {
  return hashBytes(bytes, payloadStart, bytes.length, mix(frameSeed, frameNumber)) >>> 0;
}
