/**
 * The content of one simulated file, in sectors: as the system shows it, as it is on the disk, and every version
 * in between since the last sync. A crash picks a version for each sector; a sector is never torn itself, as disks
 * promise for 512 bytes.
 */
import type { RandomStream } from './random-stream.ts';

/** Bytes that a disk writes wholly or not at all. */
export const sectorBytes = 512;

/** Never changed: a write replaces it. */
type Sector = Uint8Array;

/** What a sector, or the size, became at one moment. */
interface Version<T> {
  readonly moment: number;
  readonly value: T;
}

const zeroSector: Sector = new Uint8Array(sectorBytes);

/** Which of the unsynced versions a crash keeps. */
export type Survival =
  /** All those up to a moment, as if the system had written back in order. */
  | { readonly kind: 'through'; readonly moment: number }
  /** Any, for each sector on its own: written back in any order. */
  | { readonly kind: 'any'; readonly random: RandomStream };

export class FileContent {
  readonly #shown = new Map<number, Sector>();
  #shownSize = 0;
  readonly #durable = new Map<number, Sector>();
  #durableSize = 0;
  /** Unsynced versions of each sector, oldest first. */
  readonly #versions = new Map<number, Version<Sector>[]>();
  #sizes: Version<number>[] = [];

  get size(): number {
    return this.#shownSize;
  }

  /** Whether a loss of power could take something away. */
  get isDirty(): boolean {
    return this.#versions.size > 0 || this.#sizes.length > 0;
  }

  read(position: number, length: number): Uint8Array {
    const end = Math.min(position + length, this.#shownSize);
    const bytes = new Uint8Array(Math.max(0, end - position));
    for (let at = position; at < end; ) {
      const sector = Math.floor(at / sectorBytes);
      const sectorEnd = Math.min((sector + 1) * sectorBytes, end);
      const from = at - sector * sectorBytes;
      const content = this.#shown.get(sector) ?? zeroSector;
      bytes.set(content.subarray(from, from + sectorEnd - at), at - position);
      at = sectorEnd;
    }
    return bytes;
  }

  write(bytes: Uint8Array, position: number, moment: number): void {
    const end = position + bytes.length;
    for (let at = position; at < end; ) {
      const sector = Math.floor(at / sectorBytes);
      const sectorEnd = Math.min((sector + 1) * sectorBytes, end);
      const part = bytes.subarray(at - position, sectorEnd - position);
      this.#replace(sector, changed(this.#shown.get(sector), part, at - sector * sectorBytes), moment);
      at = sectorEnd;
    }
    if (end > this.#shownSize) this.#resize(end, moment);
  }

  truncate(length: number, moment: number): void {
    if (length < this.#shownSize) {
      const first = Math.floor(length / sectorBytes);
      // What grows again later must be zeros.
      for (const [sector, content] of [...this.#shown]) {
        if (sector > first) this.#replace(sector, zeroSector, moment);
        else if (sector === first)
          this.#replace(sector, cutOff(content, length - first * sectorBytes), moment);
      }
    }
    if (length !== this.#shownSize) this.#resize(length, moment);
  }

  /** Everything shown is durable from now on. */
  sync(): void {
    for (const sector of this.#versions.keys()) {
      this.#durable.set(sector, this.#shown.get(sector) ?? zeroSector);
    }
    this.#durableSize = this.#shownSize;
    this.#versions.clear();
    this.#sizes = [];
  }

  /**
   * A sync failed. Linux marks the pages clean all the same, so that no later sync writes them (Rebello et al.,
   * "Can Applications Recover from fsync Failures?", ATC 2020): what is shown is not what is on the disk.
   */
  failSync(survival: Survival): void {
    const { sectors, size } = this.#survivors(survival);
    for (const [sector, content] of sectors) this.#durable.set(sector, content);
    this.#durableSize = size;
    this.#versions.clear();
    this.#sizes = [];
  }

  /** Power is lost: what is left is what was durable and what happened to survive. */
  losePower(survival: Survival): void {
    this.failSync(survival);
    this.#shown.clear();
    for (const [sector, content] of this.#durable) this.#shown.set(sector, content);
    this.#shownSize = this.#durableSize;
    this.#clearBeyond();
  }

  /**
   * Flips one bit of what is on the disk; false: the file is empty. Mostly where something is written: what is made
   * of zeros beforehand is the greater part of many files.
   */
  rot(random: RandomStream): boolean {
    if (this.#durableSize === 0) return false;
    const filled = [...this.#durable].filter(([, content]) => content.some((byte) => byte !== 0));
    const isAnywhere = filled.length === 0 || random.chance(250_000);
    const sector = isAnywhere
      ? Math.floor(random.below(this.#durableSize) / sectorBytes)
      : random.pick(filled.map(([number]) => number));
    const rotten = (this.#durable.get(sector) ?? zeroSector).slice();
    const length = Math.max(1, Math.min(sectorBytes, this.#durableSize - sector * sectorBytes));
    const at = random.below(length);
    rotten[at] = (rotten[at] ?? 0) ^ (1 << random.below(8));
    this.#durable.set(sector, rotten);
    // What the system holds in memory and has not written yet hides it.
    if (!this.#versions.has(sector)) this.#shown.set(sector, rotten);
    return true;
  }

  #replace(sector: number, content: Sector, moment: number): void {
    this.#shown.set(sector, content);
    const versions = this.#versions.get(sector);
    if (versions === undefined) this.#versions.set(sector, [{ moment, value: content }]);
    else versions.push({ moment, value: content });
  }

  #resize(size: number, moment: number): void {
    this.#shownSize = size;
    this.#sizes.push({ moment, value: size });
  }

  #survivors(survival: Survival): { readonly sectors: Map<number, Sector>; readonly size: number } {
    const sectors = new Map<number, Sector>();
    for (const [sector, versions] of this.#versions) {
      const survivor = survivorOf(versions, survival);
      if (survivor !== undefined) sectors.set(sector, survivor);
    }
    return { sectors, size: survivorOf(this.#sizes, survival) ?? this.#durableSize };
  }

  /** What lies beyond the end must read as zeros when the file grows again. */
  #clearBeyond(): void {
    const first = Math.floor(this.#shownSize / sectorBytes);
    for (const [sector, content] of [...this.#shown]) {
      if (sector < first) continue;
      const kept = sector > first ? zeroSector : cutOff(content, this.#shownSize - first * sectorBytes);
      this.#shown.set(sector, kept);
      this.#durable.set(sector, kept);
    }
  }
}

/** Undefined: what was durable. */
function survivorOf<T>(versions: readonly Version<T>[], survival: Survival): T | undefined {
  if (survival.kind === 'any') return versions[survival.random.below(versions.length + 1) - 1]?.value;
  let survivor: T | undefined;
  for (const { moment, value } of versions) if (moment <= survival.moment) survivor = value;
  return survivor;
}

function changed(before: Sector | undefined, part: Uint8Array, from: number): Sector {
  // Files are filled with zeros beforehand: one sector stands for all of them.
  if (part.length === sectorBytes && part.every((byte) => byte === 0)) return zeroSector;
  const after = before === undefined ? new Uint8Array(sectorBytes) : before.slice();
  after.set(part, from);
  return after;
}

function cutOff(content: Sector, length: number): Sector {
  const kept = new Uint8Array(sectorBytes);
  kept.set(content.subarray(0, length));
  return kept;
}
