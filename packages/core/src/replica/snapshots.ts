/**
 * Taking a snapshot beside the running replica, and receiving one. Both go chunk by chunk: an own snapshot
 * writes its next chunk when the last one is durable, so it paces itself by the disk; a received one is decoded
 * as it arrives, and only a whole, verified state replaces the machine.
 */
import type { Machine } from '../machine/machine.ts';
import { SnapshotReader } from '../machine/snapshot-reader.ts';
import type { SnapshotWriter } from '../machine/snapshot-writer.ts';
import { CoordinationError } from '../errors.ts';
import type { SnapshotMeta } from '../ports/entry.ts';
import type { SnapshotChunk } from '../ports/storage.ts';
import { encodeMembership } from '../raft/membership.ts';
import type { InstallSnapshot } from '../raft/messages.ts';
import type { Raft } from '../raft/raft.ts';

export interface SnapshotLimits {
  readonly snapshotAfterEntries: number;
  readonly snapshotAfterBytes: number;
}

/** More would be in vain: then changes come faster than they are prepared. */
const preparationsMax = 16;

/** Names the snapshot that the machine would give now. */
export function snapshotMetaOf(raft: Raft, machine: Machine): SnapshotMeta {
  const index = machine.appliedIndex;
  const membership = encodeMembership(raft.membershipAt(index));
  return { index, term: raft.termAt(index), elapsedMs: machine.elapsedMs, membership };
}

interface Taking {
  readonly meta: SnapshotMeta;
  readonly writer: SnapshotWriter;
  offset: number;
}

/** The snapshot that this replica takes of itself, at most one at a time. */
export class SnapshotTaking {
  #taking: Taking | undefined;
  /** A chunk is on its way to the disk. */
  #isWriting = false;
  #lastBytes = 0;
  #preparations = 0;

  /** Length of the last snapshot that was completed here; 0 before the first. */
  get lastBytes(): number {
    return this.#lastBytes;
  }

  get isActive(): boolean {
    return this.#taking !== undefined;
  }

  /** A chunk may be made now. */
  get wantsTurn(): boolean {
    return this.#taking !== undefined && !this.#isWriting;
  }

  /**
   * Whether the log is long enough for the next snapshot. A large state waits until the log is as long as its last
   * snapshot, so that snapshots never cost more than the writes between them (Raft thesis 5.1.3). None begins while
   * one arrives: a storage writes one at a time.
   */
  isDue(raft: Raft, machine: Machine, limits: SnapshotLimits): boolean {
    if (machine.appliedIndex <= raft.snapshotIndex || raft.isReceivingSnapshot) return false;
    const bytesMax = Math.max(limits.snapshotAfterBytes, this.#lastBytes);
    return raft.logCount >= limits.snapshotAfterEntries || raft.logBytes >= bytesMax;
  }

  /** Prepares the digest that a snapshot begins with, a part with each call; true: it is prepared, as far as it will be. */
  isPrepared(machine: Machine): boolean {
    this.#preparations += 1;
    return machine.prepareDigest() || this.#preparations >= preparationsMax;
  }

  begin(meta: SnapshotMeta, writer: SnapshotWriter): void {
    this.#preparations = 0;
    this.#taking = { meta, writer, offset: 0 };
  }

  nextChunk(): SnapshotChunk | undefined {
    const taking = this.#taking;
    if (taking === undefined || this.#isWriting) return undefined;
    const { bytes, last } = taking.writer.next();
    const chunk = { meta: taking.meta, offset: taking.offset, bytes, last };
    taking.offset += bytes.length;
    this.#isWriting = true;
    return chunk;
  }

  /** The chunk is durable; answers the meta when it was the last one of a snapshot that is still wanted. */
  written(chunk: SnapshotChunk): SnapshotMeta | undefined {
    this.#isWriting = false;
    if (this.#taking?.meta !== chunk.meta || !chunk.last) return undefined;
    this.#taking = undefined;
    this.#lastBytes = chunk.offset + chunk.bytes.length;
    return chunk.meta;
  }

  /** A received snapshot made this one useless. */
  abort(): void {
    this.#taking?.writer.abort();
    this.#taking = undefined;
  }
}

/** The snapshot that a leader sends, decoded as it arrives. */
export class SnapshotReceiving {
  #reader: SnapshotReader | undefined;
  #index = 0;

  /** Feeds one chunk. `accepted` false: damaged, start over. `machine`: it was the last one, here is the state. */
  feed(chunk: InstallSnapshot): { readonly accepted: boolean; readonly machine: Machine | undefined } {
    if (chunk.offset === 0) {
      this.#reader = new SnapshotReader();
      this.#index = chunk.meta.index;
    }
    if (this.#reader === undefined || this.#index !== chunk.meta.index)
      return { accepted: false, machine: undefined };
    try {
      this.#reader.push(chunk.bytes);
      if (!chunk.last) return { accepted: true, machine: undefined };
      const machine = this.#reader.finish();
      this.#reader = undefined;
      return { accepted: machine.appliedIndex === chunk.meta.index, machine };
    } catch (error) {
      this.#reader = undefined;
      if (error instanceof CoordinationError) return { accepted: false, machine: undefined };
      throw error;
    }
  }
}
