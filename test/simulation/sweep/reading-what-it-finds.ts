/**
 * A storage that is asked at each start for the snapshot that it says it has found. A leader asks the same when a
 * follower needs it, but seldom before the next snapshot has taken its place; to ask costs time on the disk, so the
 * seeds of a sweep go without it.
 */
import { InvariantViolation } from '@quorate/core/inspect';
import type { Storage, StorageOwner, StoredState } from '@quorate/core/ports';

export function readingWhatItFinds(storage: Storage): Storage {
  return {
    open: (owner) => open(storage, owner),
    write: (batch) => storage.write(batch),
    readSnapshot: (meta, range) => storage.readSnapshot(meta, range),
    close: () => storage.close(),
  };
}

/** A read may fail as any may, and then nothing was opened. */
async function open(storage: Storage, owner: StorageOwner): Promise<StoredState> {
  const stored = await storage.open(owner);
  try {
    if (stored.snapshot !== undefined) await demandReadable(storage, stored.snapshot);
  } catch (error) {
    await storage.close();
    throw error;
  }
  return stored;
}

async function demandReadable(
  storage: Storage,
  snapshot: NonNullable<StoredState['snapshot']>,
): Promise<void> {
  const read = await storage.readSnapshot(snapshot, { offset: 0, length: 1 });
  if (read !== undefined) return;
  const { index, term } = snapshot;
  throw new InvariantViolation('a snapshot that a start finds can be read', { index, term });
}
