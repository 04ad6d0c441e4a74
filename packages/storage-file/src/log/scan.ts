/**
 * Reads the log when a storage opens: record by record from the manifest's start as far as the chain holds, and
 * then judges what comes behind it. The possible ends, each with a test, are the rows of docs/internals/recovery.md.
 *
 * Nothing is changed here, so a directory that is refused stays as it was found.
 */
import type { Directory } from '@quorate/core/ports';
import { CoordinationError } from '@quorate/core';
import { directorySeed, segmentSeed } from '../binding.ts';
import { corrupted, systemCode } from '../failures.ts';
import type { ManifestState } from '../manifest/manifest-slot.ts';
import { LogState } from './log-state.ts';
import { decodePayload } from './payload.ts';
import { type ChainPosition, isZero, readPayload, readRecordHeader, recordLength } from './record.ts';
import { readSegmentSize, segmentHeaderBytes, segmentName } from './segment.ts';
import { hasLaterRecord, isTorn } from './tear.ts';

/** One segment as the log uses it. */
export interface SegmentUse {
  readonly segment: number;
  readonly size: number;
  /** The chain before its first record. */
  readonly before: ChainPosition;
  /** Where its next record would stand. */
  position: number;
  /** The highest index of an entry in it, 0 without one. */
  maxIndex: number;
}

/** Bytes that are no part of the log, and have to be zeros again before the log goes on. */
export interface Leftover {
  readonly segment: number;
  readonly start: number;
  readonly end: number;
}

export interface ScannedLog {
  readonly state: LogState;
  readonly chain: ChainPosition;
  /** Those that hold records, and the first one in any case; in order. */
  readonly used: readonly SegmentUse[];
  /** Those that were made and wait to be used. */
  readonly spare: readonly { readonly segment: number; readonly size: number }[];
  /** Where the last record stands. */
  readonly last: { readonly segment: number; readonly start: number; readonly bytes: Uint8Array } | undefined;
  readonly leftovers: readonly Leftover[];
  /** What is damaged, in words; the rest of this is then the intact part before it. */
  readonly damage: string | undefined;
}

/** A place where no whole record stands although the bytes are not zero. */
interface Suspect {
  readonly segment: number;
  readonly bytes: Uint8Array;
  readonly position: number;
}

export async function scanLog(directory: Directory, manifest: ManifestState): Promise<ScannedLog> {
  const scan = new LogScan(manifest);
  try {
    for (let segment = manifest.logStart.segment; segment <= manifest.lastSegment; segment += 1) {
      scan.add(segment, await readSegment(directory, segment));
    }
    return scan.finish(undefined);
  } catch (error) {
    if (!(error instanceof CoordinationError) || error.code !== 'CORRUPTED') throw error;
    return scan.finish(error.details.reason ?? error.message);
  }
}

async function readSegment(directory: Directory, segment: number): Promise<Uint8Array> {
  const name = segmentName(segment);
  try {
    const file = await directory.open(name, 'read');
    try {
      return await file.read(0, await file.size());
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw corrupted(`${name} is missing`);
    throw error;
  }
}

class LogScan {
  readonly #manifest: ManifestState;
  readonly #seed: number;
  readonly #state = new LogState();
  readonly #used: SegmentUse[] = [];
  #spare: { segment: number; size: number; bytes: Uint8Array }[] = [];
  #suspects: Suspect[] = [];
  #chain: ChainPosition;
  #last: ScannedLog['last'];

  constructor(manifest: ManifestState) {
    this.#manifest = manifest;
    this.#seed = directorySeed(manifest.owner);
    const { record, link } = manifest.logStart;
    this.#chain = { number: record, link };
  }

  /** Throws `CORRUPTED` for a segment that is not whole; what was read before it stays. */
  add(segment: number, bytes: Uint8Array): void {
    const name = segmentName(segment);
    const size = readSegmentSize(bytes, this.#seed, segment);
    if (size === undefined) throw corrupted(`the header of ${name} is damaged`);
    // What is left of it is read all the same: the intact part is larger with it.
    const use = this.#replay(segment, bytes, size);
    if (bytes.length < size) throw corrupted(`${name} has ${bytes.length} bytes instead of ${size}`);
    if (!isZero(bytes, use.position, bytes.length)) {
      this.#suspects.push({ segment, bytes, position: use.position });
    }
  }

  finish(damage: string | undefined): ScannedLog {
    return {
      state: this.#state,
      chain: this.#chain,
      used: this.#used,
      spare: this.#spare.map(({ segment, size }) => ({ segment, size })),
      last: this.#last,
      leftovers: this.#suspects.map(({ segment, bytes, position }) => ({
        segment,
        start: position,
        end: bytes.length,
      })),
      damage: damage ?? this.#judge(),
    };
  }

  #replay(segment: number, bytes: Uint8Array, size: number): SegmentUse {
    const before = this.#chain;
    const use: SegmentUse = { segment, size, before, position: segmentHeaderBytes, maxIndex: 0 };
    const seed = segmentSeed(this.#seed, segment);
    for (;;) {
      const header = readRecordHeader(bytes, use.position, seed);
      if (header === undefined || !follows(header, this.#chain)) break;
      const payload = readPayload(bytes, use.position, header);
      if (payload === undefined) break;
      const change = decodePayload(payload);
      if (this.#chain === before) this.#begin(use);
      this.#state.apply(change);
      if (change.install !== undefined) for (const earlier of this.#used) earlier.maxIndex = 0;
      use.maxIndex = Math.max(use.maxIndex, change.entries.at(-1)?.index ?? 0);
      const end = use.position + recordLength(header.payloadBytes);
      this.#last = { segment, start: use.position, bytes: bytes.subarray(use.position, end) };
      this.#chain = { number: header.number, link: header.link };
      use.position = end;
    }
    if (this.#chain === before) this.#spareOrFirst(use, bytes);
    return use;
  }

  /** The chain goes on in this segment, so nothing that looked odd before it matters, and nothing was skipped. */
  #begin(use: SegmentUse): void {
    this.#suspects = [];
    for (const { segment, size, bytes } of this.#spare) {
      const before = this.#chain;
      this.#used.push({ segment, size, before, position: bytes.length, maxIndex: 0 });
    }
    this.#spare = [];
    if (this.#used.at(-1) !== use) this.#used.push(use);
  }

  #spareOrFirst(use: SegmentUse, bytes: Uint8Array): void {
    if (this.#used.length === 0) this.#used.push(use);
    else this.#spare.push({ segment: use.segment, size: use.size, bytes });
  }

  /** What the bytes behind the chain are: damage, in words, or leftovers of a write that was cut off. */
  #judge(): string | undefined {
    const chain = this.#chain;
    const { durableRecord } = this.#manifest;
    for (const { segment, bytes, position } of this.#suspects) {
      const place = { seed: segmentSeed(this.#seed, segment), chain };
      const where = `${segmentName(segment)} at byte ${position}`;
      if (hasLaterRecord(bytes, position, place)) return `a damaged record before intact ones, ${where}`;
      if (!isTorn(bytes, position, place)) return `a damaged record at the end of the log, ${where}`;
    }
    if (chain.number >= durableRecord) return undefined;
    return `the log ends with record ${chain.number}, but record ${durableRecord} was durable`;
  }
}

function follows(
  header: { readonly number: number; readonly before: number },
  chain: ChainPosition,
): boolean {
  return header.number === chain.number + 1 && header.before === chain.link;
}
