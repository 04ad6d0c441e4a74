/**
 * The log in memory: everything after `boundaryIndex`. Entries up to the boundary are compacted away; of the
 * last of them only the term is known, which is enough to name it as the predecessor of the next one.
 *
 * Invariants: indexes are consecutive; terms never fall; boundary <= snapshot (an own snapshot keeps some
 * entries behind it for followers that lag a little), except that both are 0 in a new log.
 */
import { invariant } from '../invariant.ts';
import type { Entry, SnapshotMeta } from '../ports/entry.ts';

/** What an entry costs beside its body: header on disk and wire, objects in memory. */
const entryOverheadBytes = 64;

/** Bytes that an entry is counted with, in every bound on bytes. */
export function entryBytes(entry: Entry): number {
  return entry.body.length + entryOverheadBytes;
}

export class RaftLog {
  #entries: Entry[] = [];
  #boundaryIndex = 0;
  #boundaryTerm = 0;
  #snapshot: SnapshotMeta | undefined;
  #bytesSinceSnapshot = 0;
  #wallMsLast = 0;
  /** The stored log does not, or may not, go on from the stored snapshot: the storage must install it once more. */
  readonly hasConflictOnDisk: boolean = false;

  constructor(snapshot: SnapshotMeta | undefined, entries: readonly Entry[]) {
    this.#snapshot = snapshot;
    if (snapshot !== undefined) {
      this.#boundaryIndex = snapshot.index;
      this.#boundaryTerm = snapshot.term;
    }
    const first = entries[0];
    const last = entries.at(-1);
    if (first === undefined || last === undefined) {
      // A crash may have come between the last chunk of a received snapshot and its installation, when there was no
      // log yet: the storage still awaits entry 1. Installed once more, it awaits the one after the snapshot.
      this.hasConflictOnDisk = snapshot !== undefined;
      return;
    }
    invariant(first.index <= this.#boundaryIndex + 1, 'no gap between snapshot and log', {
      snapshotIndex: this.#boundaryIndex,
      firstIndex: first.index,
    });
    if (first.index === this.#boundaryIndex + 1) {
      this.append(entries);
      return;
    }
    const atSnapshot = entries[this.#boundaryIndex - first.index];
    if (atSnapshot === undefined || atSnapshot.term !== this.#boundaryTerm) {
      // The snapshot is newer than the log or contradicts it: a crash came between its installation and the
      // removal of the old log (openraft 674e78aa). Only the snapshot is committed for certain.
      this.hasConflictOnDisk = true;
      return;
    }
    // The term of the entry before the first one is not stored, so the first one becomes the boundary.
    this.#boundaryIndex = first.index;
    this.#boundaryTerm = first.term;
    this.append(entries.slice(1));
    this.#measureSinceSnapshot();
  }

  /** Index of the last compacted entry, whose term is still known; 0 in a new log. */
  get boundaryIndex(): number {
    return this.#boundaryIndex;
  }

  get boundaryTerm(): number {
    return this.#boundaryTerm;
  }

  /** First index that `entryAt` answers; `lastIndex + 1` when there is none. */
  get firstIndex(): number {
    return this.#boundaryIndex + 1;
  }

  get lastIndex(): number {
    return this.#boundaryIndex + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? this.#boundaryTerm;
  }

  get snapshot(): SnapshotMeta | undefined {
    return this.#snapshot;
  }

  get snapshotIndex(): number {
    return this.#snapshot?.index ?? 0;
  }

  /** Elapsed ensemble time at the last entry, in milliseconds. */
  get lastElapsedMs(): number {
    return this.#entries.at(-1)?.elapsedMs ?? this.#snapshot?.elapsedMs ?? 0;
  }

  /** Highest wall time of an entry seen here, in milliseconds since 1970. */
  get lastWallMs(): number {
    return this.#wallMsLast;
  }

