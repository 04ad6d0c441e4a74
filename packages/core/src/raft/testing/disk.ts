/** A storage in a variable: what `Storage` promises, without its promises. For tests. */
import { invariant } from '../../invariant.ts';
import type { Entry, HardState, SnapshotMeta } from '../../ports/entry.ts';
import type { WriteBatch } from '../../ports/storage.ts';
import type { RaftRestored } from '../input.ts';

export class Disk {
  hardState: HardState | undefined;
  entries: Entry[] = [];
  snapshot: { readonly meta: SnapshotMeta; readonly bytes: Uint8Array } | undefined;
  #writing: { readonly meta: SnapshotMeta; bytes: Uint8Array } | undefined;

  write(batch: WriteBatch): void {
    if (batch.hardState !== undefined) this.hardState = batch.hardState;
    if (batch.snapshotChunk !== undefined) this.#writeChunk(batch.snapshotChunk);
    if (batch.install !== undefined) {
      invariant(this.snapshot?.meta.index === batch.install.index, 'what is installed is complete');
      this.entries = [];
    }
    const from = batch.truncateFrom;
    if (from !== undefined) this.entries = this.entries.filter((entry) => entry.index < from);
    for (const entry of batch.entries ?? []) {
      const last = this.entries.at(-1)?.index ?? this.snapshot?.meta.index ?? 0;
      invariant(entry.index === last + 1, 'stored indexes are consecutive', { index: entry.index, last });
      this.entries.push(entry);
    }
    const through = batch.compactThrough;
    if (through !== undefined) this.entries = this.entries.filter((entry) => entry.index > through);
  }

  /** An own snapshot, written at once. */
  store(meta: SnapshotMeta, bytes: Uint8Array): void {
    this.snapshot = { meta, bytes };
  }

  restored(): RaftRestored {
    return { hardState: this.hardState, snapshot: this.snapshot?.meta, entries: [...this.entries] };
  }

  /** Whether the entry of this index and term is here, or behind a snapshot. */
  holds(index: number, term: number): boolean {
    if (index <= (this.snapshot?.meta.index ?? 0)) return true;
    return this.entries.some((entry) => entry.index === index && entry.term === term);
  }

  #writeChunk(chunk: NonNullable<WriteBatch['snapshotChunk']>): void {
    if (chunk.offset === 0) this.#writing = { meta: chunk.meta, bytes: new Uint8Array(0) };
    const writing = this.#writing;
    invariant(writing !== undefined && writing.bytes.length === chunk.offset, 'chunks are stored in order');
    writing.bytes = Uint8Array.from([...writing.bytes, ...chunk.bytes]);
    if (!chunk.last) return;
    this.snapshot = { meta: writing.meta, bytes: writing.bytes };
    this.#writing = undefined;
  }
}
