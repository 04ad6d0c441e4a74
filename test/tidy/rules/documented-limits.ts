/** Each limit has its row in the reference, with the default that the code has and whose limit it is. */
import { rowsOf } from '../source/markdown.ts';
import type { SourceFile } from '../source/checkout.ts';
import type { Rule, Violation } from '../source/rule.ts';
import type { Token } from '../source/tokens.ts';

const source = 'packages/core/src/limits.ts';
const page = 'docs/reference/limits.md';
const units: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

interface Limit {
  readonly name: string;
  readonly owner: 'ensemble' | 'peer';
  /** NaN: the rule cannot read the expression. */
  readonly value: number;
  readonly line: number;
}

/** Reads `const <variable> = Object.freeze({ name: 4 * MiB, ... })`. */
function limitsIn(file: SourceFile, variable: string, owner: Limit['owner']): readonly Limit[] {
  const { code } = file;
  const start = code.findIndex(({ text }, at) => text === variable && code[at - 1]?.text === 'const');
  const open = code.findIndex(({ text }, at) => at > start && start >= 0 && text === '{');
  const limits: Limit[] = [];
  if (open < 0) return limits;
  let at = open + 1;
  while (at < code.length && code[at]?.text !== '}') {
    const name = code[at];
    const expression: Token[] = [];
    for (at += 2; at < code.length && code[at]?.text !== ',' && code[at]?.text !== '}'; at += 1) {
      const token = code[at];
      if (token !== undefined) expression.push(token);
    }
    if (code[at]?.text === ',') at += 1;
    limits.push({ name: name?.text ?? '', owner, value: product(expression), line: name?.line ?? 0 });
  }
  return limits;
}

function product(expression: readonly Token[]): number {
  return expression
    .filter(({ text }) => text !== '*')
    .map(({ text }) => units[text] ?? Number(text.replaceAll('_', '')))
    .reduce((left, right) => left * right, 1);
}

/** `10,000`, `4 MiB`, `60,000 ms` as a number. */
function defaultIn(cell: string): number {
  const [, digits, unit] = /^([\d,]+)(?: (\S+))?$/.exec(cell) ?? [];
  if (digits === undefined) return Number.NaN;
  return Number(digits.replaceAll(',', '')) * (units[unit ?? ''] ?? 1);
}

function judgeRow(limit: Limit, cells: readonly string[]): string | undefined {
  const [, owner, , shown] = cells;
  if (Number.isNaN(limit.value)) return `the default of ${limit.name} cannot be read from ${source}`;
  if (owner !== limit.owner)
    return `${limit.name} is said to be a limit of: ${owner}; it is one of: ${limit.owner}`;
  const written = defaultIn(shown ?? '');
  return written === limit.value
    ? undefined
    : `the default of ${limit.name} is ${limit.value}, not "${shown}"`;
}

export const documentedLimits: Rule = {
  name: 'documented-limits',
  check(checkout) {
    const file = checkout.source(source);
    if (file === undefined) return [];
    const limits = [
      ...limitsIn(file, 'defaultEnsembleLimits', 'ensemble'),
      ...limitsIn(file, 'defaultPeerLimits', 'peer'),
    ];
    const rows = rowsOf(checkout.text(page) ?? '');
    const violations: Violation[] = [];
    for (const limit of limits) {
      const row = rows.find(({ name }) => name === limit.name);
      if (row === undefined) {
        const problem = `${limit.name} has no row in ${page}`;
        violations.push({ path: source, line: limit.line, problem, instead: 'describe it there' });
        continue;
      }
      const problem = judgeRow(limit, row.cells);
      if (problem === undefined) continue;
      violations.push({ path: page, line: row.line, problem, instead: `make the row agree with ${source}` });
    }
    for (const { name, line } of rows) {
      if (limits.some((limit) => limit.name === name)) continue;
      violations.push({
        path: page,
        line,
        problem: `${name} is no limit`,
        instead: 'remove or rename the row',
      });
    }
    return violations;
  },
  bad: [
    {
      files: {
        [source]: `const defaultEnsembleLimits = Object.freeze({\n aMax: 4 * MiB,\n bMax: 1_000,\n cMs: 5 });
          const defaultPeerLimits = Object.freeze({ dMax: MiB, eMax: f() });`,
        [page]: [
          '| `aMax` | ensemble | bytes | 4 KiB |',
          '| `bMax` | peer | znodes | 1,000 |',
          '| `dMax` | peer | bytes | 1 MiB |',
          '| `eMax` | peer | bytes | 1 |',
          '| `gMax` | peer | bytes | 1 |',
        ].join('\n'),
      },
      found: [`${page}:1`, `${page}:2`, `${source}:4`, `${page}:4`, `${page}:5`],
    },
  ],
  good: [
    {
      [source]: `const defaultEnsembleLimits = Object.freeze({ aMax: 4 * MiB, cMs: 60_000 });
        const defaultPeerLimits = Object.freeze({});`,
      [page]: '| `aMax` | ensemble | bytes | 4 MiB |\n| `cMs` | ensemble | ms | 60,000 |',
    },
  ],
};
