/** What goes wrong, sorted: damage, a full disk, and everything else, which poisons the storage. */
import { CoordinationError } from '@quorate/core';

/** Stored bytes are damaged or missing. */
export function corrupted(reason: string): CoordinationError {
  return new CoordinationError('CORRUPTED', { details: { reason } });
}

export function storageFailed(reason: string, cause?: unknown): CoordinationError {
  return new CoordinationError('STORAGE_FAILED', { details: { reason }, cause });
}

/** The code of the system, such as `ENOSPC`. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/**
 * No room was left when something was made or written. A failed *sync* is never this, whatever its code: what it
 * left behind is unknown, so it is a SyncFailure and poisons.
 */
export function isDiskFull(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** A sync that failed. The kernel may have dropped what it could not write, so nobody tries it again. */
export class SyncFailure extends Error {
  override readonly name = 'SyncFailure';

  constructor(what: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${what} could not be made durable: ${reason}`, { cause });
  }
}

/** Makes the content of a file, or the names of a directory, durable. */
export async function syncOf(what: string, target: { sync(): Promise<void> }): Promise<void> {
  try {
    await target.sync();
  } catch (cause) {
    throw new SyncFailure(what, cause);
  }
}
