/** The storage port over a directory: opening, one write at a time, and what a failure of one means. */
import { CoordinationError } from '@quorate/core';
import type {
  Directory,
  DirectoryLock,
  SnapshotMeta,
  SnapshotRead,
  Storage,
  StorageOwner,
  StoredState,
  WriteBatch,
} from '@quorate/core/ports';
import { directorySeed } from './binding.ts';
import { isDiskFull, storageFailed } from './failures.ts';
import type { StorageFiles } from './files.ts';
import { invariant } from './invariant.ts';
import { segmentBytesDefault, segmentBytesMax, segmentBytesMin } from './limits.ts';
import { goOn, makeNew, type OpeningOptions, renew } from './opening.ts';
import { checkOwner, examine, type Finding } from './recovery.ts';
import { SnapshotReading } from './snapshot/snapshot-reading.ts';

/** How a storage lays out its directory. */
export interface StorageOptions {
  /**
   * Bytes of one segment of the log: 16 KiB to 1 GiB, default 8 MiB. An idle storage occupies two. Small ones are
   * made and removed all the time; large ones keep much of the log behind each snapshot and make a start slower.
   */
  readonly segmentBytes?: number;
}

/**
 * A storage in any directory, for simulators and for tests of crashes; applications use `fileStorage`.
 *
 * @param directory held by this storage alone while it is open.
 * @throws CoordinationError `BAD_ARGUMENTS` for options out of range. `open` rejects with `STORAGE_FAILED` (in use,
 * somebody else's, not readable or not writable) or `UNSUPPORTED_VERSION`; damage is told in what it answers.
 */
export function storageOn(directory: Directory, options: StorageOptions = {}): Storage {
  const { segmentBytes = segmentBytesDefault } = options;
  const isInRange = segmentBytes >= segmentBytesMin && segmentBytes <= segmentBytesMax;
  if (!Number.isSafeInteger(segmentBytes) || !isInRange) {
    const reason = `not an integer from ${segmentBytesMin} to ${segmentBytesMax}`;
    throw new CoordinationError('BAD_ARGUMENTS', { details: { argument: 'segmentBytes', reason } });
  }
  return new DirectoryStorage(directory, segmentBytes);
}

/** A damaged directory, and who opened it. It stays as it was found until the first write. */
interface Doubt {
  readonly owner: StorageOwner;
  readonly finding: Finding;
  /** Its intact snapshot can be read all the same. */
  readonly reading: SnapshotReading | undefined;
}

class DirectoryStorage implements Storage {
  readonly #directory: Directory;
  readonly #options: OpeningOptions;
  #lock: DirectoryLock | undefined;
  #files: StorageFiles | undefined;
  #doubt: Doubt | undefined;
  /** Why nothing is written any more. */
  #poison: CoordinationError | undefined;
  #writing: Promise<void> | undefined;

  constructor(directory: Directory, segmentBytes: number) {
    this.#directory = directory;
    this.#options = { segmentBytes, failed: (cause) => this.#fail(cause) };
  }

  async open(owner: StorageOwner): Promise<StoredState> {
    if (this.#lock !== undefined) throw storageFailed('another peer uses this storage');
    const lock = await this.#directory.lock();
    if (lock === undefined) throw storageFailed(`the directory ${this.#directory.path} is in use`);
    this.#lock = lock;
    try {
      return await this.#open(owner);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  write(batch: WriteBatch): Promise<void> {
    const writing = this.#write(batch);
    this.#writing = writing;
    return writing;
  }

  async readSnapshot(
    meta: SnapshotMeta,
    range: { offset: number; length: number },
  ): Promise<SnapshotRead | undefined> {
    invariant(range.offset >= 0 && range.length > 0, 'a range of a snapshot has bytes', range);
    const source = this.#files?.snapshots ?? this.#doubt?.reading;
    if (source === undefined) throw storageFailed('the storage is closed');
    return await source.read(meta, range);
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => undefined);
    const [files, lock, doubt, isPoisoned] = [
      this.#files,
      this.#lock,
      this.#doubt,
      this.#poison !== undefined,
    ];
    this.#files = undefined;
    this.#doubt = undefined;
    this.#lock = undefined;
    this.#poison = undefined;
    try {
      await doubt?.reading?.close();
      await files?.close(!isPoisoned);
    } finally {
      await lock?.release();
    }
  }

  async #open(owner: StorageOwner): Promise<StoredState> {
    let finding = await examine(this.#directory);
    if (finding.kind === 'new') {
      await makeNew(this.#directory, owner);
      finding = await examine(this.#directory);
    }
    if (finding.kind === 'lost') {
      this.#doubt = { owner, finding, reading: undefined };
      const { damage } = finding;
      return {
        incarnation: owner.incarnation,
        hardState: undefined,
        snapshot: undefined,
        entries: [],
        damage,
      };
    }
    invariant(finding.kind === 'found', 'a manifest that was made is there');
    const { found } = finding;
    checkOwner(found.slot.state, owner, this.#directory.path);
    const { snapshot, entries, hardState, damage } = found;
    if (damage !== undefined) {
      const seed = directorySeed(found.slot.state.owner);
      this.#doubt = { owner, finding, reading: new SnapshotReading(this.#directory, seed) };
      const forgotten = hardState === undefined ? undefined : { ...hardState, founding: undefined };
      return { incarnation: owner.incarnation, hardState: forgotten, snapshot, entries, damage };
    }
    this.#files = await goOn(this.#directory, found, this.#options);
    return { incarnation: found.slot.state.incarnation, hardState, snapshot, entries };
  }

  async #write(batch: WriteBatch): Promise<void> {
    if (this.#poison !== undefined) throw this.#poison;
    if (this.#lock === undefined) throw storageFailed('the storage is closed');
    try {
      this.#files ??= await this.#renew();
      await this.#files.write(batch);
    } catch (cause) {
      if (isDiskFull(cause) && this.#files !== undefined) throw full(cause);
      throw this.#fail(cause);
    }
    // What failed beside it may be what this write relies on.
    if (this.#poison !== undefined) throw this.#poison;
  }

  async #renew(): Promise<StorageFiles> {
    const doubt = this.#doubt;
    invariant(doubt !== undefined, 'a storage without files is a damaged one');
    await doubt.reading?.close();
    const files = await renew(this.#directory, doubt, this.#options);
    this.#doubt = undefined;
    return files;
  }

  #fail(cause: unknown): CoordinationError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#poison ??= storageFailed(reason, cause);
    return this.#poison;
  }
}

function full(cause: unknown): CoordinationError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CoordinationError('STORAGE_FULL', { details: { reason }, cause });
}
