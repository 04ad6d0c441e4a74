/**
 * A host's disk seen as a storage: what was written survives the process, a write takes time, may fail, and the
 * one that is under way when the host crashes may survive wholly, in part or not at all. A part is always a
 * beginning in the order of the batch's fields, as the port promises.
 *
 * What is durable is kept by the storage in memory of core: the fields' meaning is written down once.
 */
import { CoordinationError, memoryStorage } from '@quorate/core';
import type {
  SnapshotMeta,
  SnapshotRead,
  Storage,
  StorageOwner,
  StoredState,
  WriteBatch,
} from '@quorate/core/ports';
import type { Task } from './agenda.ts';
import type { FaultKind } from './faults.ts';
import type { Life } from './life.ts';
import type { RandomStream } from './random-stream.ts';
import { plainTask, type Time } from './time.ts';

/** How a disk behaves; each may be changed while it is used. */
export interface StorageConditions {
  /** Least microseconds of a write or a read. */
  latencyUsMin: number;
  /** Mean of the exponential part that is added. */
  latencyUsMean: number;
  /** Writes of a million that fail. */
  writeFailurePpm: number;
  /** Reads of a million that fail. */
  readFailurePpm: number;
  /** Writes of a million in the middle of which the machine loses its power. */
  crashPpm: number;
  /** What the system says of a failed write. `ENOSPC` and `EIO` may have written a part of it. */
  writeFailure: 'EIO' | 'ENOSPC';
}

/** An SSD of a server: a sync takes 300 us, and sometimes some milliseconds. */
export const defaultStorageConditions: StorageConditions = Object.freeze({
  latencyUsMin: 100,
  latencyUsMean: 200,
  writeFailurePpm: 0,
  readFailurePpm: 0,
  crashPpm: 0,
  writeFailure: 'EIO',
});

/** Streams of their own, so that a disk that fails is not slower or faster for it. */
export interface DiskStreams {
  readonly latency: RandomStream;
  readonly failure: RandomStream;
  readonly crash: RandomStream;
  readonly power: RandomStream;
}

/** What a disk needs of its world. */
export interface DiskOptions {
  readonly time: Time;
  readonly streams: DiskStreams;
  /** A fault has taken effect; for the counts and the trace. */
  readonly faulted: (kind: FaultKind) => void;
  /** Ends this life by a loss of power, unless it is over. */
  readonly losePower: (life: Life) => void;
}

