/** Finds what a file imports and re-exports, from its tokens. */
import type { Token } from './tokens.ts';

export interface Import {
  readonly specifier: string;
  /** True for what vanishes when types are erased: `import type`, `export type ... from`. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Static and dynamic imports and re-exports, in the order of the text. `code` has no comments. */
export function findImports(code: readonly Token[]): readonly Import[] {
  const found: Import[] = [];
  for (let at = 0; at < code.length; at += 1) {
    const token = code[at];
    if (token?.kind !== 'word' || code[at - 1]?.text === '.') continue;
    if (token.text === 'import') {
      const result = importAt(code, at);
      if (result !== undefined) found.push(result);
    }
    if (token.text === 'export') {
      const result = reExportAt(code, at);
      if (result !== undefined) found.push(result);
    }
  }
  return found;
}

function importAt(code: readonly Token[], at: number): Import | undefined {
  const line = code[at]?.line ?? 0;
  const next = code[at + 1];
  if (next?.text === '.') return undefined;
  if (next?.kind === 'string') return { specifier: next.text, typeOnly: false, line };
  if (next?.text === '(') {
    const specifier = code[at + 2];
    // A computed specifier could reach anything: the empty name lets the rules refuse it.
    return { specifier: specifier?.kind === 'string' ? specifier.text : '', typeOnly: false, line };
  }
  const typeOnly = next?.text === 'type' && code[at + 2]?.text !== 'from' && code[at + 2]?.text !== ',';
  return withSource(code, at + 1, { typeOnly, line });
}

function reExportAt(code: readonly Token[], at: number): Import | undefined {
  const line = code[at]?.line ?? 0;
  const typeOnly = code[at + 1]?.text === 'type';
  const start = typeOnly ? at + 2 : at + 1;
  if (code[start]?.text !== '{' && code[start]?.text !== '*') return undefined;
  return withSource(code, start, { typeOnly, line });
}

/** Walks to `from '...'`; a semicolon or the end of a brace without it means that there is none. */
function withSource(
  code: readonly Token[],
  start: number,
  rest: Omit<Import, 'specifier'>,
): Import | undefined {
  for (let at = start; at < code.length; at += 1) {
    const token = code[at];
    const next = code[at + 1];
    if (token?.text === ';') return undefined;
    if (token?.text === 'from' && next?.kind === 'string') return { specifier: next.text, ...rest };
    if (token?.text === '}' && next?.text !== 'from') return undefined;
  }
  return undefined;
}

/** The file that a relative specifier names, as a path from the root of the checkout. */
export function resolveRelative(importer: string, specifier: string): string {
  const parts = importer.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
