/**
 * Keeps memory bounded by what lives. A record's value is a view into the batch it came in, which costs nothing at
 * apply; but one small value that lives on would keep a whole batch (or a whole frame) in memory. Each snapshot
 * meets every znode, so it takes the occasion: values that keep alive much more than themselves move into bytes of
 * their own. Since the log is cut behind each snapshot, what old batches hold is bounded by the log's own bounds.
 *
 * Small values of one slice move into one buffer together, because a buffer of its own costs some 200 bytes; for
 * the same reason the values of the slice that share a buffer are weighed together. Nothing of the replicated
 * state changes: same bytes, same hash, same digest.
 */
import type { ValueSource } from '../codec/value.ts';
import type { Cell } from './cell.ts';
import { moveValue, type ZnodeRecord } from './znode-record.ts';

/** A buffer may be this many times as large as what it is kept for. */
const wasteFactor = 4;
/** What a record costs anyway, beside its value: moving less than that around saves nothing. */
const recordBytes = 64;
/** Above it a value gets a buffer alone: the buffer's own cost no longer matters. */
const sharedBytesMax = 4_096;
/** Typed arrays up to this length live inside the heap; asking for their buffer would create one. */
const inlineBytesMax = 64;

/** Something that is in memory as a whole or not at all. */
type Home = ArrayBufferLike | Uint8Array;

/** Moves the values of these cells to buffers of a fitting size, where they are in much larger ones. */
export function rehome(cells: readonly Cell[]): void {
  const useful = new Map<Home, number>();
  for (const { record } of cells) {
    const home = homeOf(record);
    useful.set(home, (useful.get(home) ?? 0) + recordBytes + record.end - record.start);
  }
  const moving: Cell[] = [];
  let sharedBytes = 0;
  for (const cell of cells) {
    const home = homeOf(cell.record);
    if (home.byteLength <= wasteFactor * (useful.get(home) ?? 0)) continue;
    const length = cell.record.end - cell.record.start;
    if (length > sharedBytesMax) {
      moveValue(cell.record, ownCopy(cell.record));
    } else {
      moving.push(cell);
      sharedBytes += length;
    }
  }
  if (moving.length > 0) share(moving, new Uint8Array(sharedBytes));
}

function share(cells: readonly Cell[], target: Uint8Array): void {
  let start = 0;
  for (const cell of cells) {
    const { record } = cell;
    const end = start + record.end - record.start;
    target.set(record.source.subarray(record.start, record.end), start);
    moveValue(record, { source: target, start, end });
    start = end;
  }
}

function ownCopy(record: ZnodeRecord): ValueSource {
  const length = record.end - record.start;
  // Not slice(): of a Node Buffer that is a view.
  const source = new Uint8Array(length);
  source.set(record.source.subarray(record.start, record.end));
  return { source, start: 0, end: length };
}

function homeOf(record: ZnodeRecord): Home {
  const { source } = record;
  return source.byteLength <= inlineBytesMax && source.byteOffset === 0 ? source : source.buffer;
}
