/** The storage in memory as a place, and storages that do one thing wrong. */
import { memoryStorage } from '@quorate/core';
import type { Storage, WriteBatch } from '@quorate/core/ports';
import type { StorageHarness } from '../../src/index.ts';

const noDisk = 'it has no disk';

/** `wrap` is called for each life. */
export function memoryHarness(wrap: (storage: Storage) => Storage = (storage) => storage): StorageHarness {
  return {
    open: async () => {
      const sound = memoryStorage();
      return { storage: () => wrap(sound), close: async () => undefined };
    },
    cannot: { crash: noDisk, 'failing-sync': noDisk, full: noDisk, damage: noDisk },
    patienceMs: 5_000,
  };
}

export interface StorageDoctor {
  /** The one thing that is wrong with it. */
  readonly does: string;
  /** Titles of the cases that must notice, as a beginning of each. */
  readonly caughtBy: readonly string[];
  readonly wrap: (storage: Storage) => Storage;
}

function changed(sound: Storage, changes: Partial<Storage>): Storage {
  return {
    open: (owner) => sound.open(owner),
    write: (batch) => sound.write(batch),
    readSnapshot: (meta, range) => sound.readSnapshot(meta, range),
    close: () => sound.close(),
    ...changes,
  };
}

function writing(change: (batch: WriteBatch) => WriteBatch): (sound: Storage) => Storage {
  return (sound) => changed(sound, { write: (batch) => sound.write(change(batch)) });
}

/** Written in place of what was asked. */
function without(...fields: readonly (keyof WriteBatch)[]): (batch: WriteBatch) => WriteBatch {
  return (batch) =>
    Object.fromEntries(Object.entries(batch).filter(([name]) => !fields.includes(name as keyof WriteBatch)));
}

export const storageDoctors: readonly StorageDoctor[] = [
  {
    does: 'invents an incarnation',
    caughtBy: ['a new storage is empty'],
    wrap: (sound) =>
      changed(sound, { open: async (owner) => ({ ...(await sound.open(owner)), incarnation: 1 }) }),
  },
  {
    does: 'takes each incarnation that it is offered',
    caughtBy: ['a storage keeps its incarnation'],
    wrap: (sound) =>
      changed(sound, {
        open: async (owner) => ({ ...(await sound.open(owner)), incarnation: owner.incarnation }),
      }),
  },
  {
    does: 'lets anybody in',
    caughtBy: ['a storage that is in use'],
    wrap: (sound) =>
      changed(sound, {
        open: async (owner) => {
          await sound.close();
          return await sound.open(owner);
        },
      }),
  },
  {
    does: 'does not ask whose it is',
    caughtBy: ['a storage of another member'],
    wrap: (sound) =>
      changed(sound, { open: (owner) => sound.open({ ...owner, member: 'a', ensemble: 'compliance' }) }),
  },
  {
    does: 'writes after close',
    caughtBy: ['nothing is written after close'],
    wrap: (sound) => changed(sound, { write: async (batch) => sound.write(batch).catch(() => undefined) }),
  },
  {
    does: 'keeps a vote that was taken back',
    caughtBy: ['term, vote and founding'],
    wrap: writing((batch) => {
      const { hardState } = batch;
      return hardState === undefined
        ? batch
        : { ...batch, hardState: { ...hardState, vote: hardState.vote ?? 'a' } };
    }),
  },
  {
    does: 'loses the second half of long entries',
    caughtBy: ['entries of all lengths'],
    wrap: writing((batch) =>
      batch.entries === undefined
        ? batch
        : {
            ...batch,
            entries: batch.entries.map((entry) => ({ ...entry, body: entry.body.subarray(0, 65_536) })),
          },
    ),
  },
  {
    does: 'forgets what comes after the 200th entry',
    caughtBy: ['many small writes'],
    wrap: writing((batch) => {
      const entries = batch.entries?.filter(({ index }) => index <= 200);
      return entries === undefined ? batch : { ...batch, entries };
    }),
  },
  {
    does: 'truncates nothing unless entries follow',
    caughtBy: ['a truncation drops'],
    wrap: writing((batch) => (batch.entries === undefined ? without('truncateFrom')(batch) : batch)),
  },
  {
    does: 'truncates after it has appended',
    caughtBy: ['entries of the same batch'],
    wrap: (sound) =>
      changed(sound, {
        write: async (batch) => {
          const { truncateFrom, entries } = batch;
          await sound.write(batch);
          const last = entries?.at(-1)?.index;
          if (truncateFrom !== undefined && last !== undefined) await sound.write({ truncateFrom: last });
        },
      }),
  },
  {
    does: 'writes into the bytes that it was handed',
    caughtBy: ['the bytes that are handed over'],
    wrap: (sound) =>
      changed(sound, {
        write: async (batch) => {
          await sound.write(batch);
          for (const { body } of batch.entries ?? []) body.fill(0);
        },
      }),
  },
  {
    does: 'reads shorter ranges than were asked for',
    caughtBy: ['a snapshot can be read', 'a snapshot that begins again'],
    wrap: (sound) =>
      changed(sound, {
        readSnapshot: async (meta, range) => {
          const read = await sound.readSnapshot(meta, range);
          return read === undefined
            ? undefined
            : { ...read, bytes: read.bytes.subarray(0, 900), last: read.last };
        },
      }),
  },
  {
    does: 'answers for any snapshot with the newest',
    caughtBy: ['what is no part of the newest'],
    wrap: (sound) =>
      changed(sound, {
        readSnapshot: (meta, range) =>
          sound.readSnapshot(meta.index === 4 ? { ...meta, index: 5 } : meta, range),
      }),
  },
  {
    does: 'forgets the membership of a snapshot',
    caughtBy: ['a snapshot is there after a restart'],
    wrap: (sound) =>
      changed(sound, {
        open: async (owner) => {
          const { snapshot, ...stored } = await sound.open(owner);
          return {
            ...stored,
            snapshot: snapshot === undefined ? undefined : { ...snapshot, membership: new Uint8Array(0) },
          };
        },
      }),
  },
  {
    does: 'takes the snapshot that was finished last for the newest',
    caughtBy: ['an older snapshot that is finished late'],
    wrap: (sound) =>
      changed(sound, {
        open: async (owner) => {
          const stored = await sound.open(owner);
          return stored.snapshot?.index === 9
            ? { ...stored, snapshot: { ...stored.snapshot, index: 4 } }
            : stored;
        },
      }),
  },
  {
    does: 'compacts all that it has',
    caughtBy: ['compaction takes nothing'],
    wrap: (sound) =>
      changed(sound, {
        write: async (batch) => {
          await sound.write(batch);
          if (batch.compactThrough !== undefined)
            await sound.write({ truncateFrom: batch.compactThrough + 5 });
        },
      }),
  },
  {
    does: 'keeps the old log behind an installed snapshot',
    caughtBy: ['a received snapshot that is installed'],
    wrap: (sound) => {
      const old: WriteBatch['entries'][] = [];
      return changed(sound, {
        write: (batch) => {
          old.push(batch.entries);
          return sound.write(
            without('entries')(batch).install === undefined ? batch : without('install')(batch),
          );
        },
      });
    },
  },
];
