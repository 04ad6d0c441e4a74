/**
 * Quorate's storage on disk: write-ahead log, snapshots, recovery.
 *
 * @packageDocumentation
 */
export { fileStorage } from './file-storage.ts';
export type { FileStorageOptions } from './file-storage.ts';
export { nodeDirectory } from './node-directory.ts';
export { storageOn } from './storage.ts';
export type { StorageOptions } from './storage.ts';
