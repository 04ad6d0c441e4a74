/**
 * The manifest: the one file that is written in place. It holds whose directory this is, term and vote, and which
 * segments and snapshots belong to it.
 *
 * Two slots take turns by generation, and each is written in two copies (four places of the file). A write that is
 * torn can spoil the two copies of the slot that was being written, never the other slot; a damaged sector can
 * spoil one copy of one slot. So neither takes away anything that was durable, and the two cannot be mistaken for
 * each other: an older slot is believed only when *both* copies of the newer one are bad, which a write under way
 * explains and one damaged sector does not. One write and one sync make a change durable.
 */
import type { Directory, DirectoryFile } from '@quorate/core/ports';
import { corrupted, syncOf } from '../failures.ts';
import { slotBytes } from '../limits.ts';
import { decodeSlot, encodeSlot, type ManifestState, type Slot } from './manifest-slot.ts';

export const manifestName = 'manifest';
const newName = 'manifest.new';
const copies = 2;
const fileBytes = 2 * copies * slotBytes;

export class Manifest {
  readonly #file: DirectoryFile;
  #slot: Slot;
  /** Writes wait for each other: the write path and the background both change the manifest. */
  #last: Promise<void> = Promise.resolve();

  constructor(file: DirectoryFile, slot: Slot) {
    this.#file = file;
    this.#slot = slot;
  }

  get state(): ManifestState {
    return this.#slot.state;
  }

  /** Durable when it resolves. Changes are made in the order of the calls. */
  update(change: (state: ManifestState) => ManifestState): Promise<void> {
    const updated = this.#last.then(async () => {
      const { generation, state } = this.#slot;
      const slot = { generation: generation + 1, state: change(state) };
      await writeSlot(this.#file, slot);
      this.#slot = slot;
    });
    this.#last = updated.catch(() => undefined);
    return updated;
  }

  /**
   * Writes the newest slot once more as it is. What was read may have come from a cache that the disk never saw
   * (the process died between a write and its sync, or a sync failed), so it is made durable before it is used.
   */
  async confirm(): Promise<void> {
    await writeSlot(this.#file, this.#slot);
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }
}

/** Makes the manifest of a new directory; the directory is one from the moment in which the name is there. */
export async function createManifest(directory: Directory, state: ManifestState): Promise<void> {
  const names = await directory.list();
  if (names.includes(newName)) await directory.remove(newName);
  const file = await directory.open(newName, 'create');
  try {
    await file.write(new Uint8Array(fileBytes), 0);
    await writeSlot(file, { generation: 1, state });
  } finally {
    await file.close();
  }
  await directory.rename(newName, manifestName);
  await syncOf('the directory', directory);
}

/** Undefined: there is none. Throws `CORRUPTED` when no slot of it holds. */
export async function readManifest(directory: Directory): Promise<Slot | undefined> {
  const names = await directory.list();
  if (!names.includes(manifestName)) return undefined;
  const file = await directory.open(manifestName, 'read');
  try {
    const slots: Slot[] = [];
    for (let place = 0; place < 2 * copies; place += 1) {
      const slot = decodeSlot(await file.read(place * slotBytes, slotBytes));
      if (slot !== undefined) slots.push(slot);
    }
    const newest = slots.sort((left, right) => right.generation - left.generation)[0];
    if (newest === undefined) throw corrupted('all four copies of the manifest are damaged');
    return newest;
  } finally {
    await file.close();
  }
}

export async function openManifest(directory: Directory, slot: Slot): Promise<Manifest> {
  return new Manifest(await directory.open(manifestName, 'write'), slot);
}

async function writeSlot(file: DirectoryFile, slot: Slot): Promise<void> {
  const bytes = encodeSlot(slot);
  const first = (slot.generation % 2) * copies;
  for (let copy = 0; copy < copies; copy += 1) await file.write(bytes, (first + copy) * slotBytes);
  await syncOf('the manifest', file);
}
