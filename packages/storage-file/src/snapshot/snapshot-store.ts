/**
 * The snapshots of a directory: those that grow, and the newest complete ones, all of which have been verified.
 *
 * What is kept are the newest *valid* ones (ZooKeeper kept the newest files: ZOOKEEPER-3231), so that a damaged one
 * never pushes out one that could be read.
 */
import type { Directory, SnapshotChunk, SnapshotMeta, SnapshotRead } from '@quorate/core/ports';
import { invariant } from '../invariant.ts';
import { snapshotsGrowingMax, snapshotsKept } from '../limits.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { SnapshotName } from '../manifest/manifest-slot.ts';
import { GrowingSnapshot } from './growing-snapshot.ts';
import { snapshotFileName } from './snapshot-file.ts';
import { isSame, SnapshotReading } from './snapshot-reading.ts';

export interface SnapshotStoreOptions {
  readonly directory: Directory;
  readonly manifest: Manifest;
  readonly seed: number;
  /** Complete ones, newest first; the first one has been verified. */
  readonly complete: readonly SnapshotName[];
  /** Number of the last durable record, for the manifest. */
  readonly durableRecord: () => number;
}

export class SnapshotStore {
  readonly #options: SnapshotStoreOptions;
  #complete: readonly SnapshotName[];
  /** In the order of their last chunks. */
  readonly #growing = new Map<string, GrowingSnapshot>();
  readonly #reading: SnapshotReading;

  constructor(options: SnapshotStoreOptions) {
    this.#options = options;
    this.#complete = options.complete;
    this.#reading = new SnapshotReading(options.directory, options.seed);
  }

  /** The newest complete one. */
  get newest(): SnapshotName | undefined {
    return this.#complete[0];
  }

  /** Entries after this index are needed to start from the oldest one that is kept. */
  get oldestIndex(): number {
    return this.#complete.at(-1)?.index ?? 0;
  }

  /** True: a snapshot became complete and is the newest one, durably. */
  async write({ meta, offset, bytes, last }: SnapshotChunk): Promise<boolean> {
    if (isSame(this.newest, meta)) return false;
    const growing = await this.#growingFor(meta, offset);
    await growing.write(offset, bytes);
    if (!last) return false;
    // One that a received snapshot has overtaken meanwhile is worth nothing, and must not replace it.
    if (this.newest !== undefined && this.newest.index >= meta.index) {
      this.#growing.delete(snapshotFileName(meta));
      await growing.discard();
      return false;
    }
    await growing.complete();
    this.#growing.delete(snapshotFileName(meta));
    await this.#take(meta);
    return true;
  }

  /** Undefined: it is not the newest one, or shorter than the offset. */
  async read(
    meta: SnapshotMeta,
    range: { readonly offset: number; readonly length: number },
  ): Promise<SnapshotRead | undefined> {
    return isSame(this.newest, meta) ? await this.#reading.read(meta, range) : undefined;
  }

  async close(): Promise<void> {
    for (const growing of this.#growing.values()) await growing.close();
    this.#growing.clear();
    await this.#reading.close();
  }

  async #growingFor(meta: SnapshotMeta, offset: number): Promise<GrowingSnapshot> {
    const { directory, seed } = this.#options;
    const key = snapshotFileName(meta);
    let growing = this.#growing.get(key);
    if (offset === 0 && growing !== undefined) {
      this.#growing.delete(key);
      await growing.discard();
      growing = undefined;
    }
    if (offset === 0) growing = await GrowingSnapshot.begin(directory, meta, seed);
    invariant(growing !== undefined, 'a chunk continues its own snapshot', { index: meta.index, offset });
    this.#growing.delete(key);
    this.#growing.set(key, growing);
    if (this.#growing.size > snapshotsGrowingMax) await this.#discardOldest();
    return growing;
  }

  async #discardOldest(): Promise<void> {
    for (const [key, growing] of this.#growing) {
      this.#growing.delete(key);
      await growing.discard();
      return;
    }
  }

  /** The manifest names it before anything that it replaces is removed. */
  async #take(meta: SnapshotMeta): Promise<void> {
    const { directory, manifest } = this.#options;
    const { index, term } = meta;
    const complete = [{ index, term }, ...this.#complete];
    const dropped = complete.splice(snapshotsKept);
    const durableRecord = this.#options.durableRecord();
    await manifest.update((state) => ({ ...state, snapshots: complete, durableRecord }));
    this.#complete = complete;
    for (const name of dropped) await directory.remove(snapshotFileName(name));
  }
}
