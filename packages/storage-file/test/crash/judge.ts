/** Starts a storage on what a crash has left, and says what is wrong with what it finds. */
import type { StoredState, WriteBatch } from '@quorate/core/ports';
import { storageOn } from '../../src/index.ts';
import { content, entry, owner, readAll, segmentBytes } from '../../src/testing/setup.ts';
import type { CrashState } from './crash-states.ts';
import { applied, beginnings, type Expected, isWithoutGap, nothing, textOf } from './expected.ts';
import { RecordingDirectory } from './recorder.ts';

/** Somebody else than before: only a directory that was opened once keeps the first one's incarnation. */
const later = { ...owner, incarnation: owner.incarnation + 1 };

export class Judge {
  /** What a peer may find, by the number of its writes that were acknowledged. */
  readonly #allowed: readonly ReadonlySet<string>[];
  readonly #snapshots = new Map<number, Uint8Array>();

  constructor(batches: readonly WriteBatch[]) {
    let at: Expected = nothing;
    const allowed: ReadonlySet<string>[] = [];
    for (const batch of [...batches, undefined]) {
      allowed.push(new Set(beginnings(at, batch).map(textOf)));
      if (batch === undefined) break;
      at = applied(at, batch);
      const chunk = batch.snapshotChunk;
      if (chunk === undefined) continue;
      const before = this.#snapshots.get(chunk.meta.index) ?? new Uint8Array(0);
      const bytes = Buffer.concat([before.subarray(0, chunk.offset), chunk.bytes]);
      this.#snapshots.set(chunk.meta.index, bytes);
    }
    this.#allowed = allowed;
  }

  /** Undefined: nothing is wrong. `goesOn`: it is also written to, and started once more. */
  async judge(state: CrashState, { goesOn }: { readonly goesOn: boolean }): Promise<string | undefined> {
    const directory = new RecordingDirectory(state.files);
    const storage = storageOn(directory, { segmentBytes });
    try {
      const stored = await storage.open(later);
      const wrong = this.#judgeStored(stored, state) ?? (await this.#judgeSnapshot(storage, stored));
      if (wrong !== undefined || !goesOn) return wrong;
      return await this.#goOn(directory, storage, stored);
    } catch (error) {
      return `does not start: ${String(error)}`;
    } finally {
      await storage.close().catch(() => undefined);
    }
  }

  /** Undefined: a start on it finds what a peer was told before. */
  async judgeSame(state: CrashState, told: string): Promise<string | undefined> {
    const storage = storageOn(new RecordingDirectory(state.files), { segmentBytes });
    try {
      const stored = await storage.open(later);
      if (stored.damage !== undefined) return `does not start: ${stored.damage}`;
      return textOf(stored) === told ? undefined : `told ${told},\nand now it holds ${textOf(stored)}`;
    } finally {
      await storage.close();
    }
  }

  #judgeStored(stored: StoredState, state: CrashState): string | undefined {
    if (stored.damage !== undefined) return `does not start: ${stored.damage}`;
    if (state.isOpened && stored.incarnation !== owner.incarnation) return 'has forgotten who it is';
    if (!isWithoutGap(stored)) return `has a gap: ${textOf(stored)}`;
    const allowed = this.#allowed[state.acknowledgedCount];
    const found = textOf(stored);
    if (allowed?.has(found) ?? false) return undefined;
    return `after ${state.acknowledgedCount} acknowledged writes it holds:\n${found}\ninstead of one of:\n${[...(allowed ?? [])].join('\n')}`;
  }

  async #judgeSnapshot(
    storage: ReturnType<typeof storageOn>,
    { snapshot }: StoredState,
  ): Promise<string | undefined> {
    if (snapshot === undefined) return undefined;
    const bytes = await readAll(storage, snapshot);
    const written = this.#snapshots.get(snapshot.index) ?? content(0);
    return Buffer.compare(bytes, written) === 0
      ? undefined
      : `snapshot ${snapshot.index} is not as it was written`;
  }

  async #goOn(
    directory: RecordingDirectory,
    storage: ReturnType<typeof storageOn>,
    stored: StoredState,
  ): Promise<string | undefined> {
    const last = Math.max(stored.snapshot?.index ?? 0, stored.entries.at(-1)?.index ?? 0);
    const more = { entries: [entry(last + 1, 9, 700)] };
    // A snapshot can be ahead of a log that ends before it (the crash came before its installation).
    const isAhead = (stored.entries.at(-1)?.index ?? last) < last;
    const batch = isAhead && stored.snapshot !== undefined ? { install: stored.snapshot, ...more } : more;
    const expected = textOf(applied({ ...stored, snapshot: stored.snapshot }, batch));
    await storage.write(batch);
    await storage.close();
    const again = storageOn(directory, { segmentBytes });
    const found = await again.open(later);
    await again.close();
    if (found.damage !== undefined) return `does not start again: ${found.damage}`;
    return textOf(found) === expected
      ? undefined
      : `went on, and holds:\n${textOf(found)}\ninstead of:\n${expected}`;
  }
}
