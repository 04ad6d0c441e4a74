/** What peers of a run keep their log in, by the name that the command line takes. */
import type { RunSeedOptions } from '@quorate/simulator';
import { storageOn } from '@quorate/storage-file';
import { readingWhatItFinds } from './reading-what-it-finds.ts';

/** Small, so that the log goes from one segment to the next all the time. */
const segmentBytes = 16_384;

/** Of so many seeds one keeps its log in files: they cost more, and have faults of their own. */
const seedsPerFileSeed = 8n;

/**
 * `disk`: the world's own disk, which knows no files. `file`: the file storage on the world's disk of files. `mixed`:
 * the one or the other, by the seed. `file-read`: the file storage, which must show at each start what it has found.
 */
export function storageNamed(name: string, seed: bigint): Pick<RunSeedOptions, 'storageOf'> {
  switch (name === 'mixed' ? (seed % seedsPerFileSeed === 0n ? 'file' : 'disk') : name) {
    case 'disk':
      return {};
    case 'file':
      return { storageOf: ({ directory }) => storageOn(directory, { segmentBytes }) };
    case 'file-read':
      return { storageOf: ({ directory }) => readingWhatItFinds(storageOn(directory, { segmentBytes })) };
    default:
      throw new RangeError(`--storage ${name}: not mixed, disk or file`);
  }
}
