/**
 * Appends to the log: one write and one sync for each record, into segments that were made before.
 *
 * Room is found before anything is written: when the disk is full, `write` fails with the error of the system and
 * nothing has happened. While a segment fills, the next one is made beside it, so that the log rarely waits for one.
 */
import type { Directory, DirectoryFile, Entry } from '@quorate/core/ports';
import { directorySeed, segmentSeed } from '../binding.ts';
import { isDiskFull, syncOf } from '../failures.ts';
import { invariant } from '../invariant.ts';
import { recordBufferBytesMax } from '../limits.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { encodePayload, entryLength, type LogChange, payloadLength } from './payload.ts';
import { type ChainPosition, recordHeaderBytes, recordLength, sealRecord } from './record.ts';
import type { SegmentUse } from './scan.ts';
import { createSegment, segmentHeaderBytes, segmentName } from './segment.ts';

interface Spare {
  readonly segment: number;
  readonly size: number;
}

export interface LogWriterOptions {
  readonly directory: Directory;
  readonly manifest: Manifest;
  readonly segmentBytes: number;
  readonly chain: ChainPosition;
  readonly used: readonly SegmentUse[];
  readonly spare: readonly Spare[];
  /** Making a segment in the background failed, and not because the disk is full. */
  readonly failed: (cause: unknown) => void;
}

