/**
 * Who may import whom inside core: the arrows of docs/internals/architecture.md as a table. A value import
 * needs the name in `values`; an `import type` is content with `types` too.
 */
import { resolveRelative } from '../source/imports.ts';
import type { Rule, Violation } from '../source/rule.ts';

interface Wall {
  readonly values: readonly string[];
  readonly types: readonly string[];
}

const core = 'packages/core/src/';

/** Everything may use these; they use nothing but each other. */
const foundations: readonly string[] = ['errors.ts', 'invariant.ts', 'limits.ts'];

const walls: Readonly<Record<string, Wall>> = {
  'errors.ts': { values: [], types: [] },
  'invariant.ts': { values: [], types: [] },
  'limits.ts': { values: [], types: [] },
  ports: { values: [], types: [] },
  codec: { values: [], types: [] },
  tree: { values: ['codec'], types: [] },
  ops: { values: ['tree', 'codec'], types: [] },
  machine: { values: ['ops', 'tree', 'codec'], types: [] },
  raft: { values: ['codec'], types: [] },
  replica: { values: ['raft', 'machine', 'codec'], types: ['tree'] },
  wire: { values: ['codec'], types: ['raft', 'replica'] },
  session: { values: ['codec'], types: [] },
  platform: { values: [], types: [] },
  remote: { values: ['session', 'wire', 'codec', 'platform'], types: [] },
  peer: { values: ['replica', 'wire', 'session', 'codec', 'platform'], types: ['raft', 'machine', 'tree'] },
  inspect: { values: ['peer', 'replica', 'wire', 'machine', 'raft', 'tree', 'codec', 'session'], types: [] },
  'index.ts': { values: ['peer', 'remote', 'session', 'codec'], types: ['machine', 'raft', 'replica'] },
};

/** One file that goes through a wall, and why. */
const exceptions: readonly { readonly path: string; readonly may: string }[] = [
  // Where the parts are joined: a machine is restored from the stored snapshot before there is a replica.
  { path: `${core}peer/open-peer.ts`, may: 'machine' },
];

function judge(path: string, imported: string, typeOnly: boolean): string | undefined {
  const own = part(path);
  const other = part(imported);
  if (!imported.startsWith(core)) return `core may not reach outside of itself (${imported})`;
  const wall = walls[own];
  if (wall === undefined) return `there is no row for ${own} in the table of walls`;
  if (own === other) return undefined;
  if (foundations.includes(other)) return undefined;
  if (exceptions.some((row) => row.path === path && row.may === other)) return undefined;
  if (other === 'ports' && typeOnly && !foundations.includes(own)) return undefined;
  if (wall.values.includes(other)) return undefined;
  if (wall.types.includes(other)) return typeOnly ? undefined : `${own} may import only types from ${other}`;
  return `${own} may not import ${other}`;
}

/** The folder directly below src, or the file itself. */
function part(path: string): string {
  return path.slice(core.length).split('/')[0] ?? '';
}

export const coreWalls: Rule = {
  name: 'core-walls',
  check(checkout) {
    const violations: Violation[] = [];
    for (const { path, imports } of checkout.sources) {
      if (!path.startsWith(core)) continue;
      for (const { specifier, typeOnly, line } of imports) {
        if (!specifier.startsWith('.')) continue;
        const problem = judge(path, resolveRelative(path, specifier), typeOnly);
        const instead = 'pass it in as a value or a type of a lower part, or move the code (core-walls.ts)';
        if (problem !== undefined) violations.push({ path, line, problem, instead });
      }
    }
    return violations;
  },
  bad: [
    {
      files: { [`${core}raft/a.ts`]: `import { x } from '../machine/b.ts';` },
      found: [`${core}raft/a.ts:1`],
    },
    {
      files: { [`${core}machine/a.ts`]: `import type { X } from '../raft/b.ts';` },
      found: [`${core}machine/a.ts:1`],
    },
    { files: { [`${core}codec/a.ts`]: `\nexport * from '../tree/b.ts';` }, found: [`${core}codec/a.ts:2`] },
    {
      files: { [`${core}session/a.ts`]: `const x = await import('../peer/b.ts');` },
      found: [`${core}session/a.ts:1`],
    },
    {
      files: { [`${core}wire/a.ts`]: `import { step } from '../raft/b.ts';` },
      found: [`${core}wire/a.ts:1`],
    },
    {
      files: { [`${core}raft/a.ts`]: `import { memory } from '../ports/b.ts';` },
      found: [`${core}raft/a.ts:1`],
    },
    {
      files: { [`${core}errors.ts`]: `import type { X } from './codec/b.ts';` },
      found: [`${core}errors.ts:1`],
    },
    { files: { [`${core}misc/a.ts`]: `import { x } from '../errors.ts';` }, found: [`${core}misc/a.ts:1`] },
    {
      files: { [`${core}tree/a.ts`]: `import { x } from '../../../recipes/src/b.ts';` },
      found: [`${core}tree/a.ts:1`],
    },
  ],
  good: [
    {
      [`${core}wire/a.ts`]: `import type { M } from '../raft/messages.ts';\nimport { limit } from '../limits.ts';`,
    },
    {
      [`${core}raft/a.ts`]: `// import { x } from '../machine/b.ts'\nimport type { Entry } from '../ports/entry.ts';`,
    },
    { [`${core}machine/a.test.ts`]: `import { Raft } from '../raft/raft.ts';` },
  ],
};
