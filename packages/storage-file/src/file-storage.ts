/** What applications use: a storage in a directory of this machine. */
import { CoordinationError } from '@quorate/core';
import type { Storage } from '@quorate/core/ports';
import { nodeDirectory } from './node-directory.ts';
import { type StorageOptions, storageOn } from './storage.ts';

/** Where a member keeps its log, votes and snapshots. */
export interface FileStorageOptions extends StorageOptions {
  /**
   * The directory of this one member, on a disk of this machine; made if it is not there, with access for its owner
   * only. Relative paths are resolved now. Not on a network file system: it could not be held by one process.
   */
  readonly directory: string;
}

/**
 * A durable storage: what a peer acknowledged survives a crash of the process and a loss of power, and damage is
 * found.
 *
 * @throws CoordinationError `BAD_ARGUMENTS` for wrong options.
 *
 * @example
 * const peer = await openPeer({ id: 'a', storage: fileStorage({ directory: './data/a' }) });
 */
export function fileStorage(options: FileStorageOptions): Storage {
  const { directory, ...others } = options;
  if (typeof directory !== 'string' || directory.length === 0) {
    const reason = 'not the path of a directory';
    throw new CoordinationError('BAD_ARGUMENTS', { details: { argument: 'directory', reason } });
  }
  return storageOn(nodeDirectory(directory), others);
}
