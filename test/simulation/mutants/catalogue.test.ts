import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { inexpressible } from './catalogue/inexpressible.ts';
import { mutants } from './catalogue.ts';
import { applyEdit } from './mutant.ts';

const root = new URL('../../../', import.meta.url);

test.each(mutants.map((mutant) => [mutant.id, mutant.bug, mutant] as const))(
  '%s fits the sources: %s',
  (_id, _bug, { edits }) => {
    const texts = new Map<string, string>();
    for (const edit of edits) {
      const before = texts.get(edit.file) ?? readFileSync(fileURLToPath(new URL(edit.file, root)), 'utf8');
      texts.set(edit.file, applyEdit(before, edit));
    }
    expect(texts.size).toBeGreaterThan(0);
  },
);

test('no two mutants have the same name, and none is also called inexpressible', () => {
  const ids = [...mutants, ...inexpressible].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
