/**
 * The names of one simulated directory: as the system shows them, as they are on the disk, and the changes that no
 * sync has made durable yet. Each change is atomic, as a journal makes it; which of them survive is a draw.
 */
import type { FileContent } from './file-content.ts';
import type { RandomStream } from './random-stream.ts';

type Change =
  | { readonly kind: 'create' | 'remove'; readonly name: string; readonly file: FileContent }
  | { readonly kind: 'rename'; readonly name: string; readonly to: string; readonly file: FileContent };

/** Which of the unsynced changes a crash keeps. */
export type NamesSurvival =
  | { readonly kind: 'first'; readonly count: number }
  | { readonly kind: 'any'; readonly random: RandomStream };

export class FileNames {
  readonly #shown = new Map<string, FileContent>();
  readonly #durable = new Map<string, FileContent>();
  #changes: Change[] = [];

  /** In byte order of the names: a real directory has no order to rely on. */
  list(): readonly string[] {
    return [...this.#shown.keys()].sort();
  }

  get(name: string): FileContent | undefined {
    return this.#shown.get(name);
  }

  /** Every file that has a name here or on the disk. */
  get files(): ReadonlySet<FileContent> {
    return new Set([...this.#shown.values(), ...this.#durable.values()]);
  }

  get changesCount(): number {
    return this.#changes.length;
  }

  create(name: string, file: FileContent): void {
    this.#change({ kind: 'create', name, file });
  }

  remove(name: string, file: FileContent): void {
    this.#change({ kind: 'remove', name, file });
  }

  rename(name: string, to: string, file: FileContent): void {
    this.#change({ kind: 'rename', name, to, file });
  }

  sync(): void {
    for (const change of this.#changes) perform(this.#durable, change);
    this.#changes = [];
  }

  losePower(survival: NamesSurvival): void {
    for (const [at, change] of this.#changes.entries()) {
      const survives = survival.kind === 'first' ? at < survival.count : survival.random.below(2) === 0;
      if (survives) perform(this.#durable, change);
    }
    this.#changes = [];
    this.#shown.clear();
    for (const [name, file] of this.#durable) this.#shown.set(name, file);
  }

  #change(change: Change): void {
    perform(this.#shown, change);
    this.#changes.push(change);
  }
}

/** A change whose earlier ones did not survive does what it still can. */
function perform(names: Map<string, FileContent>, change: Change): void {
  const { kind, name, file } = change;
  if (kind === 'create') {
    names.set(name, file);
    return;
  }
  if (names.get(name) === file) names.delete(name);
  if (kind === 'rename') names.set(change.to, file);
}
