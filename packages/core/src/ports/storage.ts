/** The storage port: where a peer's log, votes and snapshots survive. */
import type { Entry, HardState, SnapshotMeta } from './entry.ts';

/** One chunk of a snapshot that is being written: own or received, they take the same way. */
export interface SnapshotChunk {
  readonly meta: SnapshotMeta;
  /** Position of `bytes` in the snapshot. Chunks come in order; offset 0 starts over. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** True on the final chunk: from here on the snapshot is complete and may be read. */
  readonly last: boolean;
}

/**
 * What must become durable together, applied in the order of the fields. Nothing of a batch may be visible
 * after a crash unless everything before it in the order is.
 */
export interface WriteBatch {
  readonly hardState?: HardState;
  readonly snapshotChunk?: SnapshotChunk;
  /** A complete received snapshot replaces the whole log: every entry is dropped. */
  readonly install?: SnapshotMeta;
  /** Entries from this index on are dropped; they conflict with the leader's. */
  readonly truncateFrom?: number;
  /** Appended; indexes follow on without a gap. */
  readonly entries?: readonly Entry[];
  /** A complete own snapshot makes entries up to this index (inclusive) unneeded. */
  readonly compactThrough?: number;
}

/** What a storage holds when it is opened. */
export interface StoredState {
  /** Random identity of this storage's life; a new or damaged one takes the one that was offered. */
  readonly incarnation: number;
  readonly hardState: HardState | undefined;
  readonly snapshot: SnapshotMeta | undefined;
  /** In order, without a gap, starting at most at snapshot.index + 1. */
  readonly entries: readonly Entry[];
  /**
   * What is damaged or missing, in words; undefined: nothing. Then the rest is the intact part before the damage, and
   * `incarnation` is the one that was offered, because this member may have promised what is gone: it counts for
   * nothing until its ensemble has admitted it again, and if it is alone it does not start. The directory stays as
   * it was found until the first write.
   */
  readonly damage?: string | undefined;
}

/** Who opens a storage, and what to write into a new one. */
export interface StorageOwner {
  readonly member: string;
  readonly ensemble: string;
  /** Used if the storage is new or damaged: a random safe integer above 0. */
  readonly incarnation: number;
}

/**
 * A storage belongs to one peer at a time. The peer calls `write` with at most one write outstanding.
 * A rejected promise poisons the storage: the peer stops, and nothing is retried. There is one exception, a `write`
 * that is rejected with a CoordinationError `STORAGE_FULL`: there was no room for it, nothing of its entries was
 * written, and the peer may hand in the same batch again until there is room.
 * Byte arrays are handed over: neither side changes what it has passed to the other.
 */
export interface Storage {
  open(owner: StorageOwner): Promise<StoredState>;
  /** Resolves when everything in the batch is durable. */
  write(batch: WriteBatch): Promise<void>;
  /**
   * Bytes of the newest complete snapshot from `offset`, at most `length`; fewer only at its end. Undefined is no
   * failure: a newer snapshot has replaced the one that `meta` names, or it is shorter than `offset`.
   */
  readSnapshot(
    meta: SnapshotMeta,
    range: { offset: number; length: number },
  ): Promise<SnapshotRead | undefined>;
  close(): Promise<void>;
}

/** What `readSnapshot` answers. */
export interface SnapshotRead {
  readonly bytes: Uint8Array;
  readonly last: boolean;
}
