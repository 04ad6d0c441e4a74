/**
 * The storage that forgets with its process: one member's "disk" as a plain object. It survives the peer that
 * uses it, so a restart is a new peer on the same storage; a second peer, another member or another ensemble
 * on it is refused.
 *
 * It keeps what it is handed, without copies (see ports/storage.ts: bytes are handed over). A write takes
 * effect at once and resolves a microtask later, so a caller that treats it as durable too early still shows.
 * What callers must keep (no gap, chunks in order) is stated by invariants: a breach is a bug of the caller.
 */
import { CoordinationError } from '../errors.ts';
import { invariant } from '../invariant.ts';
import type { Entry, HardState, SnapshotMeta } from '../ports/entry.ts';
import type {
  SnapshotChunk,
  SnapshotRead,
  Storage,
  StorageOwner,
  StoredState,
  WriteBatch,
} from '../ports/storage.ts';

/**
 * A storage in memory: nothing survives the process.
 *
 * @example
 * const peer = await openPeer({ id: 'a', storage: memoryStorage() });
 */
export function memoryStorage(): Storage {
  return new MemoryStorage();
}

/** A snapshot's bytes as the chunks in which they came. */
interface StoredSnapshot {
  readonly meta: SnapshotMeta;
  readonly chunks: Uint8Array[];
  /** Where each chunk starts, ascending, for a binary search. */
  readonly starts: number[];
  byteCount: number;
}

class MemoryStorage implements Storage {
  #owner: StorageOwner | undefined;
  #isOpen = false;
  #isWriting = false;
  #hardState: HardState | undefined;
  /** Consecutive; the first has index `#firstIndex`. */
  #entries: Entry[] = [];
  #firstIndex = 1;
  /** The newest complete snapshot. Unless undefined, `#firstIndex` is at most the index after it. */
  #complete: StoredSnapshot | undefined;
  /** The one that is being written; a restart forgets it. */
  #partial: StoredSnapshot | undefined;