export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #seed: number;
  /** Of the open segment. */
  #currentSeed = 0;
  readonly #used: SegmentUse[];
  #spare: Spare[];
  #chain: ChainPosition;
  #file: DirectoryFile | undefined;
  #buffer = new Uint8Array(64 * 1_024);
  #preparing: Promise<void> | undefined;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#seed = directorySeed(options.manifest.state.owner);
    this.#used = options.used.map((use) => ({ ...use }));
    this.#spare = [...options.spare];
    this.#chain = options.chain;
  }

  /** The last record: it is durable, unless a write is under way. */
  get chain(): ChainPosition {
    return this.#chain;
  }

  /** Those that hold records, in order; for purging. */
  get used(): readonly SegmentUse[] {
    return this.#used;
  }

  /** Durable when it resolves. Rejected because the disk is full: nothing of it happened, it may come again. */
  write(change: LogChange): Promise<void> {
    const length = recordLength(payloadLength(change));
    const current = this.#used.at(-1);
    const hasRoom = current !== undefined && current.position + length <= current.size;
    return this.#file !== undefined && hasRoom
      ? this.#append(change, length, current)
      : this.#writeParts(change);
  }

  async #writeParts(change: LogChange): Promise<void> {
    const parts = splitChange(change, this.#options.segmentBytes - segmentHeaderBytes);
    const lengths = parts.map((part) => recordLength(payloadLength(part)));
    await this.#makeRoom(lengths);
    for (const [number, part] of parts.entries()) {
      const partLength = lengths[number] ?? 0;
      await this.#append(part, partLength, await this.#segmentFor(partLength));
    }
  }

  /** Drops the first segments of the log; the manifest no longer names them when it resolves. */
  async dropBefore(first: SegmentUse): Promise<void> {
    const { directory, manifest } = this.#options;
    const position = this.#used.indexOf(first);
    invariant(position >= 0, 'the log goes on with a segment of its own');
    if (position === 0) return;
    const { number: record, link } = first.before;
    await manifest.update((state) => ({ ...state, logStart: { segment: first.segment, record, link } }));
    for (const { segment } of this.#used.splice(0, position)) await directory.remove(segmentName(segment));
  }

  /** Makes the next segment in the background, unless there is one. */
  prepare(): void {
    if (this.#preparing !== undefined || this.#spare.length > 0) return;
    this.#preparing = this.#makeSegment(this.#options.segmentBytes)
      .catch((cause: unknown) => {
        // Nobody needs it yet: whoever does tries again, and is told.
        if (!isDiskFull(cause)) this.#options.failed(cause);
      })
      .finally(() => {
        this.#preparing = undefined;
      });
  }

  /** Nothing is being made in the background any more, until the next write. */
  async settle(): Promise<void> {
    await this.#preparing;
  }

  async close(): Promise<void> {
    await this.#preparing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #append(change: LogChange, length: number, current: SegmentUse): Promise<void> {
    const file = this.#file;
    invariant(file !== undefined, 'the current segment is open');
    const bytes = this.#record(length);
    encodePayload(change, bytes, recordHeaderBytes);
    const chain = sealRecord(bytes, {
      payloadBytes: payloadLength(change),
      position: current.position,
      seed: this.#currentSeed,
      before: this.#chain,
    });
    await file.write(bytes, current.position);
    await syncOf(segmentName(current.segment), file);
    this.#chain = chain;
    current.position += length;
    if (change.install !== undefined) for (const use of this.#used) use.maxIndex = 0;
    current.maxIndex = Math.max(current.maxIndex, change.entries.at(-1)?.index ?? 0);
  }

  /** Zeros of this length, of a buffer that is used again. */
  #record(length: number): Uint8Array {
    if (length > recordBufferBytesMax) return new Uint8Array(length);
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(2 ** Math.ceil(Math.log2(length)));
    return this.#buffer.subarray(0, length).fill(0);
  }

  /** Sees to it that records of these lengths fit, one after the other. */
  async #makeRoom(lengths: readonly number[]): Promise<void> {
    await this.#preparing;
    const current = this.#used.at(-1);
    let position = current?.position ?? 0;
    let size = current?.size ?? 0;
    let next = 0;
    for (const length of lengths) {
      if (position + length > size) {
        const wanted = Math.max(this.#options.segmentBytes, segmentHeaderBytes + length);
        const spare = this.#spare[next];
        if (spare !== undefined && spare.size < segmentHeaderBytes + length) await this.#dropSpare(next);
        if (this.#spare[next] === undefined) await this.#makeSegment(wanted);
        size = this.#spare[next]?.size ?? 0;
        position = segmentHeaderBytes;
        next += 1;
      }
      position += length;
    }
  }

  async #segmentFor(length: number): Promise<SegmentUse> {
    const { directory } = this.#options;
    let current = this.#used.at(-1);
    if (current === undefined || current.position + length > current.size) {
      const spare = this.#spare.shift();
      invariant(spare !== undefined, 'room was made before');
      await this.#file?.close();
      this.#file = undefined;
      current = { ...spare, before: this.#chain, position: segmentHeaderBytes, maxIndex: 0 };
      this.#used.push(current);
    }
    if (this.#file === undefined) {
      this.#file = await directory.open(segmentName(current.segment), 'write');
      this.#currentSeed = segmentSeed(this.#seed, current.segment);
      this.prepare();
    }
    return current;
  }

  async #makeSegment(size: number): Promise<void> {
    const { directory, manifest } = this.#options;
    const segment = manifest.state.lastSegment + 1;
    await createSegment(directory, { seed: this.#seed, segment, size });
    await manifest.update((state) => ({ ...state, lastSegment: segment }));
    this.#spare.push({ segment, size });
  }

  /** Gives up the spare segments from this one on: they are too small for what comes next. */
  async #dropSpare(from: number): Promise<void> {
    const { directory, manifest } = this.#options;
    const dropped = this.#spare.splice(from);
    const first = dropped[0];
    if (first === undefined) return;
    await manifest.update((state) => ({ ...state, lastSegment: first.segment - 1 }));
    for (const { segment } of dropped) await directory.remove(segmentName(segment));
  }
}

/** Cuts what is too large for one record, at the borders of entries. A single large entry stays whole. */
export function splitChange(change: LogChange, bytesMax: number): readonly LogChange[] {
  if (recordLength(payloadLength(change)) <= bytesMax) return [change];
  const parts: LogChange[] = [];
  let part: Part = { ...change, entries: [] };
  let payloadBytes = payloadLength(part);
  for (const entry of change.entries) {
    const more = entryLength(entry);
    if (part.entries.length > 0 && recordLength(payloadBytes + more) > bytesMax) {
      parts.push(part);
      part = { entries: [] };
      payloadBytes = payloadLength(part);
    }
    part.entries.push(entry);
    payloadBytes += more;
  }
  parts.push(part);
  return parts;
}

interface Part extends LogChange {
  readonly entries: Entry[];
}
