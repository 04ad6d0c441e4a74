/**
 * A host's disk as the files port, with the manners of POSIX and no better: only `sync` makes durable, of a file's
 * content and of a directory's names apart; what was not synced survives a loss of power in any part and any
 * order; a failed sync has lost what it should have written. A process that dies leaves what it has written to the
 * system, which goes on holding it.
 */
import type { Directory, DirectoryFile, FilesError } from '@quorate/core/ports';
import type { FaultKind } from './faults.ts';
import { FileContent, type Survival } from './file-content.ts';
import { FileNames } from './file-names.ts';
import type { Life } from './life.ts';
import type { RandomStream } from './random-stream.ts';
import { type DiskOptions, losePowerBefore } from './storage-disk.ts';
import { plainTask } from './time.ts';

/** How a disk of files behaves; each may be changed while it is used. Chances are parts per million of calls. */
export interface FileConditions {
  /** Least microseconds of a call. */
  latencyUsMin: number;
  /** Mean of the exponential part that is added. */
  latencyUsMean: number;
  /** Writes and truncations that fail with EIO; a part of them may have happened. */
  writeFailurePpm: number;
  /** Reads that fail with EIO. */
  readFailurePpm: number;
  /** Syncs, of files and of the directory, that fail with EIO, after which nothing makes durable what they should have. */
  syncFailurePpm: number;
  /** Opened, created, renamed and removed names, and listings, that fail with EIO. */
  nameFailurePpm: number;
  /** Syncs that succeed and do nothing: a disk that lies. No storage can bear it; it proves that a test would notice. */
  lostSyncPpm: number;
  /** Calls in the middle of which the machine loses its power. */
  crashPpm: number;
  /** Calls in the middle of which the process dies: the system keeps what it wrote. */
  killPpm: number;
  /** Bytes of all files together; more is ENOSPC. */
  capacityBytes: number;
  /** Calls after which every one fails with EIO: the disk has died. */
  callsMax: number;
}

/** An SSD of a server, with room for everything. */
export const defaultFileConditions: FileConditions = Object.freeze({
  latencyUsMin: 20,
  latencyUsMean: 50,
  writeFailurePpm: 0,
  readFailurePpm: 0,
  syncFailurePpm: 0,
  nameFailurePpm: 0,
  lostSyncPpm: 0,
  crashPpm: 0,
  killPpm: 0,
  capacityBytes: Number.MAX_SAFE_INTEGER,
  callsMax: Number.MAX_SAFE_INTEGER,
});

export interface FileDiskOptions extends DiskOptions {
  /** For messages only. */
  readonly path: string;
  /** Ends this life alone, unless it is over. */
  readonly kill: (life: Life) => void;
  /** A file is no longer what was written. */
  readonly rotted: (file: string) => void;
  /** A process is being told that a sync has failed. */
  readonly syncFailed: (life: Life) => void;
}

/** What a call does when its time comes; `part` is how much of it, for one that fails or is cut off by a crash. */
interface CallPlan<T> {
  readonly failurePpm: number;
  readonly fault: FaultKind;
  perform(): T;
  /** A draw of what happened of a call that did not end well. Undefined: nothing may. */
  readonly part: ((random: RandomStream) => void) | undefined;
}

/** What an error of a simulated file system is. */
class SimulatedFilesError extends Error implements FilesError {
  override readonly name = 'SimulatedFilesError';
  readonly code: string;

  constructor(code: string, what: string) {
    super(`${code}: ${what}`);
    this.code = code;
  }
}

/** The files of one host. */
export class FileDisk {
  readonly conditions: FileConditions = { ...defaultFileConditions };
  readonly #options: FileDiskOptions;
  #names = new FileNames();
  #lockedBy: Life | undefined;
  /** Calls that the disk works on, with what a crash may leave of each. */
  readonly #underWay = new Set<CallPlan<unknown>>();
  #callsCount = 0;
  /** Counts changes, so that a crash can keep all before one of them. */
  #moment = 0;

  constructor(options: FileDiskOptions) {
    this.#options = options;
  }

