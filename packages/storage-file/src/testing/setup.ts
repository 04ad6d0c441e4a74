/** What the tests of storages share: an owner, entries, and a directory that was written by a storage. */
import type { Directory, Entry, SnapshotMeta, Storage, StoredState } from '@quorate/core/ports';
import { storageOn } from '../storage.ts';
import { MemoryDirectory } from './memory-directory.ts';

export const owner = { member: 'a', ensemble: 'quorate', incarnation: 4_711 };
/** Small, so that a handful of entries fills a few. */
export const segmentBytes: number = 16 * 1_024;

export function entry(index: number, term = 1, bodyBytes = 100): Entry {
  const body = new Uint8Array(bodyBytes);
  for (let at = 0; at < bodyBytes; at += 1) body[at] = 1 + ((index * 31 + at) % 255);
  return { index, term, kind: 'commands', wallMs: 1_700_000_000_000 + index, elapsedMs: index / 2, body };
}

export function entries(first: number, last: number, term = 1, bodyBytes = 100): readonly Entry[] {
  return Array.from({ length: last - first + 1 }, (_, at) => entry(first + at, term, bodyBytes));
}

export function metaAt(index: number, term = 1): SnapshotMeta {
  return { index, term, elapsedMs: index / 2, membership: Uint8Array.of(1, 2, 3) };
}

export function content(byteCount: number, salt = 7): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  for (let at = 0; at < byteCount; at += 1) bytes[at] = (at * salt + (at >>> 8)) % 256;
  return bytes;
}

export interface Opened {
  readonly storage: Storage;
  readonly stored: StoredState;
}

export async function openOn(directory: Directory, who: typeof owner = owner): Promise<Opened> {
  const storage = storageOn(directory, { segmentBytes });
  return { storage, stored: await storage.open(who) };
}

/** Writes a snapshot in chunks, as an own one. */
export async function writeSnapshot(
  storage: Storage,
  meta: SnapshotMeta,
  bytes: Uint8Array,
  chunkBytes = 30_000,
): Promise<void> {
  for (let offset = 0; offset === 0 || offset < bytes.length; offset += chunkBytes) {
    const chunk = bytes.subarray(offset, offset + chunkBytes);
    const last = offset + chunkBytes >= bytes.length;
    await storage.write({ snapshotChunk: { meta, offset, bytes: chunk, last } });
  }
}

export async function readAll(storage: Storage, meta: SnapshotMeta, length = 10_000): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let offset = 0; ; ) {
    const read = await storage.readSnapshot(meta, { offset, length });
    if (read === undefined) return new Uint8Array(0);
    parts.push(read.bytes);
    offset += read.bytes.length;
    if (read.last) return Buffer.concat(parts);
  }
}

/** A directory with a log of this many entries, one write each, closed as asked. */
export async function written(
  entryCount: number,
  options: { readonly close?: boolean; readonly bodyBytes?: number } = {},
): Promise<MemoryDirectory> {
  const directory = new MemoryDirectory();
  const { storage } = await openOn(directory);
  await storage.write({ hardState: { term: 1, vote: 'a', founding: Uint8Array.of(9) } });
  for (let index = 1; index <= entryCount; index += 1) {
    await storage.write({ entries: [entry(index, 1, options.bodyBytes)] });
  }
  if (options.close ?? true) await storage.close();
  return directory.copy();
}
