/**
 * What goes wrong with disks of files alone, at the moments that matter: between a write and its sync, while a
 * storage opens, on bytes that only the system's cache holds, in files that nobody has touched for long. With a
 * stream of its own, so that seeds without files stay what they are.
 */
import { defaultFileConditions } from '../world/file-disk.ts';
import type { RandomStream } from '../world/random-stream.ts';
import type { Moment } from './moments.ts';
import type { World } from '../world/world.ts';

/** What a disk of files is, apart from its speed, when nothing is wrong with it. */
const { latencyUsMin: _least, latencyUsMean: _mean, ...soundFiles } = defaultFileConditions;

export interface FileTroubleOptions {
  readonly world: World;
  /** No harm is done any more. */
  readonly isOver: () => boolean;
  /** The machine loses its power, and is started again after a while. */
  readonly losePower: (member: string, stream: RandomStream) => void;
}

export class FileTrouble {
  readonly #options: FileTroubleOptions;
  readonly #stream: RandomStream;
  /** Whose bit was flipped last: what one flipped bit costs is little, what a second one finds may be more. */
  #rotten: string | undefined;

  constructor(options: FileTroubleOptions) {
    this.#options = options;
    this.#stream = options.world.random('nemesis:files');
  }

  /** What a crash waits for, so that it hits a write that is under way, or files that are being removed. */
  momentOr(drawn: Moment | undefined): Moment | undefined {
    return this.#stream.pick([drawn, drawn, 'write', 'compact']);
  }

  /** Whether a wipe is a flipped bit instead. */
  rots(): boolean {
    return this.#stream.chance(500_000);
  }

  /** Who is to lose a bit: often the same as before. */
  rottenOr(member: string): string {
    const chosen = this.#stream.chance(600_000) ? (this.#rotten ?? member) : member;
    this.#rotten = chosen;
    return chosen;
  }

  /**
   * A process that died may have left bytes that only the system's cache holds. It is started again, reads them, and
   * a little later the machine loses its power.
   */
  async relapse(member: string): Promise<void> {
    const { isOver, losePower, world } = this.#options;
    const host = world.host(member);
    if (!this.#stream.chance(300_000)) return;
    await world.sleep(this.#stream.between(1, 50));
    if (isOver() || host.isRunning) return;
    host.restart();
    await world.sleep(this.#stream.pick([0.3, 0.6, 1, 1.5, 2, 4, 20]));
    if (!isOver()) losePower(member, this.#stream);
  }

  /** For a while the machine loses its power, or the process dies, in the middle of calls: of openings as well. */
  async flicker(member: string): Promise<void> {
    const { isOver, world } = this.#options;
    const host = world.host(member);
    const { conditions } = host.files;
    const often = this.#stream.pick([10_000, 50_000, 200_000]);
    if (this.#stream.chance(500_000)) conditions.crashPpm = often;
    else conditions.killPpm = often;
    for (let left = this.#stream.between(3, 20); left > 0; left -= 1) {
      await world.sleep(this.#stream.between(5, 100));
      if (isOver()) return;
      if (!host.isRunning) host.restart();
    }
    conditions.crashPpm = 0;
    conditions.killPpm = 0;
  }

  /**
   * A failing disk may fail at any call, or at some of them; a full one takes what needs no room. Answers how long
   * that lasts, in mean milliseconds.
   */
  fail(member: string, disk: { readonly writeFailure: string; readonly writeFailurePpm: number }): number {
    const { conditions } = this.#options.world.host(member).files;
    if (disk.writeFailure === 'ENOSPC') {
      // A segment of a log is full only after a while.
      conditions.capacityBytes = 1;
      return 4_000;
    }
    switch (this.#stream.pick(['all', 'syncs', 'reads'] as const)) {
      case 'all':
        conditions.writeFailurePpm = disk.writeFailurePpm;
        conditions.syncFailurePpm = disk.writeFailurePpm;
        conditions.readFailurePpm = disk.writeFailurePpm;
        conditions.nameFailurePpm = disk.writeFailurePpm;
        break;
      case 'syncs':
        conditions.syncFailurePpm = this.#stream.pick([100_000, 1_000_000]);
        void this.#losePowerSoon(member);
        break;
      case 'reads':
        conditions.readFailurePpm = this.#stream.pick([100_000, 250_000]);
        void this.#startAgain(member);
    }
    return 1_000;
  }

  mend(member: string): void {
    Object.assign(this.#options.world.host(member).files.conditions, soundFiles);
  }

  /** What a failed sync has lost shows only when the cache is gone. */
  async #losePowerSoon(member: string): Promise<void> {
    const { isOver, losePower, world } = this.#options;
    await world.sleep(this.#stream.exponential(400));
    if (!isOver()) losePower(member, this.#stream);
  }

  /** Most of what a storage reads it reads when it opens. */
  async #startAgain(member: string): Promise<void> {
    const { isOver, world } = this.#options;
    for (let left = this.#stream.between(2, 6); left > 0; left -= 1) {
      if (isOver()) return;
      world.host(member).restart();
      await world.sleep(this.#stream.between(20, 400));
    }
  }
}
