/**
 * Core runs wherever ECMAScript modules run. The type checker knows Node's globals because tests need them, so
 * it does not notice when core uses one.
 */
import type { Rule, Violation } from '../source/rule.ts';

const nodeGlobals: ReadonlySet<string> = new Set(
  'Buffer process require module exports __dirname __filename global NodeJS'.split(' '),
);

export const portableCore: Rule = {
  name: 'portable-core',
  check(checkout) {
    const violations: Violation[] = [];
    for (const { path, code } of checkout.sources) {
      if (!path.startsWith('packages/core/src/')) continue;
      for (const [at, { kind, text, line }] of code.entries()) {
        const next = code[at + 1]?.text;
        const isProperty = code[at - 1]?.text === '.' || next === ':' || next === '?';
        if (kind !== 'word' || isProperty || !nodeGlobals.has(text)) continue;
        const instead = 'use what every platform has, or a port that the application hands in';
        violations.push({ path, line, problem: `${text} exists in Node only`, instead });
      }
    }
    return violations;
  },
  bad: [
    'const bytes = Buffer.alloc(1);',
    'process.exit(1);',
    `const fs = require('fs');`,
    'let timer: NodeJS.Timeout;',
  ].map((text) => ({
    files: { 'packages/core/src/peer/a.ts': `\n${text}` },
    found: ['packages/core/src/peer/a.ts:2'],
  })),
  good: [
    {
      'packages/core/src/peer/a.ts': `// Buffer, process
        const platform = globalThis as { readonly setImmediate?: X }; platform.setImmediate;`,
      'packages/transport-tcp/src/a.ts': 'process.pid;',
      'packages/core/src/peer/a.test.ts': 'process.pid;',
    },
  ],
};
