/**
 * From what was found to a storage that works: begins a new directory, goes on with an intact one, or makes one of
 * the intact part of a damaged one. Each is repeated from its beginning when a crash interrupts it.
 */
import type { Directory, StorageOwner } from '@quorate/core/ports';
import { syncOf } from './failures.ts';
import { StorageFiles } from './files.ts';
import type { Leftover } from './log/scan.ts';
import { segmentName, segmentOf } from './log/segment.ts';
import { snapshotsKept } from './limits.ts';
import { createManifest, manifestName, openManifest } from './manifest/manifest.ts';
import type { ManifestState } from './manifest/manifest-slot.ts';
import type { Finding, Found } from './recovery.ts';
import { growingSuffix } from './snapshot/growing-snapshot.ts';
import { snapshotFileName, snapshotOf } from './snapshot/snapshot-file.ts';

/** What is set aside is kept under this prefix, for whoever wants to look at it; the next repair removes it. */
const asidePrefix = 'damaged-';

export interface OpeningOptions {
  readonly segmentBytes: number;
  readonly failed: (cause: unknown) => void;
}

/** Makes a directory somebody's. */
export async function makeNew(directory: Directory, owner: StorageOwner): Promise<void> {
  await createManifest(directory, newState(owner));
}

function newState({ ensemble, member, incarnation }: StorageOwner): ManifestState {
  return {
    owner: { ensemble, member, life: incarnation },
    incarnation,
    hardState: undefined,
    logStart: { segment: 1, record: 0, link: 0 },
    lastSegment: 0,
    durableRecord: 0,
    compactedThrough: 0,
    snapshots: [],
  };
}

/**
 * Goes on with an intact directory. What was read may never have reached the disk (a process can die, and a sync can
 * fail, while the system still shows what was written), so whatever may have been under way is written once more
 * before anybody relies on it: the manifest's newest slot and the last record. What a cut-off write left behind
 * the log becomes zeros again.
 */
export async function goOn(
  directory: Directory,
  found: Found,
  options: OpeningOptions,
): Promise<StorageFiles> {
  const manifest = await openManifest(directory, found.slot);
  await manifest.confirm();
  const { log } = found;
  if (log.last !== undefined) {
    const { segment, start, bytes } = log.last;
    await rewrite(directory, segmentName(segment), start, bytes);
  }
  for (const leftover of log.leftovers) await clear(directory, leftover);
  const complete = found.complete.slice(0, snapshotsKept);
  // Names too: of the manifest itself, or of a snapshot that was renamed and not yet listed.
  await syncOf('the directory', directory);
  if (JSON.stringify(complete) !== JSON.stringify(manifest.state.snapshots)) {
    await manifest.update((state) => ({ ...state, snapshots: complete }));
  }
  await tidy(directory, manifest.state);
  const files = new StorageFiles({ directory, manifest, log, complete, ...options });
  files.log.prepare();
  return files;
}

/**
 * Makes a working directory of the intact part of a damaged one, under another incarnation, because this member may
 * have promised what is gone. The intact part is written anew behind everything else, and one change of the
 * manifest makes it the log; until then the damage is found again at each start.
 */
export async function renew(
  directory: Directory,
  { finding, owner }: { readonly finding: Finding; readonly owner: StorageOwner },
  options: OpeningOptions,
): Promise<StorageFiles> {
  for (const name of await directory.list()) {
    if (name.startsWith(asidePrefix)) await directory.remove(name);
  }
  if (finding.kind !== 'found') return await beginAnew(directory, owner, options);
  const { found } = finding;
  const manifest = await openManifest(directory, found.slot);
  const complete = found.complete.slice(0, snapshotsKept);
  const log = { chain: found.log.chain, used: [], spare: [] };
  const files = new StorageFiles({ directory, manifest, log, complete, ...options });
  await files.log.write({ entries: found.entries });
  // What is being made has a file before the manifest names it: it would be taken for a leftover below.
  await files.log.settle();
  const first = files.log.used[0]?.segment ?? 0;
  const { number: record, link } = found.log.chain;
  await manifest.update((state) => ({
    ...state,
    incarnation: owner.incarnation,
    hardState: state.hardState === undefined ? undefined : { ...state.hardState, founding: undefined },
    logStart: { segment: first, record, link },
    durableRecord: files.log.chain.number,
    snapshots: complete,
  }));
  const intactBefore = found.log.last?.segment ?? 0;
  const spare = new Set(found.log.spare.map(({ segment }) => segment));
  for (const name of await directory.list()) {
    const segment = segmentOf(name);
    const isOfDamage = segment !== undefined && segment >= intactBefore && segment < first;
    const isDamagedSnapshot = snapshotOf(name) !== undefined && !complete.some(isNamed(name));
    const isKept = (isOfDamage && !spare.has(segment)) || isDamagedSnapshot;
    if (isKept) await directory.rename(name, asidePrefix + name);
  }
  await tidy(directory, manifest.state);
  await syncOf('the directory', directory);
  return files;
}

/** Not even the manifest can be read: everything is set aside, and the directory begins as a new one. */
async function beginAnew(
  directory: Directory,
  owner: StorageOwner,
  options: OpeningOptions,
): Promise<StorageFiles> {
  const names = await directory.list();
  const used = names.filter((name) => segmentOf(name) !== undefined || snapshotOf(name) !== undefined);
  // The manifest last: without it and with the others, the directory is still a damaged one.
  if (names.includes(manifestName)) used.push(manifestName);
  for (const name of used) await directory.rename(name, asidePrefix + name);
  await syncOf('the directory', directory);
  await makeNew(directory, owner);
  const slot = { generation: 1, state: newState(owner) };
  const manifest = await openManifest(directory, slot);
  const log = { chain: { number: 0, link: 0 }, used: [], spare: [] };
  return new StorageFiles({ directory, manifest, log, complete: [], ...options });
}

/** Removes what a crash left: files that were never finished, and those that the manifest names no more. */
async function tidy(
  directory: Directory,
  { logStart, lastSegment, snapshots }: ManifestState,
): Promise<void> {
  for (const name of await directory.list()) {
    const segment = segmentOf(name);
    const isOldSegment = segment !== undefined && (segment < logStart.segment || segment > lastSegment);
    const isOldSnapshot = snapshotOf(name) !== undefined && !snapshots.some(isNamed(name));
    const isUnfinished = name.endsWith(growingSuffix);
    if (isOldSegment || isOldSnapshot || isUnfinished) await directory.remove(name);
  }
}

async function clear(directory: Directory, { segment, start, end }: Leftover): Promise<void> {
  await rewrite(directory, segmentName(segment), start, new Uint8Array(end - start));
}

async function rewrite(directory: Directory, name: string, start: number, bytes: Uint8Array): Promise<void> {
  const file = await directory.open(name, 'write');
  try {
    await file.write(bytes, start);
    await syncOf(name, file);
  } finally {
    await file.close();
  }
}

function isNamed(name: string): (snapshot: { readonly index: number; readonly term: number }) => boolean {
  return (snapshot) => snapshotFileName(snapshot) === name;
}
