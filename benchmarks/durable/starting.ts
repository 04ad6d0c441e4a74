/** What a start costs: all of it, and decoding and applying alone, from memory, with nothing read or checked. */
import { openPeer } from '@quorate/core';
import { Machine, SnapshotReader } from '@quorate/core/inspect';
import type { Entry, SnapshotMeta, Storage } from '@quorate/core/ports';
import { fileStorage } from '@quorate/storage-file';

const owner = { member: 'a', ensemble: 'quorate', incarnation: 1 };
const chunkBytes = 256 * 1_024;
const never = { snapshotAfterEntries: 1_000_000_000, snapshotAfterBytes: 1_000_000_000_000 };
const nobodyAsks = {
  waitingSessions: new Set<number>(),
  isWatched: () => false,
  requestApplied: () => undefined,
};

/** From nothing to a peer that answers with everything that was in its directory. */
export async function startPeer(directory: string): Promise<number> {
  const startedAt = performance.now();
  const peer = await openPeer({ id: 'a', limits: never, storage: fileStorage({ directory }) });
  await peer.ready({ deadlineMs: 600_000 });
  const tookMs = performance.now() - startedAt;
  await peer.close({ graceful: false });
  return tookMs;
}

export async function applyLog(directory: string): Promise<number> {
  const storage = fileStorage({ directory });
  const entries: readonly Entry[] = (await storage.open(owner)).entries;
  await storage.close();
  globalThis.gc?.();
  const machine = new Machine();
  const startedAt = performance.now();
  for (const entry of entries) machine.apply(entry, nobodyAsks);
  return performance.now() - startedAt;
}

export async function decodeSnapshot(directory: string): Promise<number> {
  const storage = fileStorage({ directory });
  const { snapshot } = await storage.open(owner);
  const chunks = snapshot === undefined ? [] : await chunksOf(storage, snapshot);
  await storage.close();
  globalThis.gc?.();
  const startedAt = performance.now();
  const reader = new SnapshotReader();
  for (const chunk of chunks) reader.push(chunk);
  reader.finish();
  return performance.now() - startedAt;
}

async function chunksOf(storage: Storage, snapshot: SnapshotMeta): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (let offset = 0; ; ) {
    const read = await storage.readSnapshot(snapshot, { offset, length: chunkBytes });
    if (read === undefined) return chunks;
    chunks.push(read.bytes);
    offset += read.bytes.length;
    if (read.last) return chunks;
  }
}
