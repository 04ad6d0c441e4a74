import { describe, expect, test } from 'vitest';
import type { Query, QueryAnswer } from './contract.ts';
import { create, Driver } from './testing/driver.ts';

const bounds = { pageNamesMax: 3 };

function machine(): (query: Query) => QueryAnswer {
  const driver = new Driver();
  const session = driver.open();
  driver.send(
    session,
    ['/a', '/a/3', '/a/1', '/a/2', '/a/1/x', '/b'].map((path) => create(path, path)),
  );
  driver.send(
    session,
    ['/b/e2', '/b/e1', '/e', '/bb'].map((path) => create(path, null, { createKind: 'ephemeral' })),
  );
  return (query) => driver.machine.query(query, bounds);
}

function failure(answer: QueryAnswer): unknown {
  return answer.kind === 'failed' ? answer.code : answer.kind;
}

describe('a query', () => {
  test('get answers the record, or that there is none', () => {
    const ask = machine();
    expect(ask({ kind: 'get', path: '/a/1' })).toMatchObject({ kind: 'znode', znode: { path: '/a/1' } });
    expect(ask({ kind: 'get', path: '/c' })).toEqual({ kind: 'znode', znode: undefined });
    expect(ask({ kind: 'get', path: '/' })).toMatchObject({ znode: { path: '/', childrenCount: 4 } });
  });

  test('get-many answers all at one point, in their order', () => {
    const ask = machine();
    expect(ask({ kind: 'get-many', paths: ['/b', '/none', '/a'] })).toMatchObject({
      kind: 'znodes',
      znodes: [{ path: '/b' }, undefined, { path: '/a' }],
    });
    expect(ask({ kind: 'get-many', paths: [] })).toEqual({ kind: 'znodes', znodes: [] });
    expect(failure(ask({ kind: 'get-many', paths: ['/a', '/a', '/a', '/a'] }))).toBe('LIMIT_EXCEEDED');
    expect(failure(ask({ kind: 'get-many', paths: ['/a', 'a'] }))).toBe('BAD_ARGUMENTS');
  });

  test('children and list answer in byte order, page by page', () => {
    const ask = machine();
    const names = (after: string | undefined, limit: number | undefined): QueryAnswer =>
      ask({ kind: 'children', path: '/a', after, limit });
    expect(names(undefined, undefined)).toEqual({ kind: 'names', names: ['1', '2', '3'] });
    expect(names('1', undefined)).toEqual({ kind: 'names', names: ['2', '3'] });
    expect(names('15', 1)).toEqual({ kind: 'names', names: ['2'] });
    expect(names('3', 1)).toEqual({ kind: 'names', names: [] });
    expect(names(undefined, 0)).toEqual({ kind: 'names', names: [] });
    expect(ask({ kind: 'list', path: '/a', after: '2', limit: 9 })).toMatchObject({
      kind: 'listing',
      items: [{ name: '3', znode: { path: '/a/3' } }],
    });
    expect(ask({ kind: 'list', path: '/', after: undefined, limit: 1 })).toMatchObject({
      items: [{ name: 'a', znode: { path: '/a' } }],
    });
  });

  test('without a limit fails rather than be cut', () => {
    const ask = machine();
    expect(ask({ kind: 'children', path: '/', after: undefined, limit: undefined })).toEqual({
      kind: 'failed',
      code: 'LIMIT_EXCEEDED',
      details: { path: '/', limit: 'pageNamesMax', limitValue: 3, measured: 4 },
    });
    expect(failure(ask({ kind: 'list', path: '/', after: undefined, limit: undefined }))).toBe(
      'LIMIT_EXCEEDED',
    );
    expect(failure(ask({ kind: 'children', path: '/', after: 'a', limit: undefined }))).toBe('names');
    expect(failure(ask({ kind: 'children', path: '/', after: undefined, limit: 4 }))).toBe('names');
  });

  test('count is of all descendants', () => {
    const ask = machine();
    expect(ask({ kind: 'count', path: '/a' })).toEqual({ kind: 'count', count: 4 });
    expect(ask({ kind: 'count', path: '/' })).toEqual({ kind: 'count', count: 10 });
    expect(ask({ kind: 'count', path: '/e' })).toEqual({ kind: 'count', count: 0 });
  });

  test('ephemerals are sorted and those under a prefix only', () => {
    const ask = machine();
    const under = (prefix: string, sessionId = 1): QueryAnswer =>
      ask({ kind: 'ephemerals', sessionId, under: prefix });
    expect(under('/')).toEqual({ kind: 'names', names: ['/b/e1', '/b/e2', '/bb', '/e'] });
    expect(under('/b')).toEqual({ kind: 'names', names: ['/b/e1', '/b/e2'] });
    expect(under('/e')).toEqual({ kind: 'names', names: ['/e'] });
    expect(under('/', 9)).toEqual({ kind: 'names', names: [] });
  });

  test('barrier is answered by itself', () => {
    expect(machine()({ kind: 'barrier' })).toEqual({ kind: 'barrier' });
  });

  test.each<Query>([
    { kind: 'get', path: '/a/' },
    { kind: 'children', path: 'a', after: undefined, limit: undefined },
    { kind: 'list', path: '//', after: undefined, limit: undefined },
    { kind: 'count', path: '' },
    { kind: 'ephemerals', sessionId: 1, under: '/a/..' },
    { kind: 'children', path: '/a', after: undefined, limit: -1 },
    { kind: 'children', path: '/a', after: undefined, limit: Number.NaN },
  ])('with an argument that cannot be used fails: %o', (query) => {
    expect(failure(machine()(query))).toBe('BAD_ARGUMENTS');
  });

  test.each<Query>([
    { kind: 'children', path: '/none', after: undefined, limit: undefined },
    { kind: 'list', path: '/none', after: undefined, limit: undefined },
    { kind: 'count', path: '/none' },
  ])('about a missing znode fails: %o', (query) => {
    expect(machine()(query)).toEqual({ kind: 'failed', code: 'NO_NODE', details: { path: '/none' } });
  });
});