  get countSinceSnapshot(): number {
    return this.lastIndex - Math.max(this.snapshotIndex, this.#boundaryIndex);
  }

  get bytesSinceSnapshot(): number {
    return this.#bytesSinceSnapshot;
  }

  entryAt(index: number): Entry {
    const entry = this.#entries[index - this.#boundaryIndex - 1];
    invariant(entry !== undefined, 'the entry is in the log', {
      index,
      firstIndex: this.firstIndex,
      lastIndex: this.lastIndex,
    });
    return entry;
  }

  /** Term at an index; undefined: compacted, or not there yet. */
  termAt(index: number): number | undefined {
    if (index === this.#boundaryIndex) return this.#boundaryTerm;
    return this.#entries[index - this.#boundaryIndex - 1]?.term;
  }

  /** Whether a candidate's log is at least as complete as this one (Raft thesis 3.6.1). */
  isUpToDate(candidate: { readonly lastIndex: number; readonly lastTerm: number }): boolean {
    if (candidate.lastTerm !== this.lastTerm) return candidate.lastTerm > this.lastTerm;
    return candidate.lastIndex >= this.lastIndex;
  }

  /**
   * The last index at or before `index` whose term is at most `term`: where two logs may still agree. It lets a
   * leader skip all entries of a conflicting term in one exchange (Raft thesis 3.5).
   */
  lastAgreeable(index: number, term: number): { readonly index: number; readonly term: number } {
    let candidate = Math.min(index, this.lastIndex);
    while (candidate > this.#boundaryIndex && this.entryAt(candidate).term > term) candidate -= 1;
    return { index: candidate, term: this.termAt(candidate) ?? 0 };
  }

  /** Entries from `start`, at most `entriesMax`, closed after `bytesMax` (a first one may exceed it). */
  slice(start: number, bounds: { readonly entriesMax: number; readonly bytesMax: number }): readonly Entry[] {
    invariant(start > this.#boundaryIndex, 'a slice starts in the log', { start });
    const from = start - this.#boundaryIndex - 1;
    let end = from;
    let bytes = 0;
    while (end < this.#entries.length && end - from < bounds.entriesMax) {
      const entry = this.#entries[end];
      if (entry === undefined) break;
      bytes += entryBytes(entry);
      if (end > from && bytes > bounds.bytesMax) break;
      end += 1;
    }
    return this.#entries.slice(from, end);
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      invariant(entry.index === this.lastIndex + 1, 'indexes are consecutive');
      invariant(entry.term >= this.lastTerm, 'terms never fall along the log');
      this.#entries.push(entry);
      this.#wallMsLast = Math.max(this.#wallMsLast, entry.wallMs);
      if (entry.index > this.snapshotIndex) this.#bytesSinceSnapshot += entryBytes(entry);
    }
  }

  /** Drops everything from `index` on: it conflicts with a leader's log. */
  truncateFrom(index: number): void {
    invariant(index > this.#boundaryIndex, 'what is compacted is never truncated', { index });
    invariant(index > this.snapshotIndex, 'what is in a snapshot is never truncated', { index });
    while (this.lastIndex >= index) {
      const entry = this.#entries.pop();
      if (entry !== undefined) this.#bytesSinceSnapshot -= entryBytes(entry);
    }
  }

  /** An own (or received, but already contained) snapshot: from now on it is the newest one. */
  snapshotTaken(meta: SnapshotMeta): void {
    invariant(meta.index > this.snapshotIndex, 'snapshots only move forward', { index: meta.index });
    invariant(this.termAt(meta.index) === meta.term, 'an own snapshot has the log of its index', {
      index: meta.index,
    });
    this.#snapshot = meta;
    this.#measureSinceSnapshot();
  }

  /** Forgets entries up to `index`, inclusive. */
  compactThrough(index: number): void {
    invariant(index <= this.snapshotIndex, 'only what a snapshot holds is compacted', { index });
    const term = this.termAt(index);
    invariant(term !== undefined, 'the new boundary is in the log', { index });
    this.#entries = this.#entries.slice(index - this.#boundaryIndex);
    this.#boundaryIndex = index;
    this.#boundaryTerm = term;
  }

  /** A received snapshot replaces everything. */
  install(meta: SnapshotMeta): void {
    invariant(meta.index > this.snapshotIndex, 'snapshots only move forward', { index: meta.index });
    this.#entries = [];
    this.#snapshot = meta;
    this.#boundaryIndex = meta.index;
    this.#boundaryTerm = meta.term;
    this.#bytesSinceSnapshot = 0;
  }

  /** Checks what must always hold; for tests and simulators, it reads the whole log. */
  validate(): void {
    let term = this.#boundaryTerm;
    let bytes = 0;
    for (const [position, entry] of this.#entries.entries()) {
      invariant(entry.index === this.#boundaryIndex + position + 1, 'indexes are consecutive', {
        index: entry.index,
      });
      invariant(entry.term >= term, 'terms never fall along the log', { index: entry.index });
      term = entry.term;
      if (entry.index > this.snapshotIndex) bytes += entryBytes(entry);
    }
    invariant(this.#boundaryIndex <= this.snapshotIndex, 'only what a snapshot holds is compacted');
    invariant(this.snapshotIndex <= this.lastIndex, 'the log reaches to its snapshot');
    invariant(bytes === this.#bytesSinceSnapshot, 'bytes since the snapshot add up', {
      counted: bytes,
      kept: this.#bytesSinceSnapshot,
    });
  }

  #measureSinceSnapshot(): void {
    this.#bytesSinceSnapshot = 0;
    for (
      let index = Math.max(this.snapshotIndex, this.#boundaryIndex) + 1;
      index <= this.lastIndex;
      index += 1
    ) {
      this.#bytesSinceSnapshot += entryBytes(this.entryAt(index));
    }
  }
}
