/** What a peer may find after a crash: all that was acknowledged, and of the write under way any beginning. */
import type { Entry, StoredState, WriteBatch } from '@quorate/core/ports';

/** A storage's content as the port means it. */
export interface Expected {
  readonly hardState: WriteBatch['hardState'];
  readonly snapshot: { readonly index: number; readonly term: number } | undefined;
  readonly entries: readonly Entry[];
}

export const nothing: Expected = { hardState: undefined, snapshot: undefined, entries: [] };

/** The parts of a batch in the order of the port; entries may become durable a few at a time. */
function partsOf(batch: WriteBatch): readonly WriteBatch[] {
  const { hardState, snapshotChunk, install, truncateFrom, entries } = batch;
  const parts: WriteBatch[] = [];
  if (hardState !== undefined) parts.push({ hardState });
  if (snapshotChunk !== undefined) parts.push({ snapshotChunk });
  if (install !== undefined) parts.push({ install });
  if (truncateFrom !== undefined) parts.push({ truncateFrom });
  for (const entry of entries ?? []) parts.push({ entries: [entry] });
  return parts;
}

export function applied(before: Expected, batch: WriteBatch): Expected {
  return partsOf(batch).reduce(apply, before);
}

/** Before the batch, after each of its parts, and after all. */
export function beginnings(before: Expected, batch: WriteBatch | undefined): readonly Expected[] {
  const all = [before];
  let at = before;
  for (const part of batch === undefined ? [] : partsOf(batch)) {
    at = apply(at, part);
    all.push(at);
  }
  return all;
}

function apply(before: Expected, batch: WriteBatch): Expected {
  const { hardState, snapshotChunk, install, truncateFrom, entries = [] } = batch;
  let after = before;
  if (hardState !== undefined) after = { ...after, hardState };
  if (snapshotChunk?.last === true) {
    const { index, term } = snapshotChunk.meta;
    if (index > (after.snapshot?.index ?? 0)) after = { ...after, snapshot: { index, term } };
  }
  if (install !== undefined) after = { ...after, entries: [] };
  if (truncateFrom !== undefined) {
    after = { ...after, entries: after.entries.filter(({ index }) => index < truncateFrom) };
  }
  return { ...after, entries: [...after.entries, ...entries] };
}

/** A text that is equal for equal contents. What a snapshot covers may be there or not: compaction is no promise. */
export function textOf({ hardState, snapshot, entries }: Expected | StoredState): string {
  const covered = snapshot?.index ?? 0;
  const vote = `${hardState?.term ?? 0} ${hardState?.vote ?? '-'} ${hardState?.founding?.join('.') ?? '-'}`;
  const log = entries
    .filter(({ index }) => index > covered)
    .map(({ index, term, body }) => {
      return `${index}:${term}:${body.length}:${body[0] ?? 0}:${body.at(-1) ?? 0}`;
    });
  return `term ${vote}; snapshot ${covered} ${snapshot?.term ?? 0}; log ${log.join(' ')}`;
}

/** Whether entries that the snapshot covers are those that were written, without a gap up to the rest. */
export function isWithoutGap({ snapshot, entries }: StoredState): boolean {
  const first = entries[0];
  if (first === undefined) return true;
  return (
    first.index <= (snapshot?.index ?? 0) + 1 && entries.every(({ index }, at) => index === first.index + at)
  );
}
