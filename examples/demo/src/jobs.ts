/** The work: every tracked file of this repository, hashed and counted. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What a finished job says of its file. A type alias, so that it can be stored in a znode as it is. */
export type FileFacts = { readonly sha256: string; readonly lines: number };

/** Paths of all tracked files, in order; without git, of all files but the installed and built ones. */
export function trackedFiles(root: string): readonly string[] {
  try {
    const listed = execFileSync('git', ['ls-files', '-z'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const files = listed
      .toString('utf8')
      .split('\0')
      .filter((file) => file !== '');
    if (files.length > 0) return files.sort();
  } catch {
    // No git, or no checkout: an unpacked archive has files all the same.
  }
  return [...walk(root)].map((file) => relative(root, file)).sort();
}

export function factsOf(root: string, file: string): FileFacts {
  const bytes = readFileSync(join(root, file));
  const lines = bytes.reduce((count, byte) => (byte === 0x0a ? count + 1 : count), 0);
  return { sha256: createHash('sha256').update(bytes).digest('hex'), lines };
}

const skipped = new Set(['node_modules', 'dist', '.git', '.results']);

function* walk(folder: string): Iterable<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (skipped.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile()) yield path;
  }
}
