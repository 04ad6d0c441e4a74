/**
 * Runs the code of the READMEs and of docs/start against the sources, as a reader would: each block is a file
 * of its own, must compile, run to its end, and print what its comments promise. Links must lead somewhere.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { blocksOf, type Block } from './blocks.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const generated = fileURLToPath(new URL('.generated', import.meta.url));

const read = (page: string): string => readFileSync(join(root, page), 'utf8');

function pagesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`);
}

const packagePages: readonly string[] = readdirSync(join(root, 'packages'))
  .map((name) => `packages/${name}/README.md`)
  .filter((page) => existsSync(join(root, page)));
const runPages: readonly string[] = ['README.md', ...pagesBelow('docs/start'), ...packagePages];
const blocks: readonly Block[] = runPages.flatMap((page) => blocksOf(page, read(page)));

const fileOf = ({ page, line }: Block): string =>
  join(generated, `${page.replaceAll(/[^a-zA-Z]+/g, '-').toLowerCase()}-${line}.ts`);

beforeAll(() => {
  rmSync(generated, { recursive: true, force: true });
  mkdirSync(generated, { recursive: true });
  for (const block of blocks) writeFileSync(fileOf(block), `${block.code}\n`);
  const config = {
    extends: '../../../tsconfig.check.json',
    // A reader's own code need not be ready for declarations.
    compilerOptions: { isolatedDeclarations: false, declaration: false },
    include: ['*.ts'],
  };
  writeFileSync(join(generated, 'tsconfig.json'), JSON.stringify(config));
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the code of the documentation', () => {
  test('was found', () => {
    expect(blocks.filter(({ page }) => page === 'README.md').length).toBeGreaterThanOrEqual(3);
    expect(blocks.filter(({ page }) => page.startsWith('docs/start/')).length).toBeGreaterThanOrEqual(5);
  });

  test('compiles under our own strict settings', () => {
    const compiler = join(root, 'node_modules', '.bin', 'tsc');
    const result = spawnSync(compiler, ['-p', generated], {
      cwd: root,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    const ofBlocks = result.stdout.split('\n').filter((line) => line.includes('.generated'));
    expect(ofBlocks).toEqual([]);
  });

  test.each(blocks.map((block) => [`${block.page}:${block.line}`, block] as const))(
    'runs, and prints what it promises: %s',
    async (_place, block) => {
      const printed: string[] = [];
      vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
        printed.push(format(...values));
      });
      await import(/* @vite-ignore */ fileOf(block));
      expect(printed.filter((line) => block.prints.includes(line))).toEqual(block.prints);
    },
  );
});

describe('the links of the documentation', () => {
  const pages = [
    ...readdirSync(root).filter((name) => name.endsWith('.md')),
    ...pagesBelow('docs'),
    ...packagePages,
  ];

  test.each(pages)('lead somewhere: %s', (page) => {
    const targets = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
    const local = targets.filter((target) => !/^(https?:|#)/.test(target));
    const dead = local.filter((target) => !existsSync(join(root, dirname(page), target.split('#')[0] ?? '')));
    expect(dead).toEqual([]);
  });
});

describe('the file names in the documentation', () => {
  const folders = ['', 'packages/core/src/', 'packages/simulator/src/', 'docs/'];

  test.each(['CONTRIBUTING.md', ...pagesBelow('docs')])('exist: %s', (page) => {
    const named = [...read(page).matchAll(/`((?:[\w.-]+\/)*[\w-]+\.(?:ts|md))`/g)].map(
      (match) => match[1] ?? '',
    );
    // A name alone stands for its kind, a path for one file.
    const paths = named.filter((name) => name.includes('/'));
    expect(paths.filter((path) => !folders.some((folder) => existsSync(join(root, folder, path))))).toEqual(
      [],
    );
  });
});

describe('the block finder', () => {
  test('takes ts blocks alone, with their line and what they promise to print', () => {
    const page = 'a\n```ts\nconsole.log(1); // 1\nb;\n```\n```text\nc\n```\n```ts\n```';
    expect(blocksOf('x.md', page)).toEqual([
      { page: 'x.md', line: 3, code: 'console.log(1); // 1\nb;', prints: ['1'] },
      { page: 'x.md', line: 10, code: '', prints: [] },
    ]);
    expect(blocksOf('x.md', '')).toEqual([]);
  });
});
