/**
 * What is durable of one incarnation of a member, told by the writes that became durable and by what a restart
 * found. It keeps terms and sizes, not bodies: that the same index and term mean the same entry is LogMatching's
 * business. A crash may leave more on the disk than anybody was told; the next opening says what.
 */
import type { HardState, SnapshotMeta, StoredState, WriteBatch } from '@quorate/core/ports';

/** A snapshot on a disk, with its bytes unless they were written before anybody watched. */
export interface MirroredSnapshot {
  readonly meta: SnapshotMeta;
  readonly chunks: readonly Uint8Array[] | undefined;
}

export class DiskMirror {
  readonly member: string;
  readonly incarnation: number;
  /** Its disk was wiped: nothing changes any more, and what it held is remembered as what it once promised. */
  isWiped = false;
  /** The batch that was handed over last, until it is durable or a start has told what became of it. */
  underWay: WriteBatch | undefined;
  #hardState: HardState | undefined;
  #terms: number[] = [];
  #firstIndex = 1;
  #complete: MirroredSnapshot | undefined;
  #partial: { readonly meta: SnapshotMeta; readonly chunks: Uint8Array[]; byteCount: number } | undefined;

  constructor(member: string, incarnation: number) {
    this.member = member;
    this.incarnation = incarnation;
  }

  get hardState(): HardState | undefined {
    return this.#hardState;
  }

  get term(): number {
    return this.#hardState?.term ?? 0;
  }

  /** The newest complete snapshot. */
  get snapshot(): MirroredSnapshot | undefined {
    return this.#complete;
  }

  /** Whether the first bytes of the snapshot at this index, or all of a later one, are on the disk. */
  holdsSnapshot(index: number, byteCount: number): boolean {
    if ((this.#complete?.meta.index ?? 0) >= index) return true;
    return this.#partial?.meta.index === index && this.#partial.byteCount >= byteCount;
  }

  /** Index of the first entry that the log holds, or would hold. */
  get firstIndex(): number {
    return this.#firstIndex;
  }

  get lastIndex(): number {
    return Math.max(this.#firstIndex + this.#terms.length - 1, this.#complete?.meta.index ?? 0);
  }

  /** Term of an entry that is on the disk; undefined also for one that only a snapshot holds. */
  termAt(index: number): number | undefined {
    return this.#terms[index - this.#firstIndex];
  }

  /** Whether this entry, or a snapshot that contains it, is on the disk. */
  holds(index: number, term: number): boolean {
    if (index === 0 || this.termAt(index) === term) return true;
    const meta = this.#complete?.meta;
    if (meta === undefined || index > meta.index) return false;
    return index < meta.index || term === meta.term;
  }

  /** A start found this. */
  opened(stored: StoredState): void {
    this.underWay = undefined;
    this.#hardState = stored.hardState;
    this.#partial = undefined;
    const { snapshot, entries } = stored;
    if (snapshot === undefined) this.#complete = undefined;
    else if (this.#complete === undefined || !isSame(this.#complete.meta, snapshot))
      this.#complete = { meta: snapshot, chunks: undefined };
    this.#firstIndex = entries[0]?.index ?? (snapshot?.index ?? 0) + 1;
    this.#terms = entries.map((entry) => entry.term);
  }

  /** A batch has become durable. */
  stored(batch: WriteBatch): void {
    this.underWay = undefined;
    if (batch.hardState !== undefined) this.#hardState = batch.hardState;
    if (batch.snapshotChunk !== undefined) this.#addChunk(batch.snapshotChunk);
    if (batch.install !== undefined) {
      this.#terms = [];
      this.#firstIndex = batch.install.index + 1;
    }
    if (batch.truncateFrom !== undefined) {
      this.#terms.length = Math.max(0, Math.min(this.#terms.length, batch.truncateFrom - this.#firstIndex));
    }
    for (const entry of batch.entries ?? []) {
      if (this.#terms.length === 0) this.#firstIndex = entry.index;
      this.#terms.push(entry.term);
    }
    if (batch.compactThrough !== undefined && batch.compactThrough >= this.#firstIndex) {
      this.#terms.splice(0, batch.compactThrough + 1 - this.#firstIndex);
      this.#firstIndex = batch.compactThrough + 1;
    }
  }

  #addChunk(chunk: NonNullable<WriteBatch['snapshotChunk']>): void {
    const { meta, offset, bytes, last } = chunk;
    if (offset === 0) this.#partial = { meta, chunks: [], byteCount: 0 };
    const partial = this.#partial;
    if (partial === undefined || !isSame(partial.meta, meta) || partial.byteCount !== offset) return;
    partial.chunks.push(bytes);
    partial.byteCount += bytes.length;
    if (!last) return;
    this.#partial = undefined;
    if (this.#complete === undefined || this.#complete.meta.index <= meta.index) {
      this.#complete = { meta, chunks: partial.chunks };
    }
  }
}

function isSame(left: SnapshotMeta, right: SnapshotMeta): boolean {
  return left.index === right.index && left.term === right.term;
}
