/**
 * Writes the znodes of a directory as lines of JSON, without touching it: a peer that is opened for the purpose
 * reads its intact part and writes nowhere.
 *
 * The log of a peer that is alone is committed as far as it goes, so all of it is exported. Of a member of an
 * ensemble only the newest snapshot is: which of the entries behind it are committed only a majority can tell.
 */
import { openPeer, type Peer } from '@quorate/core';
import type { Directory, Storage } from '@quorate/core/ports';
import { directorySeed } from '../binding.ts';
import { storageFailed } from '../failures.ts';
import type { Found } from '../recovery.ts';
import { SnapshotReading } from '../snapshot/snapshot-reading.ts';

/** How long a peer that is alone may take to replay its log, in milliseconds for each entry, and at least. */
const replayMsPerEntry = 5;
const replayMsMin = 3_000;
const pageLength = 1_000;

export async function* exportZnodes(
  directory: Directory,
  found: Found,
  note: (text: string) => void,
): AsyncGenerator<string> {
  const { ensemble, member } = found.slot.state.owner;
  const peer = await openPeer({ id: member, ensemble, storage: readOnly(directory, found) });
  try {
    const deadlineMs = replayMsMin + replayMsPerEntry * found.entries.length;
    await peer.ready({ deadlineMs }).catch(() => {
      const index = found.snapshot?.index ?? 0;
      note(
        `this is the snapshot at entry ${index}; whether what follows is committed, only a majority can tell`,
      );
    });
    for (const path of pathsBelow(peer, '/')) {
      const znode = peer.tree.get(path);
      if (znode !== undefined) yield JSON.stringify({ path, ...znode }, encodable);
    }
  } finally {
    await peer.close({ graceful: false });
  }
}

/** Parents before their children, so that a reader can create them in this order. */
function* pathsBelow(peer: Peer, path: string): Generator<string> {
  yield path;
  for (let after = ''; ; ) {
    const names = peer.tree.children(path, { after, limit: pageLength });
    for (const name of names) yield* pathsBelow(peer, path === '/' ? `/${name}` : `${path}/${name}`);
    const last = names.at(-1);
    if (last === undefined || names.length < pageLength) return;
    after = last;
  }
}

/** What JSON has no words for, under names that no value of a znode needs. */
function encodable(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) };
  return value;
}

function readOnly(directory: Directory, found: Found): Storage {
  const reading = new SnapshotReading(directory, directorySeed(found.slot.state.owner));
  const { snapshot, entries, hardState, slot } = found;
  return {
    open: async () => ({ incarnation: slot.state.incarnation, hardState, snapshot, entries }),
    // What it writes while it reads its log (a term, an entry of its own) goes nowhere.
    write: async (batch) => {
      if (batch.snapshotChunk !== undefined) throw storageFailed('this peer only reads');
    },
    readSnapshot: (meta, range) => reading.read(meta, range),
    close: () => reading.close(),
  };
}
