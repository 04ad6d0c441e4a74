/** A port is a promise, not code: adapters may import @quorate/core/ports and get nothing to load. */
import type { Rule, Violation } from '../source/rule.ts';

const valueWords: ReadonlySet<string> = new Set(
  'const let var function class enum namespace module async abstract default'.split(' '),
);

export const portsAreTypes: Rule = {
  name: 'ports-are-types',
  check(checkout) {
    const violations: Violation[] = [];
    const instead = 'export a type or an interface here, and put the value beside its user';
    for (const { path, code, imports } of checkout.sources) {
      if (!path.startsWith('packages/core/src/ports/')) continue;
      for (const { line, typeOnly, specifier } of imports) {
        if (typeOnly) continue;
        violations.push({ path, line, problem: `"${specifier}" is imported as a value`, instead });
      }
      let depth = 0;
      for (const [at, token] of code.entries()) {
        const next = code[at + 1]?.text;
        if (token.kind === 'punctuation' && '({['.includes(token.text)) depth += 1;
        if (token.kind === 'punctuation' && ')}]'.includes(token.text)) depth -= 1;
        if (depth > 0 || token.kind !== 'word') continue;
        const isValue = valueWords.has(token.text) && code[at - 1]?.text !== '.';
        const isExportList = token.text === 'export' && next === '{';
        if (!isValue && !isExportList) continue;
        violations.push({ path, line: token.line, problem: `"${token.text}" makes a value`, instead });
      }
    }
    return violations;
  },
  bad: [
    {
      files: { 'packages/core/src/ports/a.ts': `export const portable = 1;` },
      found: ['packages/core/src/ports/a.ts:1'],
    },
    {
      files: { 'packages/core/src/ports/a.ts': `import { X } from '../errors.ts';` },
      found: ['packages/core/src/ports/a.ts:1'],
    },
    {
      files: { 'packages/core/src/ports/a.ts': `type X = 1;\nexport { X };` },
      found: ['packages/core/src/ports/a.ts:2'],
    },
    {
      files: { 'packages/core/src/ports/a.ts': `export abstract class A {}` },
      found: ['packages/core/src/ports/a.ts:1', 'packages/core/src/ports/a.ts:1'],
    },
  ],
  good: [
    {
      'packages/core/src/ports/a.ts': `import type { X } from './b.ts';
        export type { X } from './b.ts';
        export interface Log { default: X; function(name: string): void }
        export type Sum = (bytes: Uint8Array) => number;`,
    },
  ],
};
