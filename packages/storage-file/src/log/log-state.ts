/** The entries that a run of records leaves, one record after the other. */
import type { Entry } from '@quorate/core/ports';
import { corrupted } from '../failures.ts';
import type { SnapshotName } from '../manifest/manifest-slot.ts';
import type { LogChange } from './payload.ts';

export class LogState {
  readonly #entries: Entry[] = [];
  /** Undefined: not known yet, the segments before were purged. */
  #lastIndex: number | undefined;
  #installed: SnapshotName | undefined;

  /** In order, without a gap. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The received snapshot that the log goes on after, if one was installed within these records. */
  get installed(): SnapshotName | undefined {
    return this.#installed;
  }

  /** Throws `CORRUPTED` when the change does not fit what came before. */
  apply({ install, truncateFrom, entries }: LogChange): void {
    if (install !== undefined) {
      this.#entries.length = 0;
      this.#lastIndex = install.index;
      this.#installed = install;
    }
    if (truncateFrom !== undefined) this.#truncate(truncateFrom);
    for (const entry of entries) {
      if (this.#lastIndex !== undefined && entry.index !== this.#lastIndex + 1) {
        throw corrupted(`entry ${entry.index} of the log follows on entry ${this.#lastIndex}`);
      }
      this.#entries.push(entry);
      this.#lastIndex = entry.index;
    }
  }

  #truncate(from: number): void {
    const first = this.#entries[0]?.index;
    // What went before it may be purged already: it is dropped all the same.
    this.#entries.length =
      first === undefined ? 0 : Math.max(0, Math.min(from - first, this.#entries.length));
    if (this.#lastIndex === undefined || from <= this.#lastIndex) this.#lastIndex = from - 1;
  }
}
