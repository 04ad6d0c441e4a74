/**
 * Which worlds a mutant is put into. Most are looked for in those of every sweep. Some bugs can only show in a shape
 * that few seeds draw; these are looked for in seeds of that shape, so that the figures are not about the draw.
 * A profile takes away, as a reduction does; it adds no fault and no look at the inside. Peers may keep their log in
 * another storage than in the sweep's worlds.
 */
import type { Reduction } from '@quorate/simulator';

export const profiles: Readonly<Record<string, Reduction>> = {
  /** The seeds of every sweep. */
  sweep: {},
  /** One voter: all that depends on others alone is gone. */
  single: { membersMax: 1 },
  /** Logs are files, on a disk that fails as disks of files do. */
  'file-storage': {},
};

export function reductionOf(profile: string | undefined, durationMs: number): Reduction {
  const reduction = profiles[profile ?? 'sweep'];
  if (reduction === undefined) throw new RangeError(`there is no profile ${profile}`);
  return { ...reduction, durationMs };
}

/** What peers keep their log in, as sweep/storages.ts names it. */
export function storageIn(profile: string | undefined): string {
  return profile === 'file-storage' ? 'file' : 'disk';
}
