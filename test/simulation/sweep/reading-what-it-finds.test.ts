import type { SnapshotRead, Storage, StoredState } from '@quorate/core/ports';
import { expect, test } from 'vitest';
import { readingWhatItFinds } from './reading-what-it-finds.ts';

const owner = { member: 'a', ensemble: 'e', incarnation: 1 };
const snapshot = { index: 7, term: 2, elapsedMs: 0, membership: new Uint8Array() };

/** A storage that finds `stored` and answers reads so; `closed` counts its closings. */
function storageOf(stored: Partial<StoredState>, read: () => Promise<SnapshotRead | undefined>) {
  const calls = { closed: 0 };
  const storage: Storage = {
    open: async () => ({ incarnation: 1, hardState: undefined, snapshot: undefined, entries: [], ...stored }),
    write: () => Promise.reject(new TypeError('not used')),
    readSnapshot: read,
    close: async () => {
      calls.closed += 1;
    },
  };
  return { calls, storage: readingWhatItFinds(storage) };
}

test('a storage opens that can read what it has found, or has found nothing', async () => {
  const readable = storageOf({ snapshot }, async () => ({ bytes: Uint8Array.of(1), last: false }));
  await expect(readable.storage.open(owner)).resolves.toMatchObject({ snapshot });
  const empty = storageOf({}, () => Promise.reject(new TypeError('nothing is there to be read')));
  await expect(empty.storage.open(owner)).resolves.toMatchObject({ snapshot: undefined });
});

test('one that names a snapshot and has another one in mind breaks an invariant, and is closed', async () => {
  const { calls, storage } = storageOf({ snapshot }, async () => undefined);
  await expect(storage.open(owner)).rejects.toThrow('a snapshot that a start finds can be read');
  expect(calls.closed).toBe(1);
});

test('a read that fails is a start that fails', async () => {
  const { calls, storage } = storageOf({ snapshot }, () => Promise.reject(new Error('EIO')));
  await expect(storage.open(owner)).rejects.toThrow('EIO');
  expect(calls.closed).toBe(1);
});
