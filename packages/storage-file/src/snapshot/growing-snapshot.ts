/**
 * A snapshot that is being written, chunk by chunk, into a temporary file. It counts only once it is whole: then it
 * is read again from the file, synced, renamed and its name made durable, in this order, so that a file with the
 * name of a snapshot is one. What a crash leaves of the temporary file is removed when the storage opens.
 */
import { crc32 } from 'node:zlib';
import type { Directory, DirectoryFile, SnapshotMeta } from '@quorate/core/ports';
import { blockSeed, snapshotSeed } from '../binding.ts';
import { storageFailed, syncOf } from '../failures.ts';
import { invariant } from '../invariant.ts';
import { snapshotBlockBytes, snapshotSyncBytes } from '../limits.ts';
import { encodeHead, encodeTail, readBlocks, readShape, snapshotFileName } from './snapshot-file.ts';

export const growingSuffix = '.new';

/** Blocks that are read at a time when a snapshot is verified. */
const verifyBlocks = 16;

export class GrowingSnapshot {
  readonly #directory: Directory;
  readonly #file: DirectoryFile;
  readonly #seed: number;
  readonly #contentStart: number;
  readonly meta: SnapshotMeta;
  /** Of the blocks that are complete. */
  readonly #checksums: number[] = [];
  /** Of the block that is being filled. */
  #checksum: number;
  #contentBytes = 0;
  #lastOffset: number | undefined;
  #syncedBytes = 0;
  #verifiedBlocks = 0;

  private constructor(
    directory: Directory,
    file: DirectoryFile,
    options: { readonly meta: SnapshotMeta; readonly seed: number; readonly contentStart: number },
  ) {
    this.#directory = directory;
    this.#file = file;
    this.meta = options.meta;
    this.#seed = options.seed;
    this.#contentStart = options.contentStart;
    this.#checksum = this.#seedOf(0);
  }

  static async begin(directory: Directory, meta: SnapshotMeta, seed: number): Promise<GrowingSnapshot> {
    const name = snapshotFileName(meta) + growingSuffix;
    const names = await directory.list();
    if (names.includes(name)) await directory.remove(name);
    const file = await directory.open(name, 'create');
    const head = encodeHead(meta, seed);
    try {
      await file.write(head, 0);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new GrowingSnapshot(directory, file, { meta, seed, contentStart: head.length });
  }

  /** The last chunk may come again: the disk was full, here or in what was to follow. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    if (offset === this.#lastOffset && offset + bytes.length === this.#contentBytes) return;
    invariant(offset === this.#contentBytes, 'chunks follow each other without a gap', { offset });
    await this.#file.write(bytes, this.#contentStart + offset);
    this.#lastOffset = offset;
    this.#contentBytes += bytes.length;
    this.#count(bytes, offset);
    if (this.#contentBytes - this.#syncedBytes >= snapshotSyncBytes) await this.#syncAndVerify();
  }

  /** Verifies it, gives it its name, and makes both durable. */
  async complete(): Promise<void> {
    const checksums = [...this.#checksums];
    if (this.#contentBytes % snapshotBlockBytes > 0) checksums.push(this.#checksum);
    const content = { bytes: this.#contentBytes, checksums };
    const tail = encodeTail(snapshotSeed(this.#seed, this.meta), content);
    await this.#file.write(tail, this.#contentStart + this.#contentBytes);
    await this.#syncAndVerify();
    await this.#verifyShape();
    await this.#file.close();
    const name = snapshotFileName(this.meta);
    await this.#directory.rename(name + growingSuffix, name);
    await syncOf('the directory', this.#directory);
  }

  /** Not wanted any more. */
  async discard(): Promise<void> {
    await this.#file.close();
    await this.#directory.remove(snapshotFileName(this.meta) + growingSuffix);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Piece by piece as it grows: at its end, all of it would hold up the log. */
  async #syncAndVerify(): Promise<void> {
    await syncOf('a snapshot', this.#file);
    this.#syncedBytes = this.#contentBytes;
    for (; this.#verifiedBlocks < this.#checksums.length; this.#verifiedBlocks += 1) {
      await this.#verifyBlock(this.#verifiedBlocks);
    }
  }

  async #verifyBlock(block: number): Promise<void> {
    const position = this.#contentStart + block * snapshotBlockBytes;
    const bytes = await this.#file.read(position, snapshotBlockBytes);
    if (crc32(bytes, this.#seedOf(block)) === this.#checksums[block]) return;
    throw storageFailed(`a snapshot does not read as it was written, at byte ${position}`);
  }

  /** Head, table and end, and the last block, which is not a whole one. */
  async #verifyShape(): Promise<void> {
    try {
      const shape = await readShape(this.#file, this.meta, this.#seed);
      const range = { firstBlock: this.#checksums.length, blocks: 1, seed: this.#seed };
      await readBlocks(this.#file, shape, range);
    } catch (cause) {
      throw storageFailed('a snapshot does not read as it was written', cause);
    }
  }

  #count(bytes: Uint8Array, offset: number): void {
    for (let at = 0; at < bytes.length; ) {
      const filled = (offset + at) % snapshotBlockBytes;
      const part = bytes.subarray(at, at + snapshotBlockBytes - filled);
      this.#checksum = crc32(part, this.#checksum);
      at += part.length;
      if (filled + part.length < snapshotBlockBytes) continue;
      this.#checksums.push(this.#checksum);
      this.#checksum = this.#seedOf(this.#checksums.length);
    }
  }

  #seedOf(block: number): number {
    return blockSeed(snapshotSeed(this.#seed, this.meta), block);
  }
}

/** Reads all of it. Throws `CORRUPTED` for anything that is not as it was written. */
export async function verifySnapshot(
  file: DirectoryFile,
  name: { readonly index: number; readonly term: number },
  seed: number,
): Promise<SnapshotMeta> {
  const shape = await readShape(file, name, seed);
  const blocks = Math.ceil(shape.contentBytes / snapshotBlockBytes);
  for (let firstBlock = 0; firstBlock < blocks; firstBlock += verifyBlocks) {
    await readBlocks(file, shape, { firstBlock, blocks: verifyBlocks, seed });
  }
  return shape.meta;
}
