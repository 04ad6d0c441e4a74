/** The text that the rules judge: a checkout on disk, or a small sample given as an object. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { findImports, type Import } from './imports.ts';
import { tokenize, type Token } from './tokens.ts';

export interface SourceFile {
  /** From the root of the checkout, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly tokens: readonly Token[];
  /** The tokens without comments. */
  readonly code: readonly Token[];
  readonly imports: readonly Import[];
}

export interface Checkout {
  /** What is published: packages/<package>/src without tests and what they need (folders named `testing`). */
  readonly sources: readonly SourceFile[];
  source(path: string): SourceFile | undefined;
  /** Any other file that a rule reads, e.g. a page of the reference. */
  text(path: string): string | undefined;
  /** All files, sources or not. */
  readonly paths: readonly string[];
}

export type Files = Readonly<Record<string, string>>;

/** A checkout made of texts by path: what the rules' own samples are. */
export function checkoutOf(files: Files): Checkout {
  const sources = Object.entries(files)
    .filter(([path]) => isSource(path))
    .map(([path, text]) => toSource(path, text));
  const byPath = new Map(sources.map((source) => [source.path, source]));
  return {
    sources,
    source: (path) => byPath.get(path),
    text: (path) => files[path],
    paths: Object.keys(files),
  };
}

/** Reads packages/<package>/src and docs/reference below `root`, which ends with a slash. */
export function readCheckout(root: URL): Checkout {
  const files: Record<string, string> = {};
  const packages = readdirSync(new URL('packages/', root));
  for (const name of packages) {
    const path = `packages/${name}/tsconfig.json`;
    if (existsSync(new URL(path, root))) files[path] = readFileSync(new URL(path, root), 'utf8');
  }
  const folders = ['docs/reference', ...packages.map((name) => `packages/${name}/src`)];
  for (const folder of folders) {
    for (const path of pathsBelow(root, folder)) files[path] = readFileSync(new URL(path, root), 'utf8');
  }
  return checkoutOf(files);
}

function pathsBelow(root: URL, folder: string): readonly string[] {
  try {
    return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .filter((path) => path.endsWith('.ts') || path.endsWith('.md'));
  } catch {
    return []; // a package whose sources are still to come
  }
}

function isSource(path: string): boolean {
  return /^packages\/[^/]+\/src\/.*\.ts$/.test(path) && !/\.test(-d)?\.ts$|\/testing\//.test(path);
}

function toSource(path: string, text: string): SourceFile {
  const tokens = tokenize(text);
  const code = tokens.filter((token) => token.kind !== 'comment');
  return { path, text, tokens, code, imports: findImports(code) };
}