  async open(owner: StorageOwner): Promise<StoredState> {
    if (this.#isOpen) throw storageFailed('another peer uses this storage');
    const first = (this.#owner ??= owner);
    if (first.member !== owner.member || first.ensemble !== owner.ensemble) {
      throw storageFailed(
        `this storage belongs to member ${JSON.stringify(first.member)} of ensemble ${JSON.stringify(first.ensemble)}, ` +
          `not to ${JSON.stringify(owner.member)} of ${JSON.stringify(owner.ensemble)}`,
      );
    }
    this.#isOpen = true;
    this.#partial = undefined;
    return {
      incarnation: first.incarnation,
      hardState: this.#hardState,
      snapshot: this.#complete?.meta,
      entries: [...this.#entries],
    };
  }

  async write(batch: WriteBatch): Promise<void> {
    this.#assertOpen();
    invariant(!this.#isWriting, 'at most one write is outstanding');
    this.#isWriting = true;
    this.#apply(batch);
    await Promise.resolve();
    this.#isWriting = false;
  }

  async readSnapshot(
    meta: SnapshotMeta,
    range: { offset: number; length: number },
  ): Promise<SnapshotRead | undefined> {
    this.#assertOpen();
    invariant(range.offset >= 0 && range.length > 0, 'a range of a snapshot has bytes', range);
    const snapshot = this.#complete;
    if (snapshot === undefined || !isSame(snapshot.meta, meta)) return undefined;
    if (range.offset > snapshot.byteCount) return undefined;
    const end = Math.min(range.offset + range.length, snapshot.byteCount);
    return { bytes: bytesOf(snapshot, range.offset, end), last: end === snapshot.byteCount };
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#isWriting = false;
  }

  /** In the order of the fields, as the port says. */
  #apply(batch: WriteBatch): void {
    if (batch.hardState !== undefined) this.#setHardState(batch.hardState);
    if (batch.snapshotChunk !== undefined) this.#addChunk(batch.snapshotChunk);
    if (batch.install !== undefined) this.#install(batch.install);
    if (batch.truncateFrom !== undefined) this.#truncateFrom(batch.truncateFrom);
    if (batch.entries !== undefined) this.#append(batch.entries);
    if (batch.compactThrough !== undefined) this.#compactThrough(batch.compactThrough);
  }

  #setHardState(hardState: HardState): void {
    const before = this.#hardState?.term ?? 0;
    invariant(hardState.term >= before, 'the stored term never goes back', { before, after: hardState.term });
    this.#hardState = hardState;
  }

  #addChunk({ meta, offset, bytes, last }: SnapshotChunk): void {
    if (offset === 0) this.#partial = { meta, chunks: [], starts: [], byteCount: 0 };
    const partial = this.#partial;
    invariant(partial !== undefined && isSame(partial.meta, meta), 'a chunk continues its own snapshot', {
      index: meta.index,
      offset,
    });
    invariant(partial.byteCount === offset, 'chunks follow each other without a gap', {
      expected: partial.byteCount,
      offset,
    });
    if (bytes.length > 0) {
      partial.chunks.push(bytes);
      partial.starts.push(offset);
      partial.byteCount += bytes.length;
    }
    if (!last) return;
    this.#partial = undefined;
    // An own snapshot that a received one has overtaken is worth nothing any more.
    if (this.#complete === undefined || this.#complete.meta.index <= meta.index) this.#complete = partial;
  }

  #install(meta: SnapshotMeta): void {
    const complete = this.#complete;
    invariant(
      complete !== undefined && isSame(complete.meta, meta),
      'only a complete snapshot is installed',
      {
        index: meta.index,
      },
    );
    this.#entries = [];
    this.#firstIndex = meta.index + 1;
  }

  #truncateFrom(index: number): void {
    const last = this.#lastIndex();
    invariant(index >= this.#firstIndex && index <= last + 1, 'a truncation begins inside the log', {
      first: this.#firstIndex,
      last,
      index,
    });
    this.#entries.length = index - this.#firstIndex;
  }

  #append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const expected = this.#lastIndex() + 1;
      invariant(entry.index === expected, 'entries follow each other without a gap', {
        expected,
        index: entry.index,
      });
      this.#entries.push(entry);
    }
  }

  #compactThrough(index: number): void {
    const covered = this.#complete?.meta.index ?? 0;
    invariant(index <= covered, 'a complete snapshot covers what is compacted', { covered, index });
    invariant(index <= this.#lastIndex(), 'only entries of the log are compacted', { index });
    if (index < this.#firstIndex) return;
    this.#entries.splice(0, index + 1 - this.#firstIndex);
    this.#firstIndex = index + 1;
  }

  #lastIndex(): number {
    return this.#firstIndex + this.#entries.length - 1;
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw storageFailed('the storage is closed');
  }
}

/** A view where the range lies in one chunk, which is the usual case: readers ask for the size of a chunk. */
function bytesOf(snapshot: StoredSnapshot, start: number, end: number): Uint8Array {
  if (start === end) return new Uint8Array(0);
  let position = chunkAt(snapshot.starts, start);
  const first = viewOf(snapshot, position, start, end);
  if (first.length === end - start) return first;
  const joined = new Uint8Array(end - start);
  joined.set(first);
  for (let at = first.length; at < joined.length; ) {
    position += 1;
    const next = viewOf(snapshot, position, start + at, end);
    joined.set(next, at);
    at += next.length;
  }
  return joined;
}

function viewOf(snapshot: StoredSnapshot, position: number, start: number, end: number): Uint8Array {
  const chunk = snapshot.chunks[position];
  const chunkStart = snapshot.starts[position];
  invariant(chunk !== undefined && chunkStart !== undefined, 'a chunk holds each byte', { position, start });
  return chunk.subarray(start - chunkStart, Math.min(end - chunkStart, chunk.length));
}

/** Position of the last chunk that starts at or before `offset`. */
function chunkAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Index and term name a snapshot: two of them at one place of the log hold the same state. */
function isSame(a: SnapshotMeta, b: SnapshotMeta): boolean {
  return a.index === b.index && a.term === b.term;
}

function storageFailed(reason: string): CoordinationError {
  return new CoordinationError('STORAGE_FAILED', { details: { reason } });
}
