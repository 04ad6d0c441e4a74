/**
 * Hooks of Node's module loader: TypeScript sources are loaded as they are, with the edits of one mutant applied.
 * They run in a thread of their own, which gets the mutant when it starts.
 */
import { readFileSync } from 'node:fs';
import type { InitializeHook, LoadHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'oxc-transform';
import { applyEdit, type Edit } from './mutant.ts';

export interface HookFacts {
  /** Ends with a slash. */
  readonly root: string;
  readonly edits: readonly Edit[];
}

let facts: HookFacts = { root: '/', edits: [] };

export const initialize: InitializeHook<HookFacts> = (given) => {
  facts = given;
};

export const load: LoadHook = async (url, context, nextLoad) => {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return await nextLoad(url, context);
  const path = fileURLToPath(url);
  const edits = facts.edits.filter(({ file }) => `${facts.root}${file}` === path);
  const text = edits.reduce(applyEdit, readFileSync(path, 'utf8'));
  const { code, errors } = transformSync(path, text, { lang: 'ts', target: 'es2022' });
  const [error] = errors;
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);
  return { format: 'module', source: code, shortCircuit: true };
};
