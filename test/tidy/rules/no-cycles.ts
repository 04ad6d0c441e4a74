/** No file may need itself to load. Type imports are erased and so do not count. */
import { resolveRelative } from '../source/imports.ts';
import type { Checkout, SourceFile } from '../source/checkout.ts';
import type { Rule, Violation } from '../source/rule.ts';

interface Edge {
  readonly target: string;
  readonly line: number;
}

function edgesOf(checkout: Checkout, source: SourceFile): readonly Edge[] {
  return source.imports
    .filter(({ typeOnly, specifier }) => !typeOnly && specifier !== '')
    .map(({ specifier, line }) => ({ target: targetOf(source.path, specifier), line }))
    .filter(({ target }) => checkout.source(target) !== undefined);
}

function targetOf(path: string, specifier: string): string {
  if (specifier.startsWith('.')) return resolveRelative(path, specifier);
  const [, name, entry] = /^@quorate\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  return `packages/${name ?? ''}/src/${entry === undefined ? '' : `${entry}/`}index.ts`;
}

export const noCycles: Rule = {
  name: 'no-cycles',
  check(checkout) {
    const violations: Violation[] = [];
    const done = new Set<string>();
    const trail: string[] = [];
    const visit = (source: SourceFile): void => {
      trail.push(source.path);
      for (const { target, line } of edgesOf(checkout, source)) {
        const start = trail.indexOf(target);
        if (start >= 0) {
          const problem = `an import cycle: ${[...trail.slice(start), target].join(' -> ')}`;
          const instead = 'move what both need into a third file, or use `import type`';
          violations.push({ path: source.path, line, problem, instead });
        } else if (!done.has(target)) {
          const next = checkout.source(target);
          if (next !== undefined) visit(next);
        }
      }
      trail.pop();
      done.add(source.path);
    };
    for (const source of checkout.sources) if (!done.has(source.path)) visit(source);
    return violations;
  },
  bad: [
    {
      files: {
        'packages/core/src/tree/a.ts': `import { b } from './b.ts';`,
        'packages/core/src/tree/b.ts': `\nimport { c } from './c.ts';`,
        'packages/core/src/tree/c.ts': `export { a } from './a.ts';`,
      },
      found: ['packages/core/src/tree/c.ts:1'],
    },
    {
      files: {
        'packages/core/src/index.ts': `import { x } from '@quorate/recipes';`,
        'packages/recipes/src/index.ts': `import { y } from '@quorate/core';`,
      },
      found: ['packages/recipes/src/index.ts:1'],
    },
    {
      files: { 'packages/core/src/tree/a.ts': `import { a } from './a.ts';` },
      found: ['packages/core/src/tree/a.ts:1'],
    },
  ],
  good: [
    {
      'packages/core/src/tree/a.ts': `import { b } from './b.ts';`,
      'packages/core/src/tree/b.ts': `import type { A } from './a.ts';`,
    },
  ],
};
