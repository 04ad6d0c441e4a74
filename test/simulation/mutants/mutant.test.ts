import { expect, test } from 'vitest';
import { applyEdit, EditMismatch } from './mutant.ts';

const source = 'if (votes > half) win();\nif (votes > half) tell();\nreturn term;';

test('an edit replaces the one place where its text stands', () => {
  expect(applyEdit(source, { file: 'a.ts', find: 'return term', replace: 'return term - 1' })).toBe(
    'if (votes > half) win();\nif (votes > half) tell();\nreturn term - 1;',
  );
});

test('an edit that no longer fits its file fails', () => {
  expect(() => applyEdit(source, { file: 'a.ts', find: 'return vote', replace: '' })).toThrow(EditMismatch);
});

test('an edit that fits more than once fails', () => {
  expect(() => applyEdit(source, { file: 'a.ts', find: 'votes > half', replace: 'true' })).toThrow(/found 2/);
});
