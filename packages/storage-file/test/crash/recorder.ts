/**
 * A directory in memory that writes down every call that changes it, in the order in which it took effect. From
 * what it wrote down, crash-states.ts builds what a loss of power could have left at each moment (the method of
 * ALICE, Pillai et al., OSDI'14).
 */
import type { Directory, DirectoryFile, DirectoryLock } from '@quorate/core/ports';
import { filesError } from '../../src/testing/memory-directory.ts';

/** One change, or a word of the test between two changes. Files are numbered as they are made. */
export type Recorded =
  | { readonly kind: 'create'; readonly name: string; readonly file: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly file: number }
  | { readonly kind: 'remove'; readonly name: string; readonly file: number }
  | { readonly kind: 'write'; readonly file: number; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'sync'; readonly file: number }
  | { readonly kind: 'sync-directory' }
  | { readonly kind: 'note'; readonly text: 'opened' | 'acknowledged' };

/** Files by name, as they are: what a crash leaves, and what a recording begins with. */
export type Files = ReadonlyMap<string, Uint8Array>;

interface Content {
  readonly file: number;
  bytes: Uint8Array;
  /** The bytes belong to somebody else until the first change. */
  isShared: boolean;
}

export class RecordingDirectory implements Directory {
  readonly path = '/recorded';
  readonly recorded: Recorded[] = [];
  readonly #names = new Map<string, Content>();
  #filesCount = 0;
  #isLocked = false;
  /** Turns that calls take, one after the other in a circle: so that what runs beside the writes meets them anywhere. */
  readonly #turns: readonly number[];
  #callsCount = 0;

  constructor(files: Files = new Map(), turns: readonly number[] = [0]) {
    for (const [name, bytes] of files) this.#names.set(name, this.#content(bytes, true));
    this.#turns = turns;
  }

  note(text: 'opened' | 'acknowledged'): void {
    this.recorded.push({ kind: 'note', text });
  }

  /** Does once more what another directory has recorded from its beginning; files get the same numbers. */
  async replay(recorded: readonly Recorded[]): Promise<void> {
    const files = new Map<number, DirectoryFile>();
    for (const change of recorded) {
      switch (change.kind) {
        case 'create':
          files.set(change.file, await this.open(change.name, 'create'));
          break;
        case 'rename':
          await this.rename(change.from, change.to);
          break;
        case 'remove':
          await this.remove(change.name);
          break;
        case 'write':
          await files.get(change.file)?.write(change.bytes, change.position);
          break;
        case 'sync':
          await files.get(change.file)?.sync();
          break;
        case 'sync-directory':
          await this.sync();
          break;
        case 'note':
          this.note(change.text);
      }
    }
  }

  /** What it had begun beside its writes ends here as well, and its lock is free. */
  async processDied(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    this.#isLocked = false;
  }

  /** Numbers of the files that were there from the beginning, which are durable. */
  numbers(): ReadonlyMap<string, number> {
    return new Map([...this.#names].map(([name, { file }]) => [name, file]));
  }

  async list(): Promise<readonly string[]> {
    await this.#pause();
    return [...this.#names.keys()];
  }

  async open(name: string, mode: 'create' | 'write' | 'read'): Promise<DirectoryFile> {
    await this.#pause();
    let content = this.#names.get(name);
    if (mode === 'create') {
      if (content !== undefined) throw filesError('EEXIST', name);
      content = this.#content(new Uint8Array(0), false);
      this.#names.set(name, content);
      this.recorded.push({ kind: 'create', name, file: content.file });
    }
    if (content === undefined) throw filesError('ENOENT', name);
    return this.#open(content);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#pause();
    const content = this.#known(from);
    this.#names.delete(from);
    this.#names.set(to, content);
    this.recorded.push({ kind: 'rename', from, to, file: content.file });
  }

  async remove(name: string): Promise<void> {
    await this.#pause();
    const { file } = this.#known(name);
    this.#names.delete(name);
    this.recorded.push({ kind: 'remove', name, file });
  }

  async sync(): Promise<void> {
    await this.#pause();
    this.recorded.push({ kind: 'sync-directory' });
  }

  async lock(): Promise<DirectoryLock | undefined> {
    if (this.#isLocked) return undefined;
    this.#isLocked = true;
    return {
      release: async () => {
        this.#isLocked = false;
      },
    };
  }

  #open(content: Content): DirectoryFile {
    const { file } = content;
    return {
      read: async (position, length) => {
        const { bytes, isShared } = content;
        // What nobody may change needs no copy, and most states are only read.
        return isShared
          ? bytes.subarray(position, position + length)
          : bytes.slice(position, position + length);
      },
      write: async (bytes, position) => {
        await this.#pause();
        const end = position + bytes.length;
        if (content.isShared || end > content.bytes.length) {
          const grown = new Uint8Array(Math.max(content.bytes.length, end));
          grown.set(content.bytes);
          content.bytes = grown;
          content.isShared = false;
        }
        content.bytes.set(bytes, position);
        this.recorded.push({ kind: 'write', file, position, bytes: bytes.slice() });
      },
      sync: async () => {
        await this.#pause();
        this.recorded.push({ kind: 'sync', file });
      },
      truncate: async () => {
        // Storage-file never cuts a file; a recording that left it out would prove nothing.
        throw filesError('ENOSYS', 'truncate');
      },
      size: async () => content.bytes.length,
      close: async () => undefined,
    };
  }

  #content(bytes: Uint8Array, isShared: boolean): Content {
    this.#filesCount += 1;
    return { file: this.#filesCount, bytes, isShared };
  }

  #known(name: string): Content {
    const content = this.#names.get(name);
    if (content === undefined) throw filesError('ENOENT', name);
    return content;
  }

  async #pause(): Promise<void> {
    const turns = this.#turns[this.#callsCount % this.#turns.length] ?? 0;
    this.#callsCount += 1;
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
  }
}
