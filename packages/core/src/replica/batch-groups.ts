/**
 * What goes into one entry, and into one Propose. All batches of one turn of the event loop come together, and
 * many sessions write much in a turn; an entry that does not fit a frame could never leave its leader, and would
 * stop the whole log behind it for ever.
 */
import { splitBatches } from '../codec/batch.ts';
import { frameReserveBytes } from '../limits.ts';
import type { ProposedBatch } from './contract.ts';

export interface GroupBounds {
  /** A group is closed before it grows beyond this; one larger batch is a group of its own. */
  readonly appendBytesMax: number;
  readonly frameBytesMax: number;
}

/**
 * The batches in order, in groups. Left out are those that no entry can hold, and those that claim another
 * length than they have: everything behind them in the entry would be lost.
 */
export function groupBatches(
  batches: readonly ProposedBatch[],
  bounds: GroupBounds,
): readonly (readonly ProposedBatch[])[] {
  const bytesMax = bounds.frameBytesMax - frameReserveBytes;
  const groups: ProposedBatch[][] = [];
  let group: ProposedBatch[] = [];
  let byteCount = 0;
  for (const batch of batches) {
    const { length } = batch.bytes;
    if (length > bytesMax || !isWhole(batch.bytes)) continue;
    if (group.length === 0 || byteCount + length > bounds.appendBytesMax) {
      group = [];
      byteCount = 0;
      groups.push(group);
    }
    group.push(batch);
    byteCount += length;
  }
  return groups;
}

function isWhole(bytes: Uint8Array): boolean {
  const [only, second] = splitBatches(bytes);
  return only !== undefined && second === undefined && only.end === bytes.length;
}
