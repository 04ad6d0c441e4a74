/**
 * Fetches into the processor's caches what many cells refer to, before it is used cell by cell. In a tree of a
 * million znodes each of these objects is far away, and known only when the one before has come; loops that do
 * nothing else have many of them on their way at a time. Of a thousand znodes they cost some nanoseconds each.
 *
 * The results mean nothing: they are to be kept where somebody could look, or the compiler might leave the reading
 * out.
 */
import type { Cell } from './cell.ts';
import type { ZnodeRecord } from './znode-record.ts';

/** The cells that are among the first `count`, with their records. */
export function fetchRecords(cells: readonly (Cell | undefined)[], count: number): number {
  let touched = 0;
  for (let at = 0; at < count; at += 1) {
    const cell = cells[at];
    // What is used of a cell lies in two or three lines of a cache: a field of each, the first of which is always read.
    if (cell !== undefined) touched ^= cell.number ^ cell.hashHigh;
  }
  for (let at = 0; at < count; at += 1) {
    const cell = cells[at];
    if (cell !== undefined) touched ^= cell.record.start ^ cell.record.version;
  }
  return touched;
}

/** The paths of cells as strings. */
export function fetchPaths(cells: readonly Cell[]): number {
  let touched = 0;
  for (const { path } of cells) touched ^= path.length;
  for (const { path } of cells) touched ^= path.charCodeAt(path.length - 1);
  return touched;
}

/** What fetched records have besides: the time of their creation and the bytes of their value. */
export function fetchValues(cells: readonly Cell[]): number {
  let touched = 0;
  for (const { created, record } of cells) touched ^= created.wallMs ^ record.source.length;
  for (const { record } of cells) {
    touched ^= (record.source[record.start] ?? 0) ^ (record.source[record.end - 1] ?? 0);
  }
  return touched;
}

/** Records as hashes of changes need them: at the places from `start` to `end`, each there or not. */
export function fetchChanged(
  records: readonly (ZnodeRecord | undefined)[],
  { start, end }: { readonly start: number; readonly end: number },
): number {
  let touched = 0;
  for (let at = start; at < end; at += 1) {
    const record = records[at];
    if (record !== undefined) touched ^= record.start ^ record.version;
  }
  for (let at = start; at < end; at += 1) {
    const record = records[at];
    if (record !== undefined) touched ^= record.czxid ^ record.owner;
  }
  return touched;
}
