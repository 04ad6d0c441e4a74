/** Entries and snapshots that can be told apart, and what a storage holds after some batches (ports/storage.ts). */
import type { Entry, HardState, SnapshotMeta, StoredState, WriteBatch } from '@quorate/core/ports';

export function entryOf(index: number, term = 1, bodyBytes: number = 20 + ((index * 37) % 200)): Entry {
  const body = bytesOf(index * 31 + term, bodyBytes);
  return { index, term, kind: 'commands', wallMs: 1_700_000_000_000 + index, elapsedMs: index / 2, body };
}

/** Both ends inclusive. */
export function entriesOf(first: number, last: number, term = 1): readonly Entry[] {
  return Array.from({ length: last - first + 1 }, (_, at) => entryOf(first + at, term));
}

export function metaOf(index: number, term = 1): SnapshotMeta {
  return { index, term, elapsedMs: index / 2, membership: Uint8Array.of(1, index % 256) };
}

export function bytesOf(salt: number, length: number): Uint8Array {
  return new Uint8Array(length).map((_, at) => 1 + ((salt * 31 + at * 7 + (at >>> 8)) % 255));
}

export function voteOf(term: number, vote: string | undefined = 'a'): HardState {
  return { term, vote, founding: undefined };
}

/** A snapshot in chunks, one a batch. */
export function chunksOf(meta: SnapshotMeta, content: Uint8Array, chunkBytes: number): readonly WriteBatch[] {
  const batches: WriteBatch[] = [];
  for (let offset = 0; offset === 0 || offset < content.length; offset += chunkBytes) {
    const bytes = content.slice(offset, offset + chunkBytes);
    const last = offset + chunkBytes >= content.length;
    batches.push({ snapshotChunk: { meta, offset, bytes, last } });
  }
  return batches;
}

/** What a storage may answer after some batches. */
export interface Held {
  readonly hardState: HardState | undefined;
  readonly snapshot: Pick<SnapshotMeta, 'index' | 'term'> | undefined;
  readonly entries: readonly Entry[];
}

export const nothingHeld: Held = { hardState: undefined, snapshot: undefined, entries: [] };

export function heldAfter(batches: readonly WriteBatch[]): Held {
  return batches.flatMap(partsOf).reduce(apply, nothingHeld);
}

/** All that may be there when the last of these batches was cut off: any beginning of it, in the port's order. */
export function heldAround(before: readonly WriteBatch[], underWay: WriteBatch | undefined): readonly Held[] {
  let held = heldAfter(before);
  const all = [held];
  for (const part of underWay === undefined ? [] : partsOf(underWay)) {
    held = apply(held, part);
    all.push(held);
  }
  return all;
}

/** Equal texts, equal contents. What a snapshot covers may be there or not: compaction only allows to drop it. */
export function textOf({ hardState, snapshot, entries }: Held | StoredState): string {
  const covered = snapshot?.index ?? 0;
  const { term, vote, founding } = hardState ?? { term: 0, vote: undefined, founding: undefined };
  const log = entries.filter(({ index }) => index > covered);
  const shown = log.map(({ index, term: of, kind, wallMs, elapsedMs, body }) =>
    [index, of, kind, wallMs, elapsedMs, body.length, sumOf(body)].join(':'),
  );
  const votes = `term ${term}, vote ${vote ?? '-'}, founding ${founding?.join('.') ?? '-'}`;
  return `${votes}; snapshot ${covered} of term ${snapshot?.term ?? 0}; log ${shown.join(' ')}`;
}

/** Entries follow each other, and the snapshot, without a gap. */
export function isWithoutGap({ snapshot, entries }: StoredState): boolean {
  const first = entries[0]?.index ?? 1;
  return (
    (entries.length === 0 || first <= (snapshot?.index ?? 0) + 1) &&
    entries.every(({ index }, at) => index === first + at)
  );
}

function sumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 7);
}

function partsOf({
  hardState,
  snapshotChunk,
  install,
  truncateFrom,
  entries,
}: WriteBatch): readonly WriteBatch[] {
  return [
    ...(hardState === undefined ? [] : [{ hardState }]),
    ...(snapshotChunk === undefined ? [] : [{ snapshotChunk }]),
    ...(install === undefined ? [] : [{ install }]),
    ...(truncateFrom === undefined ? [] : [{ truncateFrom }]),
    ...(entries ?? []).map((entry) => ({ entries: [entry] })),
  ];
}

function apply(before: Held, part: WriteBatch): Held {
  const { hardState, snapshotChunk, install, truncateFrom, entries } = part;
  if (hardState !== undefined) return { ...before, hardState };
  if (snapshotChunk !== undefined) {
    const { index, term } = snapshotChunk.meta;
    const isNewer = snapshotChunk.last && index > (before.snapshot?.index ?? 0);
    return isNewer ? { ...before, snapshot: { index, term } } : before;
  }
  if (install !== undefined) return { ...before, entries: [] };
  if (truncateFrom !== undefined) {
    return { ...before, entries: before.entries.filter(({ index }) => index < truncateFrom) };
  }
  return { ...before, entries: [...before.entries, ...(entries ?? [])] };
}