  /** The files port of one life. */
  directoryOf(life: Life): Directory {
    const call = <T>(plan: CallPlan<T>): Promise<T> => this.#call(life, plan);
    life.onEnd(() => {
      if (this.#lockedBy === life) this.#lockedBy = undefined;
      this.#cutOff();
    });
    return {
      path: this.#options.path,
      list: () => call(this.#naming(() => this.#names.list())),
      open: (name, mode) => call(this.#naming(() => this.#fileOf(this.#open(name, mode), name, call))),
      rename: (from, to) => call(this.#changing(() => this.#names.rename(from, to, this.#known(from)))),
      remove: (name) => call(this.#changing(() => this.#names.remove(name, this.#known(name)))),
      sync: () =>
        call(
          this.#syncing(
            () => this.#names.sync(),
            () => undefined,
          ),
        ),
      lock: () =>
        call(
          this.#naming(() => {
            if (this.#lockedBy !== undefined) return undefined;
            this.#lockedBy = life;
            const release = async (): Promise<void> => {
              if (this.#lockedBy === life) this.#lockedBy = undefined;
            };
            return { release };
          }),
        ),
    };
  }

  /** The machine loses its power: what was not synced is lost, in part, or not at all. */
  losePower(): void {
    const { crash } = this.#options.streams;
    const files = [...this.#names.files];
    if (files.some((file) => file.isDirty) || this.#names.changesCount > 0)
      this.#options.faulted('unsynced-lost');
    for (const file of files) file.losePower(this.#survival());
    const isInOrder = crash.below(2) === 0;
    const count = crash.below(this.#names.changesCount + 1);
    this.#names.losePower(isInOrder ? { kind: 'first', count } : { kind: 'any', random: crash });
  }

  wipe(): void {
    this.#names = new FileNames();
  }

  /**
   * Flips so many bits of what is on the disk, in files that are drawn: first the kind, by what a name is without its
   * numbers, so that the many do not hide the few.
   */
  rot(bitsCount: number): void {
    const { crash } = this.#options.streams;
    const kinds = new Map<string, string[]>();
    for (const name of this.#names.list()) {
      const kind = name.replace(/\d+/g, '');
      kinds.set(kind, [...(kinds.get(kind) ?? []), name]);
    }
    for (let bit = 0; bit < bitsCount && kinds.size > 0; bit += 1) {
      const name = crash.pick(crash.pick([...kinds.values()]));
      if (this.#names.get(name)?.rot(crash) !== true) continue;
      this.#options.faulted('bit-rot');
      this.#options.rotted(name);
    }
  }

  // --- calls --------------------------------------------------------------------------------------------------

  #call<T>(life: Life, plan: CallPlan<T>): Promise<T> {
    return life.promise((resolve, reject) => {
      const { time, streams, faulted, kill, syncFailed } = this.#options;
      const { latencyUsMin, latencyUsMean, callsMax, crashPpm, killPpm } = this.conditions;
      this.#callsCount += 1;
      const isFailing = streams.failure.chance(plan.failurePpm) || this.#callsCount > callsMax;
      this.#underWay.add(plan);
      let settle = (): void => undefined;
      // As with the other disk: it works on while the process is suspended.
      const arrive = (): void => {
        this.#underWay.delete(plan);
        if (isFailing) {
          faulted(plan.fault);
          plan.part?.(streams.crash);
          settle = () => {
            if (plan.fault === 'sync-failed') syncFailed(life);
            reject(new SimulatedFilesError('EIO', 'the disk failed'));
          };
          return;
        }
        try {
          const result = plan.perform();
          settle = () => resolve(result);
        } catch (error) {
          settle = () => reject(error);
        }
      };
      const atUs = time.nowUs + latencyUsMin + streams.latency.exponential(latencyUsMean);
      time.add({ ...plainTask, atUs, kind: 'files', life, arrive, run: () => settle() });
      losePowerBefore(atUs, life, { ...this.#options, partsPerMillion: crashPpm });
      losePowerBefore(atUs, life, { ...this.#options, losePower: kill, partsPerMillion: killPpm });
    });
  }

  /** The process is gone: what it had asked for and not heard of happened, in part or not at all. */
  #cutOff(): void {
    const { crash } = this.#options.streams;
    for (const plan of this.#underWay) plan.part?.(crash);
    this.#underWay.clear();
  }

  #naming<T>(perform: () => T): CallPlan<T> {
    return { failurePpm: this.conditions.nameFailurePpm, fault: 'name-failed', perform, part: undefined };
  }

  /** A change of a name happens or does not, whatever the caller is told. */
  #changing(perform: () => void): CallPlan<void> {
    const part = (random: RandomStream): void => {
      if (random.below(2) === 0) attempt(perform);
    };
    return { failurePpm: this.conditions.nameFailurePpm, fault: 'name-failed', perform, part };
  }

  #syncing(sync: () => void, fail: (survival: Survival) => void): CallPlan<void> {
    const perform = (): void => {
      if (this.#options.streams.failure.chance(this.conditions.lostSyncPpm))
        this.#options.faulted('sync-lost');
      else sync();
    };
    const part = (): void => fail(this.#survival());
    return { failurePpm: this.conditions.syncFailurePpm, fault: 'sync-failed', perform, part };
  }

  /** Drawn so that the plain cases are as frequent as the odd ones: nothing, everything, a beginning, anything. */
  #survival(): Survival {
    const { crash } = this.#options.streams;
    switch (crash.below(4)) {
      case 0:
        return { kind: 'through', moment: 0 };
      case 1:
        return { kind: 'through', moment: this.#moment };
      case 2:
        return { kind: 'through', moment: crash.below(this.#moment + 1) };
      default:
        return { kind: 'any', random: crash };
    }
  }

  // --- files --------------------------------------------------------------------------------------------------

  #open(name: string, mode: 'create' | 'write' | 'read'): FileContent {
    const known = this.#names.get(name);
    if (mode !== 'create') return this.#known(name);
    if (known !== undefined) throw new SimulatedFilesError('EEXIST', name);
    const file = new FileContent();
    this.#names.create(name, file);
    return file;
  }

  #known(name: string): FileContent {
    const file = this.#names.get(name);
    if (file === undefined) throw new SimulatedFilesError('ENOENT', name);
    return file;
  }

  #fileOf(file: FileContent, name: string, call: <T>(plan: CallPlan<T>) => Promise<T>): DirectoryFile {
    let isClosed = false;
    const open = <T>(plan: CallPlan<T>): Promise<T> =>
      isClosed ? Promise.reject(new SimulatedFilesError('EBADF', name)) : call(plan);
    const { conditions } = this;
    return {
      read: (position, length) =>
        open({
          failurePpm: conditions.readFailurePpm,
          fault: 'read-failed',
          perform: () => file.read(position, length),
          part: undefined,
        }),
      write: (bytes, position) => open(this.#writing(file, bytes, position)),
      sync: () =>
        open(
          this.#syncing(
            () => file.sync(),
            (survival) => file.failSync(survival),
          ),
        ),
      truncate: (length) => {
        const perform = (): void => {
          if (!this.#hasRoom(length - file.size)) throw this.#full();
          file.truncate(length, this.#nextMoment());
        };
        const part = (random: RandomStream): void => {
          if (random.below(2) === 0) attempt(perform);
        };
        return open({ failurePpm: conditions.writeFailurePpm, fault: 'write-failed', perform, part });
      },
      size: async () => file.size,
      close: async () => {
        isClosed = true;
      },
    };
  }

  #writing(file: FileContent, bytes: Uint8Array, position: number): CallPlan<void> {
    const write = (length: number): void => {
      if (length > 0) file.write(bytes.subarray(0, length), position, this.#nextMoment());
    };
    return {
      failurePpm: this.conditions.writeFailurePpm,
      fault: 'write-failed',
      perform: () => {
        const growth = position + bytes.length - file.size;
        // As far as there is room, as write(2) does.
        if (!this.#hasRoom(growth)) {
          write(Math.max(0, file.size + this.#roomBytes() - position));
          throw this.#full();
        }
        write(bytes.length);
      },
      part: (random) => write(random.below(bytes.length + 1)),
    };
  }

  #roomBytes(): number {
    let used = 0;
    for (const file of this.#names.files) used += file.size;
    return Math.max(0, this.conditions.capacityBytes - used);
  }

  #hasRoom(growthBytes: number): boolean {
    if (growthBytes <= 0 || this.conditions.capacityBytes === defaultFileConditions.capacityBytes)
      return true;
    return growthBytes <= this.#roomBytes();
  }

  #full(): SimulatedFilesError {
    this.#options.faulted('disk-full');
    return new SimulatedFilesError('ENOSPC', 'no room is left on the disk');
  }

  #nextMoment(): number {
    this.#moment += 1;
    return this.#moment;
  }
}

/** What a call that is cut off cannot do, it does not do. */
function attempt(perform: () => void): void {
  try {
    perform();
  } catch (error) {
    if (!(error instanceof SimulatedFilesError)) throw error;
  }
}
