/** Error codes are API: each has its row in the reference, and the reference knows no other. */
import { rowsOf } from '../source/markdown.ts';
import type { Token } from '../source/tokens.ts';
import type { Rule, Violation } from '../source/rule.ts';

const source = 'packages/core/src/errors.ts';
const page = 'docs/reference/errors.md';

/** The string literals of `type <name> = 'A' | 'B';` */
function unionMembers(code: readonly Token[], name: string): readonly Token[] {
  const start = code.findIndex(({ text }, at) => text === 'type' && code[at + 1]?.text === name);
  if (start < 0) return [];
  const length = code.slice(start).findIndex(({ text }) => text === ';');
  return code.slice(start, start + length).filter(({ kind }) => kind === 'string');
}

/** The codes in `new Set<ErrorCode>([...])` behind `retryableCodes`. */
function retryableCodes(code: readonly Token[]): ReadonlySet<string> {
  const start = code.findIndex(({ text }) => text === 'retryableCodes');
  const length = code.slice(start).findIndex(({ text }) => text === ';');
  const names = code.slice(start, start + length).filter(({ kind }) => kind === 'string');
  return new Set(names.map(({ text }) => text));
}

export const documentedErrors: Rule = {
  name: 'documented-errors',
  check(checkout) {
    const file = checkout.source(source);
    if (file === undefined) return [];
    const codes = unionMembers(file.code, 'ErrorCode');
    const rows = rowsOf(checkout.text(page) ?? '');
    const retryable = retryableCodes(file.code);
    const violations: Violation[] = [];
    for (const { text, line } of codes) {
      if (rows.some(({ name }) => name === text)) continue;
      violations.push({
        path: source,
        line,
        problem: `${text} has no row in ${page}`,
        instead: 'describe it there',
      });
    }
    for (const { name, cells, line } of rows) {
      if (!codes.some(({ text }) => text === name)) {
        violations.push({
          path: page,
          line,
          problem: `${name} is no code`,
          instead: 'remove or rename the row',
        });
        continue;
      }
      const expected = retryable.has(name) ? 'yes' : 'no';
      if (cells[2] === expected) continue;
      const problem = `${name} is said to be retryable: ${cells[2]}`;
      violations.push({ path: page, line, problem, instead: `write "${expected}", as ${source} does` });
    }
    return violations;
  },
  bad: [
    {
      files: {
        [source]: `export type ErrorCode =\n | 'NO_NODE'\n | 'NEW_ONE';\nconst retryableCodes = new Set(['NO_NODE']);`,
        [page]:
          '| Code | Meaning | Retryable |\n|---|---|---|\n| `NO_NODE` | x | no |\n| `OLD_ONE` | x | no |',
      },
      found: [`${source}:3`, `${page}:3`, `${page}:4`],
    },
    { files: { [source]: `export type ErrorCode = 'NO_NODE';` }, found: [`${source}:1`] },
  ],
  good: [
    {
      [source]: `export type ErrorCode = 'NO_NODE' | 'OVERLOADED';\nconst retryableCodes = new Set(['OVERLOADED']);`,
      [page]: '| `NO_NODE` | x | no |\n| `OVERLOADED` | x | yes |',
    },
  ],
};
