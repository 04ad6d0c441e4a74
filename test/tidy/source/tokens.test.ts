import { describe, expect, test } from 'vitest';
import { findImports } from './imports.ts';
import { tokenize } from './tokens.ts';

const words = (text: string): readonly string[] =>
  tokenize(text)
    .filter(({ kind }) => kind === 'word')
    .map(({ text: word }) => word);

describe('the scanner', () => {
  test('has nothing to say about an empty file', () => {
    expect(tokenize('')).toEqual([]);
    expect(tokenize(' \n\t')).toEqual([]);
  });

  test.each([
    ['a line comment', 'a // b c\nd', ['a', 'd']],
    ['a block comment over lines', 'a /* b\nc */ d', ['a', 'd']],
    ['single quotes with an escape', `a 'b \\' c' d`, ['a', 'd']],
    ['double quotes', 'a "b \' c" d', ['a', 'd']],
    ['a template', 'a `b c` d', ['a', 'd']],
    ['a template with code inside', 'a `b ${c({ d: 1 })} e ${`f ${g}`} h` i', ['a', 'c', 'd', 'g', 'i']],
    ['a regular expression with a quote and a slash in a class', `a = /b'[/"]c/u; d`, ['a', 'd']],
    ['two divisions', 'a / b / c', ['a', 'b', 'c']],
    ['a comment after a division', 'a / b // c', ['a', 'b']],
    ['a word behind a number with a suffix', '1_000n + a', ['a']],
    ['a comment that never ends', 'a /* b', ['a', 'b']],
  ])('keeps the code and drops the rest: %s', (_what, text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  test('counts lines through comments, strings and templates', () => {
    const text = '/*\n\n*/ a\n`x\n${b}\ny` c';
    const lines = tokenize(text).filter(({ kind }) => kind === 'word');
    expect(lines.map(({ text: word, line }) => `${word}:${line}`)).toEqual(['a:3', 'b:5', 'c:6']);
  });
});

describe('the import finder', () => {
  const found = (text: string): readonly string[] =>
    findImports(tokenize(text)).map(
      ({ specifier, typeOnly, line }) => `${typeOnly ? 'type' : 'value'} ${specifier}:${line}`,
    );

  test.each([
    [`import a from 'x';`, ['value x:1']],
    [`import type from 'x';`, ['value x:1']],
    [`import type A from 'x';`, ['type x:1']],
    [`import type { A, B } from 'x';`, ['type x:1']],
    [`import type * as a from 'x';`, ['type x:1']],
    // Kept at run time under verbatimModuleSyntax, so it counts as a value.
    [`import { type A } from 'x';`, ['value x:1']],
    [`import a, { b as c,\n d } from 'x';`, ['value x:1']],
    [`import 'x';\nimport "y";`, ['value x:1', 'value y:2']],
    [`export { a } from 'x';`, ['value x:1']],
    [`export type { A } from 'x';`, ['type x:1']],
    [
      `export * from 'x';\nexport * as y from 'y';\nexport type * from 'z';`,
      ['value x:1', 'value y:2', 'type z:3'],
    ],
    [`const a = await import('x');`, ['value x:1']],
    [`const a = await import(name);`, ['value :1']],
    [`export { a };\nconst from = 'x';`, []],
    [`export type A = 'x';\nexport type B = { from: 'y' };`, []],
    [`import.meta.url; Array.from('x'); a.import('y');`, []],
    [`// import 'x'\nconst text = "import 'y'";`, []],
  ])('reads %s', (text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});
