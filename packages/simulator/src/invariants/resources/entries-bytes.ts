/** Bytes of entries as limits count them; written again here, so that a mistake in core's count shows. */
import type { Entry } from '@quorate/core/ports';

/** What an entry is counted with beside its body (core/src/raft/log.ts). */
const entryOverheadBytes = 64;

export function entriesBytes(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const { body } of entries) bytes += body.length + entryOverheadBytes;
  return bytes;
}
