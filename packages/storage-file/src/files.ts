/**
 * The files of a storage that is open, and what each part of a batch does to them, in the port's order. Each part
 * is durable before the next one begins.
 */
import type { Directory, HardState, SnapshotMeta, WriteBatch } from '@quorate/core/ports';
import { directorySeed } from './binding.ts';
import { invariant } from './invariant.ts';
import { LogWriter } from './log/log-writer.ts';
import type { ScannedLog } from './log/scan.ts';
import type { Manifest } from './manifest/manifest.ts';
import type { SnapshotName } from './manifest/manifest-slot.ts';
import { SnapshotStore } from './snapshot/snapshot-store.ts';

export interface StorageFilesOptions {
  readonly directory: Directory;
  readonly manifest: Manifest;
  readonly log: Pick<ScannedLog, 'chain' | 'used' | 'spare'>;
  /** Complete snapshots, newest first. */
  readonly complete: readonly SnapshotName[];
  readonly segmentBytes: number;
  /** Something failed beside the writes. */
  readonly failed: (cause: unknown) => void;
}

export class StorageFiles {
  readonly #manifest: Manifest;
  readonly #log: LogWriter;
  readonly #snapshots: SnapshotStore;

  constructor({ directory, manifest, log, complete, segmentBytes, failed }: StorageFilesOptions) {
    this.#manifest = manifest;
    this.#log = new LogWriter({ directory, manifest, segmentBytes, failed, ...log });
    this.#snapshots = new SnapshotStore({
      directory,
      manifest,
      complete,
      seed: directorySeed(manifest.state.owner),
      durableRecord: () => this.#log.chain.number,
    });
  }

  get log(): LogWriter {
    return this.#log;
  }

  get snapshots(): SnapshotStore {
    return this.#snapshots;
  }

  /** A batch that was stopped by a full disk may come again: the parts that were done do no harm twice. */
  write(batch: WriteBatch): Promise<void> {
    const { hardState, snapshotChunk, install, truncateFrom, entries, compactThrough } = batch;
    const isPlain =
      hardState === undefined &&
      snapshotChunk === undefined &&
      install === undefined &&
      truncateFrom === undefined &&
      compactThrough === undefined;
    // Nearly all batches: each promise less is felt by whoever waits for a single write.
    return isPlain && entries !== undefined ? this.#log.write({ entries }) : this.#writeParts(batch);
  }

  async #writeParts(batch: WriteBatch): Promise<void> {
    const { hardState, snapshotChunk, install, truncateFrom, entries = [], compactThrough } = batch;
    if (hardState !== undefined) await this.#setHardState(hardState);
    if (snapshotChunk !== undefined) await this.#snapshots.write(snapshotChunk);
    if (install !== undefined || truncateFrom !== undefined || entries.length > 0) {
      if (install !== undefined) this.#checkInstall(install);
      await this.#log.write({ install, truncateFrom, entries });
    }
    if (compactThrough !== undefined) await this.#compact(compactThrough);
    else if (install !== undefined) await this.#purge();
  }

  /** `clean`: all that was written is durable, and the manifest is told so. */
  async close(clean: boolean): Promise<void> {
    await this.#log.close();
    await this.#snapshots.close();
    const durableRecord = this.#log.chain.number;
    const isNews = this.#manifest.state.durableRecord < durableRecord;
    if (clean && isNews) await this.#manifest.update((state) => ({ ...state, durableRecord }));
    await this.#manifest.close();
  }

  async #setHardState(hardState: HardState): Promise<void> {
    const before = this.#manifest.state.hardState?.term ?? 0;
    invariant(hardState.term >= before, 'the stored term never goes back', { before, after: hardState.term });
    const durableRecord = this.#log.chain.number;
    await this.#manifest.update((state) => ({ ...state, hardState, durableRecord }));
  }

  #checkInstall(meta: SnapshotMeta): void {
    const { newest } = this.#snapshots;
    const isNewest = newest?.index === meta.index && newest.term === meta.term;
    invariant(isNewest, 'only a complete snapshot is installed', { index: meta.index });
  }

  async #compact(through: number): Promise<void> {
    const { newest } = this.#snapshots;
    invariant(through <= (newest?.index ?? 0), 'a complete snapshot covers what is compacted', { through });
    if (through > this.#manifest.state.compactedThrough) {
      await this.#manifest.update((state) => ({ ...state, compactedThrough: through }));
    }
    await this.#purge();
  }

  /**
   * Removes segments that nobody needs: not the peer, and not a start from the oldest snapshot that is kept, which
   * is what is left when the newest one turns out to be damaged.
   */
  async #purge(): Promise<void> {
    const floor = Math.min(this.#manifest.state.compactedThrough, this.#snapshots.oldestIndex);
    const { used } = this.#log;
    const kept = used.findIndex(({ maxIndex }, position) => maxIndex > floor || position === used.length - 1);
    const first = used[kept];
    if (first !== undefined) await this.#log.dropBefore(first);
  }
}
