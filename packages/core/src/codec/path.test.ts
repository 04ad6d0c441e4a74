import { describe, expect, test } from 'vitest';
import { pathBytesMax, pathSegmentsMax } from '../limits.ts';
import { isBelow, joinPath, nameOf, parentOf, pathProblem, rootPath } from './path.ts';

describe('pathProblem', () => {
  test.each([
    '/',
    '/a',
    '/a/b',
    '/...',
    '/.a',
    '/a.',
    '/..a/b..',
    '/ ',
    '/~',
    '/é/日本',
    '/\u00a0',
    '/\ud7ff',
    '/\uf900',
    '/\uffef',
  ])('%j is a path', (path) => {
    expect(pathProblem(path)).toBeUndefined();
  });

  test.each([
    ['', 'a path begins with a slash'],
    ['a', 'a path begins with a slash'],
    ['a/b', 'a path begins with a slash'],
    ['/a/', 'it ends with a slash'],
    ['//', 'it ends with a slash'],
    ['//a', 'it has an empty segment'],
    ['/a//b', 'it has an empty segment'],
    ['/.', 'it has a segment "."'],
    ['/./a', 'it has a segment "."'],
    ['/..', 'it has a segment ".."'],
    ['/a/../b', 'it has a segment ".."'],
    ['/a/b/..', 'it has a segment ".."'],
    ['/\u0000', 'it has the forbidden character U+0000'],
    ['/a\u001fb', 'it has the forbidden character U+001F'],
    ['/\u007f', 'it has the forbidden character U+007F'],
    ['/\u009f', 'it has the forbidden character U+009F'],
    ['/\ud800', 'it has the forbidden character U+D800'],
    ['/😀', 'it has the forbidden character U+D83D'],
    ['/\ue000', 'it has the forbidden character U+E000'],
    ['/\uf8ff', 'it has the forbidden character U+F8FF'],
    ['/\ufff0', 'it has the forbidden character U+FFF0'],
    ['/\uffff', 'it has the forbidden character U+FFFF'],
  ])('%j is none', (path, problem) => {
    expect(pathProblem(path)).toBe(problem);
  });

  test.each([
    ['one byte', 'x', 1],
    ['two bytes', 'é', 2],
    ['three bytes', '日', 3],
  ])('its bytes are counted as UTF-8: %s for each character', (_title, character, size) => {
    const count = Math.floor((pathBytesMax - 1) / size);
    const rest = 'x'.repeat(pathBytesMax - 1 - count * size);
    const longest = `/${character.repeat(count)}${rest}`;
    expect(new TextEncoder().encode(longest)).toHaveLength(pathBytesMax);
    expect(pathProblem(longest)).toBeUndefined();
    expect(pathProblem(`${longest}x`)).toBe(`a path has at most ${pathBytesMax} bytes`);
  });

  test('its segments are counted', () => {
    const deepest = '/a'.repeat(pathSegmentsMax);
    expect(pathProblem(deepest)).toBeUndefined();
    expect(pathProblem(`${deepest}/a`)).toBe(`a path has at most ${pathSegmentsMax} segments`);
  });
});

describe('the parts of a path', () => {
  test.each([
    ['/a', '/', 'a'],
    ['/a/b', '/a', 'b'],
    ['/a/b/c', '/a/b', 'c'],
  ])('%s is %s and %s', (path, parent, name) => {
    expect(parentOf(path)).toBe(parent);
    expect(nameOf(path)).toBe(name);
    expect(joinPath(parent, name)).toBe(path);
  });

  test('the root has no name, and is its own parent', () => {
    expect(parentOf(rootPath)).toBe('/');
    expect(nameOf(rootPath)).toBe('');
  });

  test('a path lies below its ancestors, and not below what only begins alike', () => {
    expect(isBelow('/a', '/')).toBe(true);
    expect(isBelow('/a/b/c', '/a')).toBe(true);
    expect(isBelow('/', '/')).toBe(false);
    expect(isBelow('/a', '/a')).toBe(false);
    expect(isBelow('/ab', '/a')).toBe(false);
    expect(isBelow('/', '/a')).toBe(false);
    expect(isBelow('/b/a', '/a')).toBe(false);
  });

  test('the order of paths is that of their bytes', () => {
    const names = ['/\uffef', '/\ud7ff', '/é', '/z', '/豈', '/\u00a0'];
    const byBytes = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(names.toSorted()).toEqual(byBytes);
  });
});
