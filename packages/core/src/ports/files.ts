/**
 * The files port: what a storage on disk needs of a file system. Real directories and the simulator's faulty disk
 * both implement it, so a storage proves itself on the second and runs on the first.
 *
 * Its rules are those of POSIX, not kinder: what was written is durable only after `sync` of the file, and a name
 * that was created, renamed or removed only after `sync` of the directory. After a crash any subset of what was
 * not synced may be there, in any order. A write that was not synced may be torn between sectors (512 bytes of the
 * file, aligned): some hold the new bytes, others the old ones, and the last new one may end anywhere. A call that
 * fails leaves unknown what of it happened.
 */

/** One flat directory. Names have no separators. */
export interface Directory {
  /** For messages only. */
  readonly path: string;
  list(): Promise<readonly string[]>;
  /** `create` fails if the name exists; `write` and `read` fail if it does not (`write` reads as well). */
  open(name: string, mode: 'create' | 'write' | 'read'): Promise<DirectoryFile>;
  /** Replaces `to` if it exists, atomically. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes created, renamed and removed names durable. */
  sync(): Promise<void>;
  /**
   * Holds the directory for this process until the release is called or the process dies; undefined: somebody
   * else holds it. Never depends on a file that a dead process leaves behind.
   */
  lock(): Promise<DirectoryLock | undefined>;
}

/** Held as long as `release` was not called and the process lives. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** An open file. At most one `write`, `sync` or `truncate` is under way at a time. */
export interface DirectoryFile {
  /** At most `length` bytes from `position`; fewer only at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>;
  /** Writes all of `bytes`; they may not change until it settles. Past the end the file grows (with zeros between). */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Makes the content durable (fdatasync: its size too, its times not). */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** Errors of a files port carry the code of the system: `ENOSPC`, `EIO`, `ENOENT`, `EEXIST`, `EACCES`, `EROFS` ... */
export interface FilesError extends Error {
  readonly code: string;
}
