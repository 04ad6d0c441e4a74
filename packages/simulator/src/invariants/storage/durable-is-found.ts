/**
 * DurableIsFound: a start finds what was confirmed as durable, and nothing beside it but a beginning of the write
 * that was under way when the process or the machine died.
 *
 * Source: the storage port (core/src/ports/storage.ts); catalogue B23, B44 to B47, B49 to B51.
 * How: the disk mirror of the ledger knows what was confirmed and what was handed over since. Terms stand for
 * entries, as everywhere (LogMatching compares the bodies).
 * Boundaries: what calls itself damaged is another incarnation and promises nothing (DamageHasACause asks why).
 * Entries that were compacted may still be there, and after a flipped bit an older snapshot may stand for the newest
 * one, if the log goes on from it. Of a batch that was under way its parts take effect in the order of the port.
 */
import type { HardState, StoredState, WriteBatch } from '@quorate/core/ports';
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import type { DiskMirror } from '../ledger/disk-mirror.ts';

export const durableIsFound: Invariant = {
  name: 'DurableIsFound',
  statement: 'A start finds exactly what was durable, and at most a beginning of the write under way.',
  source: 'ports/storage.ts',
  watch({ disks }): InvariantWatch {
    /** Members of whose files bits were flipped: a snapshot may be missing, nothing else. */
    const rotten = new Set<string>();
    return {
      rotted({ member }) {
        rotten.add(member);
      },
      opened({ member, incarnation, life, stored }) {
        const disk = disks.of(member, incarnation);
        if (disk === undefined || disk.isWiped || stored.damage !== undefined) return;
        const problem =
          problemOfHardState(stored, disk) ??
          problemOfSnapshot(stored, disk, rotten.has(member)) ??
          problemOfLog(stored, disk);
        if (problem === undefined) return;
        throw new InvariantBroken('DurableIsFound', problem, {
          member,
          life,
          found: summaryOf(stored),
          durable: { hardState: disk.hardState, snapshot: disk.snapshot?.meta, log: logOf(disk) },
          underWay: disk.underWay,
        });
      },
    };
  },
};

function problemOfHardState({ hardState }: StoredState, disk: DiskMirror): string | undefined {
  const isKnown = [disk.hardState, disk.underWay?.hardState ?? disk.hardState].some((state) =>
    isSameHardState(state, hardState),
  );
  return isKnown ? undefined : 'a start finds another term, vote or founding than was durable';
}

function isSameHardState(left: HardState | undefined, right: HardState | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  const isSameFounding = (left.founding === undefined) === (right.founding === undefined);
  return left.term === right.term && left.vote === right.vote && isSameFounding;
}

function problemOfSnapshot(
  { snapshot }: StoredState,
  disk: DiskMirror,
  isRotten: boolean,
): string | undefined {
  const index = snapshot?.index ?? 0;
  const durable = disk.snapshot?.meta;
  if (index < (durable?.index ?? 0)) {
    return isRotten ? undefined : 'a start finds an older snapshot than was durable';
  }
  if (snapshot === undefined || (index === durable?.index && snapshot.term === durable.term))
    return undefined;
  const chunk = disk.underWay?.snapshotChunk;
  const isUnderWay = chunk?.last === true && chunk.meta.index === index && chunk.meta.term === snapshot.term;
  return isUnderWay ? undefined : 'a start finds a snapshot that was never written';
}

/** Terms of the entries from `firstIndex` on. */
interface Log {
  readonly firstIndex: number;
  readonly terms: readonly number[];
}

function problemOfLog(stored: StoredState, disk: DiskMirror): string | undefined {
  const snapshotIndex = stored.snapshot?.index ?? 0;
  const firstIndex = stored.entries[0]?.index ?? snapshotIndex + 1;
  const found: Log = { firstIndex, terms: stored.entries.map(({ term }) => term) };
  if (firstIndex > snapshotIndex + 1) return 'a start finds a gap between its snapshot and its log';
  if (!possibleLogs(logOf(disk), disk.underWay).some((log) => isSameLog(found, log, snapshotIndex)))
    return 'a start finds another log than was durable';
  return undefined;
}

function logOf(disk: DiskMirror): Log {
  const terms: number[] = [];
  for (let index = disk.firstIndex; ; index += 1) {
    const term = disk.termAt(index);
    if (term === undefined) return { firstIndex: disk.firstIndex, terms };
    terms.push(term);
  }
}

/** What the log may be after a beginning of the batch, in the order of its fields. */
function possibleLogs(durable: Log, batch: WriteBatch | undefined): readonly Log[] {
  const logs = [durable];
  if (batch === undefined) return logs;
  let { firstIndex, terms } = durable;
  if (batch.install !== undefined) {
    firstIndex = batch.install.index + 1;
    terms = [];
    logs.push({ firstIndex, terms });
  }
  if (batch.truncateFrom !== undefined) {
    terms = terms.slice(0, Math.max(0, batch.truncateFrom - firstIndex));
    logs.push({ firstIndex, terms });
  }
  for (const { index, term } of batch.entries ?? []) {
    if (terms.length === 0) firstIndex = index;
    terms = [...terms, term];
    logs.push({ firstIndex, terms });
  }
  return logs;
}

/** Whether both end with the same entry and agree where both have some; what a snapshot covers may be missing. */
function isSameLog(found: Log, expected: Log, snapshotIndex: number): boolean {
  const foundLast = lastOf(found);
  const expectedLast = lastOf(expected);
  // A log that the snapshot has overtaken may be gone. One that an installed snapshot has replaced must be.
  if (foundLast !== expectedLast) return found.terms.length === 0 && expectedLast <= snapshotIndex;
  for (let index = Math.max(found.firstIndex, expected.firstIndex); index <= foundLast; index += 1) {
    if (found.terms[index - found.firstIndex] !== expected.terms[index - expected.firstIndex]) return false;
  }
  return true;
}

function lastOf({ firstIndex, terms }: Log): number {
  return firstIndex + terms.length - 1;
}

function summaryOf({ hardState, snapshot, entries }: StoredState): object {
  return { hardState, snapshot, firstIndex: entries[0]?.index, terms: entries.map(({ term }) => term) };
}
