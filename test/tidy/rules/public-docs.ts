/** What users import has a doc comment where it is declared: an editor shows it, and the reference is made of it. */
import { findExports } from '../source/exports.ts';
import { resolveRelative } from '../source/imports.ts';
import type { Checkout, SourceFile } from '../source/checkout.ts';
import type { Rule, Violation } from '../source/rule.ts';

const entries: RegExp = /^packages\/[^/]+\/src\/(index|ports\/index|inspect\/index)\.ts$/;

interface Place {
  readonly path: string;
  readonly line: number;
}

type Search =
  | { readonly kind: 'documented' | 'foreign' | 'missing' }
  | { readonly kind: 'bare'; readonly at: Place };

/** Follows re-exports to the declaration of `name`; what comes from another package is that package's business. */
function search(checkout: Checkout, file: SourceFile, name: string): Search {
  let best: Search = { kind: 'missing' };
  for (const item of findExports(file)) {
    if (item.kind === 'everything') {
      const target = checkout.source(resolveRelative(file.path, item.specifier));
      const result: Search = target === undefined ? { kind: 'missing' } : search(checkout, target, name);
      if (result.kind !== 'missing') return result;
    } else if (item.name === name && item.kind === 'declared') {
      if (item.documented) return { kind: 'documented' };
      if (best.kind === 'missing') best = { kind: 'bare', at: { path: file.path, line: item.line } };
    } else if (item.name === name && item.kind === 're-exported') {
      if (!item.specifier.startsWith('.')) return { kind: 'foreign' };
      const target = checkout.source(resolveRelative(file.path, item.specifier));
      return target === undefined ? { kind: 'missing' } : search(checkout, target, item.original);
    }
  }
  return best;
}

export const publicDocs: Rule = {
  name: 'public-docs',
  check(checkout) {
    const violations: Violation[] = [];
    const instead = 'write one sentence of TSDoc right above its declaration';
    for (const entry of checkout.sources) {
      if (!entries.test(entry.path)) continue;
      for (const item of findExports(entry)) {
        if (item.kind === 'everything') {
          const problem = '`export *` hides what is public';
          violations.push({ path: entry.path, line: item.line, problem, instead: 'name each export' });
          continue;
        }
        if (item.kind === 'listed') {
          const problem = `${item.name} is exported far from its declaration`;
          violations.push({ path: entry.path, line: item.line, problem, instead: 'use `export ... from`' });
          continue;
        }
        const result = search(checkout, entry, item.name);
        if (result.kind === 'bare') {
          violations.push({
            ...result.at,
            problem: `${item.name} is public and has no doc comment`,
            instead,
          });
        }
        if (result.kind === 'missing') {
          const problem = `the declaration of ${item.name} was not found`;
          violations.push({ path: entry.path, line: item.line, problem, instead });
        }
      }
    }
    return violations;
  },
  bad: [
    {
      files: {
        'packages/core/src/index.ts': `export { openPeer, type Peer as P } from './peer/open.ts';`,
        'packages/core/src/peer/open.ts': `// not a doc comment\nexport async function openPeer(): X {}\n\n/** Fine. */\nexport interface Peer {}`,
      },
      found: ['packages/core/src/peer/open.ts:2'],
    },
    {
      files: { 'packages/recipes/src/index.ts': `export const x = 1;` },
      found: ['packages/recipes/src/index.ts:1'],
    },
    {
      files: { 'packages/core/src/index.ts': `export * from './a.ts';` },
      found: ['packages/core/src/index.ts:1'],
    },
    {
      files: { 'packages/core/src/index.ts': `export { x } from './gone.ts';` },
      found: ['packages/core/src/index.ts:1'],
    },
    {
      files: {
        'packages/core/src/ports/index.ts': `export type { Clock } from './clock.ts';`,
        'packages/core/src/ports/clock.ts': `/** Header. */\nimport type { X } from './x.ts';\n\nexport interface Clock {}`,
      },
      found: ['packages/core/src/ports/clock.ts:4'],
    },
  ],
  good: [
    {
      'packages/core/src/index.ts': `export { openPeer } from './peer/open.ts';\nexport type { Z } from '@quorate/core';`,
      'packages/core/src/peer/open.ts': `/** Opens. */\nexport function openPeer(a: 1): X;\nexport function openPeer(a: 2): X {}\nexport const inner = 1;`,
    },
  ],
};
