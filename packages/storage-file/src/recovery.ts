/**
 * What a directory holds, as it is found: read, judged, and not changed. The rows of docs/internals/recovery.md,
 * each with a test, are all the ends that this can come to.
 */
import type { Directory, Entry, HardState, SnapshotMeta, StorageOwner } from '@quorate/core/ports';
import { CoordinationError } from '@quorate/core';
import { directorySeed } from './binding.ts';
import { storageFailed, systemCode } from './failures.ts';
import { scanLog, type ScannedLog } from './log/scan.ts';
import { segmentOf } from './log/segment.ts';
import { manifestName, readManifest } from './manifest/manifest.ts';
import type { ManifestState, SnapshotName, Slot } from './manifest/manifest-slot.ts';
import { verifySnapshot } from './snapshot/growing-snapshot.ts';
import { snapshotFileName, snapshotOf } from './snapshot/snapshot-file.ts';
import { isSame } from './snapshot/snapshot-reading.ts';

/** A directory that holds something. */
export interface Found {
  readonly slot: Slot;
  readonly log: ScannedLog;
  /** The newest snapshot that is whole. */
  readonly snapshot: SnapshotMeta | undefined;
  /** It and older ones, newest first. */
  readonly complete: readonly SnapshotName[];
  /** What follows on the snapshot (or begins before it), without a gap. */
  readonly entries: readonly Entry[];
  readonly hardState: HardState | undefined;
  /** Damage that takes nothing away: something else holds the same. */
  readonly notices: readonly string[];
  /** Something that was durable is damaged or missing: what is found is the intact part before it. */
  readonly damage: string | undefined;
}

/** Undefined: new. `lost`: something is here, but not even what it belongs to can be read. */
export type Finding =
  | { readonly kind: 'new' }
  | { readonly kind: 'lost'; readonly damage: string }
  | { readonly kind: 'found'; readonly found: Found };

export async function examine(directory: Directory): Promise<Finding> {
  const names = await directory.list();
  let slot: Slot | undefined;
  try {
    slot = await readManifest(directory);
  } catch (error) {
    if (!isCorrupted(error)) throw error;
    return { kind: 'lost', damage: error.details.reason ?? error.message };
  }
  if (slot !== undefined) return { kind: 'found', found: await read(directory, slot, names) };
  const isUsed = names.some((name) => segmentOf(name) !== undefined || snapshotOf(name) !== undefined);
  if (isUsed) return { kind: 'lost', damage: `the file ${manifestName} is missing` };
  return { kind: 'new' };
}

/** Throws `STORAGE_FAILED` when the directory is somebody else's. */
export function checkOwner({ owner }: ManifestState, wanted: StorageOwner, path: string): void {
  if (owner.ensemble === wanted.ensemble && owner.member === wanted.member) return;
  const whose = `member ${JSON.stringify(owner.member)} of ensemble ${JSON.stringify(owner.ensemble)}`;
  const who = `${JSON.stringify(wanted.member)} of ${JSON.stringify(wanted.ensemble)}`;
  throw storageFailed(`the directory ${path} belongs to ${whose}, not to ${who}`);
}

async function read(directory: Directory, slot: Slot, names: readonly string[]): Promise<Found> {
  const { state } = slot;
  const notices: string[] = [];
  const log = await scanLog(directory, state);
  const candidates = newestFirst(names.map(snapshotOf).filter((name) => name !== undefined));
  const missing = state.snapshots.filter((listed) => !candidates.some((found) => isSame(found, listed)));
  for (const name of missing) notices.push(`${snapshotFileName(name)} is missing`);
  const { snapshot, complete } = await newestWhole(directory, { state, candidates, notices });
  const { entries, gap } = entriesAfter(snapshot, log, state);
  const first = notices[0] === undefined ? '' : ` (${notices.join('; ')})`;
  return {
    slot,
    log,
    snapshot,
    complete,
    entries: gap === undefined ? entries : [],
    hardState: state.hardState,
    notices,
    damage: log.damage ?? (gap === undefined ? undefined : gap + first),
  };
}

/** Goes from the newest to older ones until one is whole. */
async function newestWhole(
  directory: Directory,
  options: {
    readonly state: ManifestState;
    readonly candidates: readonly SnapshotName[];
    readonly notices: string[];
  },
): Promise<{ readonly snapshot: SnapshotMeta | undefined; readonly complete: readonly SnapshotName[] }> {
  const { state, candidates, notices } = options;
  const seed = directorySeed(state.owner);
  for (const [position, name] of candidates.entries()) {
    try {
      const file = await directory.open(snapshotFileName(name), 'read');
      try {
        const snapshot = await verifySnapshot(file, name, seed);
        return { snapshot, complete: candidates.slice(position) };
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!isCorrupted(error) && systemCode(error) !== 'ENOENT') throw error;
      notices.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { snapshot: undefined, complete: [] };
}

/** The entries that go with a snapshot, and why they do not if they do not. */
function entriesAfter(
  snapshot: SnapshotMeta | undefined,
  log: ScannedLog,
  manifest: ManifestState,
): { readonly entries: readonly Entry[]; readonly gap: string | undefined } {
  const { entries, installed } = log.state;
  const index = snapshot?.index ?? 0;
  if (installed !== undefined && index < installed.index) {
    return {
      entries,
      gap: `no snapshot is whole that reaches to entry ${installed.index}, where the log begins`,
    };
  }
  const first = entries[0];
  if (first === undefined) {
    const listed = manifest.snapshots[0]?.index ?? 0;
    const gap = index < listed ? `no snapshot is whole that reaches to entry ${listed}` : undefined;
    return { entries, gap };
  }
  if (first.index > index + 1) {
    const gap = `no snapshot is whole that reaches to entry ${first.index - 1}, after which the log begins`;
    return { entries, gap };
  }
  const lastWanted = Math.min(manifest.compactedThrough, index);
  return { entries: entries.slice(Math.max(0, lastWanted + 1 - first.index)), gap: undefined };
}

function newestFirst(names: readonly SnapshotName[]): readonly SnapshotName[] {
  return [...names].sort((left, right) => right.index - left.index || right.term - left.term);
}

function isCorrupted(error: unknown): error is CoordinationError {
  return error instanceof CoordinationError && error.code === 'CORRUPTED';
}
