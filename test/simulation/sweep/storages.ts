/** What peers of a run keep their log in, by the name that the command line takes. */
import type { RunSeedOptions } from '@quorate/simulator';
import { storageOn } from '@quorate/storage-file';

/** Small, so that the log goes from one segment to the next all the time. */
const segmentBytes = 16_384;

/** `disk`: the world's own disk, which knows no files. `file`: the file storage on the world's disk of files. */
export function storageNamed(name: string): Pick<RunSeedOptions, 'storageOf'> {
  switch (name) {
    case 'disk':
      return {};
    case 'file':
      return { storageOf: ({ directory }) => storageOn(directory, { segmentBytes }) };
    default:
      throw new RangeError(`--storage ${name}: not disk or file`);
  }
}
