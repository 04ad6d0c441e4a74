/**
 * What comes from outside a package. One file or folder owns each dependency of core, so that replacing it is
 * one change; core itself runs anywhere because nothing in it needs `node:`.
 */
import type { Import } from '../source/imports.ts';
import { resolveRelative } from '../source/imports.ts';
import type { Rule, Violation } from '../source/rule.ts';

/** Dependency of core -> the only place that may import it. */
const owners: Readonly<Record<string, string>> = {
  msgpackr: 'packages/core/src/codec/msgpack.ts',
  immer: 'packages/core/src/session/',
  mitt: 'packages/core/src/peer/',
  '@noble/hashes': 'packages/core/src/',
};

/** What the other packages may import beside themselves: exact names, or everything below `node:`. */
const allowed: readonly { readonly packages: RegExp; readonly names: readonly string[] }[] = [
  { packages: /^(transport|storage)-/, names: ['@quorate/core', '@quorate/core/ports', 'node:'] },
  { packages: /^recipes$/, names: ['@quorate/core'] },
  { packages: /^compliance$/, names: ['@quorate/core', '@quorate/core/ports', 'node:'] },
  {
    packages: /^simulator$/,
    names: ['@quorate/core', '@quorate/core/ports', '@quorate/core/inspect', '@quorate/recipes', 'node:'],
  },
];

function judgeCore(path: string, { specifier }: Import): string | undefined {
  if (specifier.startsWith('node:')) return `core must run without Node, but imports ${specifier}`;
  const name = Object.keys(owners).find((owned) => specifier === owned || specifier.startsWith(`${owned}/`));
  const owner = name === undefined ? undefined : owners[name];
  if (owner === undefined) return `core does not depend on "${specifier}"`;
  return path.startsWith(owner) ? undefined : `only ${owner} may import ${name}`;
}

function judgeOther(path: string, { specifier }: Import): string | undefined {
  const folder = path.split('/')[1] ?? '';
  if (specifier.startsWith('.')) {
    const inside = resolveRelative(path, specifier).startsWith(`packages/${folder}/`);
    return inside ? undefined : `a relative import leaves packages/${folder}`;
  }
  const row = allowed.find(({ packages }) => packages.test(folder));
  if (row === undefined) return `there is no row for packages/${folder} in package-imports.ts`;
  const fine = row.names.some((name) => (name === 'node:' ? specifier.startsWith(name) : specifier === name));
  return fine ? undefined : `packages/${folder} may not import "${specifier}"`;
}

export const packageImports: Rule = {
  name: 'package-imports',
  check(checkout) {
    const violations: Violation[] = [];
    for (const { path, imports } of checkout.sources) {
      const isCore = path.startsWith('packages/core/');
      for (const item of imports) {
        if (isCore && item.specifier.startsWith('.')) continue;
        const problem = isCore ? judgeCore(path, item) : judgeOther(path, item);
        const instead = 'use the part that owns it, a port, or the public entry of the other package';
        if (problem !== undefined) violations.push({ path, line: item.line, problem, instead });
      }
    }
    return violations;
  },
  bad: [
    {
      files: { 'packages/core/src/wire/a.ts': `import { pack } from 'msgpackr';` },
      found: ['packages/core/src/wire/a.ts:1'],
    },
    {
      files: { 'packages/core/src/codec/a.ts': `import { pack } from 'msgpackr/pack';` },
      found: ['packages/core/src/codec/a.ts:1'],
    },
    {
      files: { 'packages/core/src/tree/a.ts': `import { produce } from 'immer';` },
      found: ['packages/core/src/tree/a.ts:1'],
    },
    {
      files: { 'packages/core/src/session/a.ts': `import type { Emitter } from 'mitt';` },
      found: ['packages/core/src/session/a.ts:1'],
    },
    {
      files: { 'packages/core/src/peer/a.ts': `import { readFile } from 'node:fs';` },
      found: ['packages/core/src/peer/a.ts:1'],
    },
    {
      files: { 'packages/core/src/peer/a.ts': `import _ from 'lodash';` },
      found: ['packages/core/src/peer/a.ts:1'],
    },
    {
      files: { 'packages/transport-tcp/src/a.ts': `import { x } from '@quorate/recipes';` },
      found: ['packages/transport-tcp/src/a.ts:1'],
    },
    {
      files: { 'packages/storage-file/src/a.ts': `import { x } from '../../core/src/index.ts';` },
      found: ['packages/storage-file/src/a.ts:1'],
    },
    {
      files: { 'packages/recipes/src/a.ts': `import { x } from 'node:crypto';` },
      found: ['packages/recipes/src/a.ts:1'],
    },
    {
      files: { 'packages/extra/src/a.ts': `import { x } from 'node:fs';` },
      found: ['packages/extra/src/a.ts:1'],
    },
  ],
  good: [
    { 'packages/core/src/session/a.ts': `import { Immer } from 'immer';` },
    {
      'packages/transport-tcp/src/a.ts': `import net from 'node:net';\nimport type { Transport } from '@quorate/core/ports';`,
    },
  ],
};
