/**
 * Ports: what an adapter implements, as types only.
 *
 * @packageDocumentation
 */
export type { Checksum } from './checksum.ts';
export type { Clock, Timer } from './clock.ts';
export type { Entry, HardState, SnapshotMeta } from './entry.ts';
export type { Directory, DirectoryFile, DirectoryLock, FilesError } from './files.ts';
export type { Logger } from './logger.ts';
export type { Random } from './random.ts';
export type {
  SnapshotChunk,
  SnapshotRead,
  Storage,
  StorageOwner,
  StoredState,
  WriteBatch,
} from './storage.ts';
export type {
  DialerEvents,
  RefusedConnection,
  ServedSessionEvents,
  SessionDialer,
  SessionOwner,
  Transport,
  TransportEvents,
  TransportOwner,
} from './transport.ts';
