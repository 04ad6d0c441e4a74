/**
 * A mutant: a known bug, put back into the sources while they are loaded. Production code has no switches for it:
 * the edit names a file, a text that occurs in it exactly once, and what stands there instead.
 */

export interface Edit {
  /** From the root of the repository: `packages/core/src/raft/quorum.ts`. */
  readonly file: string;
  /** Occurs exactly once. Spaces and line breaks count, so that an edit that no longer fits is noticed. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  /** In the catalogue of known bugs (`B14`), or a name of our own semantics (`S01`); a letter tells variants apart. */
  readonly id: string;
  /** What the code does wrong now, in a sentence. */
  readonly bug: string;
  readonly edits: readonly Edit[];
  /** Which kind of seeds shows it; default: those of every sweep. */
  readonly profile?: string;
}

/** A bug of the catalogue that cannot be put into this code, and why. */
export interface Inexpressible {
  readonly id: string;
  readonly reason: string;
}

/** An edit that does not fit its file: the code has moved on, and the edit must follow. */
export class EditMismatch extends Error {
  constructor({ file, find }: Edit, occurrences: number) {
    super(`${file}: expected once, found ${occurrences} times:\n${find}`);
    this.name = 'EditMismatch';
  }
}

/** `source` with the edit applied. Throws {@link EditMismatch} unless it fits exactly once. */
export function applyEdit(source: string, edit: Edit): string {
  const parts = source.split(edit.find);
  const [before, after] = parts;
  if (parts.length !== 2 || before === undefined || after === undefined) {
    throw new EditMismatch(edit, parts.length - 1);
  }
  return `${before}${edit.replace}${after}`;
}
