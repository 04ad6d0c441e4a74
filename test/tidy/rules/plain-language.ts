/** Parts of the language that published code does without. */
import type { Token } from '../source/tokens.ts';
import type { Rule, Violation } from '../source/rule.ts';

const plainErrors: ReadonlySet<string> = new Set(['Error', 'TypeError', 'RangeError', 'SyntaxError']);

interface Finding {
  readonly problem: string;
  readonly instead: string;
}

function judge(code: readonly Token[], at: number): Finding | undefined {
  const token = code[at];
  if (token?.kind !== 'word' || code[at - 1]?.text === '.') return undefined;
  const next = code[at + 1];
  const afterNext = code[at + 2];
  if (token.text === 'any' && next?.text !== ':' && next?.text !== '(') {
    return { problem: '`any` switches the compiler off', instead: 'use `unknown` and narrow it' };
  }
  if (token.text === 'export' && (next?.text === 'default' || next?.text === '=')) {
    return { problem: 'a default export has no name of its own', instead: 'export it by name' };
  }
  if (token.text === 'default' && code[at - 1]?.text === 'as') {
    return { problem: 'a default export has no name of its own', instead: 'export it by name' };
  }
  if (token.text === 'enum' && next?.kind === 'word') {
    return { problem: 'an enum cannot be erased', instead: 'use a union of string literals' };
  }
  const thrown = token.text === 'throw' ? (next?.text === 'new' ? afterNext : next) : undefined;
  const rejected =
    token.text === 'reject' && next?.text === '(' && afterNext?.text === 'new' ? code[at + 3] : undefined;
  const error = thrown ?? rejected;
  if (error?.kind === 'word' && plainErrors.has(error.text)) {
    return {
      problem: `a plain ${error.text} tells a user neither what to do nor whether the write happened`,
      instead: 'throw a CoordinationError for an expected failure, use invariant() for a bug',
    };
  }
  return undefined;
}

export const plainLanguage: Rule = {
  name: 'plain-language',
  check(checkout) {
    const violations: Violation[] = [];
    for (const { path, code } of checkout.sources) {
      for (const [at, { line }] of code.entries()) {
        const finding = judge(code, at);
        if (finding !== undefined) violations.push({ path, line, ...finding });
      }
    }
    return violations;
  },
  bad: [
    'let x: any = 1;',
    'const x = y as any;',
    'type X = Map<string, any>;',
    'export default 1;',
    'export { x as default };',
    'enum Role { Leader }',
    'const enum Role { Leader }',
    `throw new Error('x');`,
    `throw new TypeError('x');`,
    `throw RangeError('x');`,
    `reject(new Error('x'));`,
  ].map((text) => ({
    files: { 'packages/core/src/peer/a.ts': `\n${text}` },
    found: ['packages/core/src/peer/a.ts:2'],
  })),
  good: [
    {
      'packages/core/src/peer/a.ts': `// any enum, throw new Error
        class Own extends Error {}
        switch (x) { default: AbortSignal.any([]); }
        throw new CoordinationError('NO_NODE');
        if (error instanceof TypeError) throw error;`,
    },
  ],
};
