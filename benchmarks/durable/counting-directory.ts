/** A directory that counts the syncs of the log, of everything else, and the bytes. */
import type { Directory, DirectoryFile } from '@quorate/core/ports';
import { nodeDirectory } from '@quorate/storage-file';

export interface Counts {
  /** Of segments of the log. */
  logSyncs: number;
  otherSyncs: number;
  bytes: number;
}

export function countingDirectory(path: string, counts: Counts): Directory {
  const inner = nodeDirectory(path);
  return {
    path,
    list: () => inner.list(),
    open: async (name, mode) => countingFile(name, await inner.open(name, mode), counts),
    rename: (from, to) => inner.rename(from, to),
    remove: (name) => inner.remove(name),
    sync: () => {
      counts.otherSyncs += 1;
      return inner.sync();
    },
    lock: () => inner.lock(),
  };
}

function countingFile(name: string, file: DirectoryFile, counts: Counts): DirectoryFile {
  const isLog = name.startsWith('log-');
  return {
    read: (position, length) => file.read(position, length),
    write: (bytes, position) => {
      counts.bytes += bytes.length;
      return file.write(bytes, position);
    },
    sync: () => {
      if (isLog) counts.logSyncs += 1;
      else counts.otherSyncs += 1;
      return file.sync();
    },
    truncate: (length) => file.truncate(length),
    size: () => file.size(),
    close: () => file.close(),
  };
}