/** The disk of one host behind the storage port. */
export class StorageDisk {
  conditions: StorageConditions = { ...defaultStorageConditions };
  readonly #options: DiskOptions;
  #content: Storage = memoryStorage();
  /** The write that the disk works on. */
  #underWay: WriteBatch | undefined;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  /** The storage port of one life. */
  storageOf(life: Life): Storage {
    life.onEnd(() => this.#lifeEnded());
    return {
      open: (owner) => this.#open(life, owner),
      write: (batch) => this.#write(life, batch),
      readSnapshot: (meta, range) => this.#read(life, meta, range),
      close: async () => {
        if (!life.isDead) await this.#content.close();
      },
    };
  }

  wipe(): void {
    this.#underWay = undefined;
    this.#content = memoryStorage();
  }

  #open(life: Life, owner: StorageOwner): Promise<StoredState> {
    return life.promise((resolve, reject) => {
      this.#after(life, 'read', () => {
        this.#content.open(owner).then(resolve, reject);
      });
    });
  }

  #write(life: Life, batch: WriteBatch): Promise<void> {
    return life.promise((resolve, reject) => {
      this.#underWay = batch;
      const { conditions } = this;
      const isFailing = this.#options.streams.failure.chance(conditions.writeFailurePpm);
      // The disk goes on while the process is suspended: the write takes effect when its time comes, and the
      // process learns of it when it can.
      let applied = Promise.resolve();
      const arrive = (): void => {
        this.#underWay = undefined;
        if (isFailing) this.#survive(batch, ['write-failed', 'write-failed', 'write-failed']);
        else applied = this.#content.write(batch);
      };
      const run = (): void => {
        if (isFailing) reject(failed(conditions.writeFailure));
        else applied.then(resolve, reject);
      };
      const atUs = this.#add(life, 'written', { payload: batch.entries?.at(-1)?.index ?? 0, arrive, run });
      losePowerBefore(atUs, life, { ...this.#options, partsPerMillion: conditions.crashPpm });
    });
  }

  #read(
    life: Life,
    meta: SnapshotMeta,
    range: { offset: number; length: number },
  ): Promise<SnapshotRead | undefined> {
    return life.promise((resolve, reject) => {
      const isFailing = this.#options.streams.failure.chance(this.conditions.readFailurePpm);
      this.#after(life, 'read', () => {
        if (isFailing) {
          this.#options.faulted('read-failed');
          reject(failed('EIO'));
        } else {
          this.#content.readSnapshot(meta, range).then(resolve, reject);
        }
      });
    });
  }

  #lifeEnded(): void {
    const batch = this.#underWay;
    this.#underWay = undefined;
    if (batch !== undefined) this.#survive(batch, ['write-lost', 'write-torn', 'write-survived']);
    void this.#content.close();
  }

  /** Draws what of a batch is on the disk although nobody was told so, and names it: nothing, a part or all. */
  #survive(batch: WriteBatch, [none, part, all]: readonly [FaultKind, FaultKind, FaultKind]): void {
    const parts = beginningsOf(batch);
    const kept = this.#options.streams.crash.below(parts.length + 1);
    this.#options.faulted(kept === 0 ? none : kept === parts.length ? all : part);
    const beginning = parts[kept - 1];
    // What cannot be written at all is told to a peer that lives; this one is gone or has failed already.
    if (beginning !== undefined) this.#content.write(beginning).catch(() => undefined);
  }

  #after(life: Life, kind: 'read', run: () => void): void {
    this.#add(life, kind, { payload: 0, run });
  }

  #add(life: Life, kind: 'read' | 'written', what: Pick<Task, 'payload' | 'arrive' | 'run'>): number {
    const { time, streams } = this.#options;
    const { latencyUsMin, latencyUsMean } = this.conditions;
    const atUs = time.nowUs + latencyUsMin + streams.latency.exponential(latencyUsMean);
    time.add({ ...plainTask, atUs, kind, life, ...what });
    return atUs;
  }
}

/** So often: the machine loses its power at a drawn moment before a call is done. */
export function losePowerBefore(
  atUs: number,
  life: Life,
  options: Pick<DiskOptions, 'time' | 'streams' | 'losePower'> & { readonly partsPerMillion: number },
): void {
  const { time, streams, losePower, partsPerMillion } = options;
  if (!streams.power.chance(partsPerMillion)) return;
  time.after('disk', streams.power.below(Math.max(1, atUs - time.nowUs)), () => losePower(life));
}

/** Every beginning of a batch, from its first field to all of it. */
function beginningsOf(batch: WriteBatch): readonly WriteBatch[] {
  const beginnings: WriteBatch[] = [];
  let so: WriteBatch = {};
  const grow = (more: WriteBatch): void => {
    so = { ...so, ...more };
    beginnings.push(so);
  };
  if (batch.hardState !== undefined) grow({ hardState: batch.hardState });
  if (batch.snapshotChunk !== undefined) grow({ snapshotChunk: batch.snapshotChunk });
  if (batch.install !== undefined) grow({ install: batch.install });
  if (batch.truncateFrom !== undefined) grow({ truncateFrom: batch.truncateFrom });
  const { entries = [] } = batch;
  for (let count = 1; count <= entries.length; count += 1) grow({ entries: entries.slice(0, count) });
  if (batch.compactThrough !== undefined) grow({ compactThrough: batch.compactThrough });
  return beginnings;
}

function failed(code: 'EIO' | 'ENOSPC'): CoordinationError {
  return new CoordinationError('STORAGE_FAILED', { details: { reason: `the disk answered ${code}` } });
}
