/** Finds what a file exports, and whether a doc comment stands before the declaration. */
import type { SourceFile } from './checkout.ts';
import type { Token } from './tokens.ts';

export type Export =
  | { readonly kind: 'declared'; readonly name: string; readonly line: number; readonly documented: boolean }
  | {
      readonly kind: 're-exported';
      readonly name: string;
      /** Its name where it is declared. */
      readonly original: string;
      readonly specifier: string;
      readonly line: number;
    }
  /** `export { name }` of something that is declared or imported elsewhere in the file. */
  | { readonly kind: 'listed'; readonly name: string; readonly original: string; readonly line: number }
  | { readonly kind: 'everything'; readonly specifier: string; readonly line: number };

const modifiers: ReadonlySet<string> = new Set(['declare', 'abstract', 'async']);
const declarators: ReadonlySet<string> = new Set(['function', 'class', 'interface', 'type', 'const', 'let']);

export function findExports(source: SourceFile): readonly Export[] {
  const found: Export[] = [];
  const { tokens } = source;
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'word' || token.text !== 'export') continue;
    const rest = tokens.slice(at + 1).filter(({ kind }) => kind !== 'comment');
    const skip = rest[0]?.text === 'type' && ['{', '*'].includes(rest[1]?.text ?? '') ? 1 : 0;
    if (rest[skip]?.text === '{') found.push(...listAt(rest.slice(skip + 1)));
    else if (rest[skip]?.text === '*') {
      const specifier = rest.find(({ kind }) => kind === 'string')?.text ?? '';
      found.push({ kind: 'everything', specifier, line: token.line });
    } else {
      const name = declaredName(rest);
      const previous = tokens[at - 1];
      const documented = previous?.kind === 'comment' && previous.text.startsWith('/**');
      if (name !== undefined) found.push({ kind: 'declared', name, line: token.line, documented });
    }
  }
  return found;
}

function declaredName(rest: readonly Token[]): string | undefined {
  const start = rest.findIndex(({ text }) => !modifiers.has(text));
  const name = declarators.has(rest[start]?.text ?? '') ? rest[start + 1] : undefined;
  return name?.text === '*' ? rest[start + 2]?.text : name?.text;
}

function listAt(rest: readonly Token[]): readonly Export[] {
  const end = rest.findIndex(({ text }) => text === '}');
  const specifier = rest[end + 1]?.text === 'from' ? rest[end + 2]?.text : undefined;
  const found: Export[] = [];
  let item: Token[] = [];
  const finish = (): void => {
    const words =
      item[0]?.text === 'type' && item.length > 1 && item[1]?.text !== 'as' ? item.slice(1) : item;
    const original = words[0];
    const name = words.at(-1);
    item = [];
    if (original === undefined || name === undefined) return;
    const common = { name: name.text, original: original.text, line: original.line };
    found.push(
      specifier === undefined ? { kind: 'listed', ...common } : { kind: 're-exported', specifier, ...common },
    );
  };
  for (const token of rest.slice(0, end)) {
    if (token.text === ',') finish();
    else item.push(token);
  }
  finish();
  return found;
}
