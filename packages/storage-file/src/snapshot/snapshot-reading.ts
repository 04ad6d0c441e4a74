/** Reads complete snapshots, one open at a time; every block is checked on its way. */
import type { Directory, DirectoryFile, SnapshotMeta, SnapshotRead } from '@quorate/core/ports';
import { snapshotBlockBytes } from '../limits.ts';
import type { SnapshotName } from '../manifest/manifest-slot.ts';
import { readBlocks, readShape, snapshotFileName, type SnapshotShape } from './snapshot-file.ts';

export class SnapshotReading {
  readonly #directory: Directory;
  readonly #seed: number;
  #open: { readonly file: DirectoryFile; readonly shape: SnapshotShape } | undefined;
  /** Reads wait for each other: one may have to change which file is open. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(directory: Directory, seed: number) {
    this.#directory = directory;
    this.#seed = seed;
  }

  /** Undefined: the snapshot is shorter than the offset. */
  read(
    meta: SnapshotMeta,
    range: { readonly offset: number; readonly length: number },
  ): Promise<SnapshotRead | undefined> {
    const read = this.#last.then(() => this.#read(meta, range));
    this.#last = read.catch(() => undefined);
    return read;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#open?.file.close();
    this.#open = undefined;
  }

  async #read(
    meta: SnapshotMeta,
    { offset, length }: { readonly offset: number; readonly length: number },
  ): Promise<SnapshotRead | undefined> {
    const { file, shape } = await this.#opened(meta);
    if (offset > shape.contentBytes) return undefined;
    const firstBlock = Math.floor(offset / snapshotBlockBytes);
    const end = Math.min(offset + length, shape.contentBytes);
    const blocks = Math.ceil(end / snapshotBlockBytes) - firstBlock;
    const start = offset - firstBlock * snapshotBlockBytes;
    const range = { firstBlock, blocks: Math.max(0, blocks), seed: this.#seed };
    const bytes = await readBlocks(file, shape, range);
    return { bytes: bytes.subarray(start, start + end - offset), last: end === shape.contentBytes };
  }

  async #opened(
    meta: SnapshotMeta,
  ): Promise<{ readonly file: DirectoryFile; readonly shape: SnapshotShape }> {
    if (this.#open !== undefined && isSame(this.#open.shape.meta, meta)) return this.#open;
    await this.#open?.file.close();
    this.#open = undefined;
    const file = await this.#directory.open(snapshotFileName(meta), 'read');
    try {
      this.#open = { file, shape: await readShape(file, meta, this.#seed) };
      return this.#open;
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}

/** Index and term name a snapshot: two of them at one place of the log hold the same state. */
export function isSame(left: SnapshotName | undefined, right: SnapshotName): boolean {
  return left?.index === right.index && left.term === right.term;
}
