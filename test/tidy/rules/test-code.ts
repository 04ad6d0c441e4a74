/**
 * What tests share lives in folders named `testing`: it is not published, so what is published cannot need it.
 */
import { resolveRelative } from '../source/imports.ts';
import type { Rule, Violation } from '../source/rule.ts';

const exclusion = 'src/**/testing';

function excludes(config: string): boolean {
  const { exclude } = JSON.parse(config) as { readonly exclude?: readonly string[] };
  return exclude?.includes(exclusion) ?? false;
}

export const testCode: Rule = {
  name: 'test-code',
  check(checkout) {
    const violations: Violation[] = [];
    for (const { path, imports } of checkout.sources) {
      for (const { specifier, line } of imports) {
        if (!specifier.startsWith('.') || !/\/testing\/|\.test\.ts$/.test(resolveRelative(path, specifier)))
          continue;
        const instead = 'move what both need out of the test code';
        violations.push({ path, line, problem: `"${specifier}" is test code`, instead });
      }
    }
    const packages = new Set(
      checkout.paths.flatMap((path) => /^(packages\/[^/]+)\/src\/(?:.*\/)?testing\//.exec(path)?.[1] ?? []),
    );
    for (const folder of packages) {
      const path = `${folder}/tsconfig.json`;
      if (excludes(checkout.text(path) ?? '{}')) continue;
      const instead = `add "${exclusion}" to its "exclude"`;
      violations.push({ path, line: 1, problem: 'the build would publish test code', instead });
    }
    return violations;
  },
  bad: [
    {
      files: {
        'packages/core/tsconfig.json': '{ "exclude": ["src/**/*.test.ts"] }',
        'packages/core/src/machine/testing/model.ts': '',
        'packages/core/src/machine/a.ts': `import { model } from './testing/model.ts';`,
        'packages/core/src/machine/b.ts': `import { x } from './a.test.ts';`,
      },
      found: [
        'packages/core/src/machine/a.ts:1',
        'packages/core/src/machine/b.ts:1',
        'packages/core/tsconfig.json:1',
      ],
    },
  ],
  good: [
    {
      'packages/core/tsconfig.json': '{ "exclude": ["src/**/*.test.ts", "src/**/testing"] }',
      'packages/core/src/machine/testing/model.ts': `throw new Error('fine in a test');`,
      'packages/core/src/machine/a.test.ts': `import { model } from './testing/model.ts';`,
      'packages/core/src/machine/a.ts': `import { testing } from './testing.ts';`,
    },
  ],
};
