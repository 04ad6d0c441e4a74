/** What cannot be a path or a value, is refused before anything is sent, by every call that takes one. */
import { op, type Session } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { failureOf, failureOfWatch, guardTheHost, open, thrownBy } from './setup.ts';

guardTheHost();

/** The depth that a value may have, and one more. */
const valueDepthMax = 64;

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { value };
  return value;
}

function cyclic(): unknown {
  const value: { self?: unknown } = {};
  value.self = [value];
  return value;
}

class Point {
  readonly x = 1;
}

// oxlint-disable-next-line no-sparse-arrays
const sparse: unknown = [1, , 3];

const foreign: readonly (readonly [string, unknown])[] = [
  ['a function', () => 1],
  ['a symbol', Symbol('x')],
  ['a cycle', cyclic()],
  ['a Map', new Map([['a', 1]])],
  ['a Set', new Set([1])],
  ['a Date', new Date(0)],
  ['a class instance', new Point()],
  ['an Error', new Error('x')],
  ['a regular expression', /x/u],
  ['a promise', Promise.resolve(1)],
  ['a boxed number', Object(1)],
  ['an ArrayBuffer', new ArrayBuffer(1)],
  ['a typed array that is not of bytes', new Float64Array(1)],
  ['a DataView', new DataView(new ArrayBuffer(1))],
  ['a WeakMap', new WeakMap()],
  ['a lone surrogate', 'a\ud800'],
  ['a lone low surrogate', '\udc00a'],
  ['a key with a lone surrogate', { '\ud800': 1 }],
  ['the key __proto__', JSON.parse('{ "__proto__": 1 }')],
  ['a symbol as key', { [Symbol('x')]: 1 }],
  ['a bigint above 64 bits', 2n ** 63n],
  ['a bigint below 64 bits', -(2n ** 63n) - 1n],
  ['a sparse array', sparse],
  ['an array that is one deeper than allowed', nested(valueDepthMax + 1)],
  ['undefined in an array', [undefined]],
  ['undefined in an object', { a: undefined }],
  ['a function in an object', { a: () => 1 }],
  ['a Date in an array', [[new Date(0)]]],
];

const takers: readonly (readonly [string, string, (session: Session, value: never) => Promise<unknown>])[] = [
  ['create', 'value', (session, value) => session.create('/new', value)],
  ['set', 'value', (session, value) => session.set('/old', value)],
  [
    'compareAndSet, expected',
    'expected',
    (session, value) => session.compareAndSet('/old', value, 1 as never),
  ],
  ['compareAndSet, value', 'value', (session, value) => session.compareAndSet('/old', 1 as never, value)],
  ['compareAndSwap', 'value', (session, value) => session.compareAndSwap('/old', 1 as never, value)],
  [
    'update, initial',
    'initial',
    (session, value) => session.update('/new', () => 1 as never, { initial: value }),
  ],
  ['update, result', 'recipe', (session, value) => session.update('/old', () => value)],
  [
    'multi, create',
    'value',
    (session, value) => session.multi([op.check('/', -1), op.create('/new', value)]),
  ],
  ['multi, set', 'value', (session, value) => session.multi([op.check('/', -1), op.set('/old', value)])],
];

describe.each(foreign)('%s', (_name, value) => {
  test('is no value, whatever call is made with it', async () => {
    const session = await (await open()).openSession();
    await session.create('/old', 1);
    const failures = await Promise.all(
      takers.map(([, , call]) => failureOf(() => call(session, value as never))),
    );
    expect(failures.map(({ code, outcome, details }) => [code, outcome, details.argument])).toEqual(
      takers.map(([, argument]) => ['BAD_ARGUMENTS', 'not-applied', argument]),
    );
    expect(failures.filter(({ details }) => (details.reason ?? '') === '')).toEqual([]);
    expect(await session.exists('/new')).toBeUndefined();
    expect((await session.get('/old')).value).toBe(1);
  });
});

test('undefined is no value for set, and null for a create that names none', async () => {
  const session = await (await open()).openSession();
  await session.create('/old');
  expect((await session.get('/old')).value).toBeNull();
  expect(await failureOf(() => session.set('/old', undefined as never))).toMatchObject({
    code: 'BAD_ARGUMENTS',
    details: { argument: 'value' },
  });
  expect(await failureOf(() => session.multi([op.set('/old', undefined as never)]))).toMatchObject({
    code: 'BAD_ARGUMENTS',
    details: { argument: 'value', index: 0 },
  });
});

test.each([
  ['null', null],
  ['-0, which is 0', 0],
  ['NaN', Number.NaN],
  ['Infinity', -Infinity],
  ['the smallest fraction', Number.MIN_VALUE],
  ['the largest bigint', 2n ** 63n - 1n],
  ['the smallest bigint', -(2n ** 63n)],
  ['an empty text', ''],
  ['a pair of surrogates', '😀'],
  ['an empty byte array', new Uint8Array(0)],
  ['an empty array', []],
  ['an empty object', {}],
  ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
  ['a key that is empty', { '': 1, constructor: 2, toString: 3 }],
  ['an array as deep as allowed', nested(valueDepthMax)],
] as const)('%s is a value', async (name, value) => {
  const session = await (await open()).openSession();
  await session.create('/value', (name.startsWith('-0') ? -0 : value) as never);
  expect((await session.get('/value')).value).toEqual(value);
});

test('a value is read deeply frozen, and its byte arrays are copies', async () => {
  const session = await (await open()).openSession();
  const bytes = new Uint8Array([1, 2]);
  await session.create('/value', { list: [{ bytes }] });
  bytes[0] = 9;
  const { value } = await session.get<{ list: { bytes: Uint8Array }[] }>('/value');
  expect([value, value.list, value.list[0]].map((each) => Object.isFrozen(each))).toEqual([true, true, true]);
  value.list[0]?.bytes.fill(7);
  const again = await session.get<{ list: { bytes: Uint8Array }[] }>('/value');
  expect(again.value.list[0]?.bytes).toEqual(new Uint8Array([1, 2]));
});

test('update changes the root, which no create made', async () => {
  const session = await (await open()).openSession();
  expect((await session.update<number>('/', () => 1)).value).toBe(1);
  expect((await session.update<number>('/', (value) => value + 1)).value).toBe(2);
  const updated = await Promise.all(
    [1, 2, 3].map(() => session.update<number>('/', (value) => value + 1, { initial: 0 })),
  );
  expect(updated.map(({ value }) => value).toSorted((a, b) => a - b)).toEqual([3, 4, 5]);
});

const badPaths: readonly (readonly [string, string])[] = [
  ['is empty', ''],
  ['is relative', 'a'],
  ['ends with a slash', '/a/'],
  ['has an empty segment', '/a//b'],
  ['has a segment .', '/a/./b'],
  ['has a segment ..', '/a/..'],
  ['is .. alone', '/..'],
  ['has a null character', '/a\u0000'],
  ['has a control character', '/a\u0001'],
  ['has a delete character', '/a\u007f'],
  ['has a lone surrogate', '/a\ud800'],
  ['has a pair of surrogates', '/😀'],
  ['has a private character', '/\ue000'],
  ['has a special character', '/\ufff0'],
  ['is one byte too long', `/${'a'.repeat(1_024)}`],
  ['is one byte too long in UTF-8', `/${'ä'.repeat(511)}aa`],
  ['has one segment too many', '/a'.repeat(129)],
];

describe.each(badPaths)('a path that %s', (_name, path) => {
  test('is refused by every call that takes one', async () => {
    const peer = await open();
    const session = await peer.openSession();
    const failures = await Promise.all(
      [
        () => session.create(path),
        () => session.set(path, 1),
        () => session.delete(path),
        () => session.compareAndSet(path, 1, 2),
        () => session.compareAndSwap(path, 1, 2),
        () => session.increment(path),
        () => session.update(path, () => 1 as never),
        () => session.multi([op.check(path, -1)]),
        () => session.multi([op.delete(path)]),
        () => session.get(path),
        () => session.getMany(['/', path]),
        () => session.exists(path),
        () => session.children(path),
        () => session.list(path),
        () => session.count(path),
        () => session.ephemerals({ under: path }),
      ].map((call) => failureOf(call)),
    );
    failures.push(
      await failureOfWatch(session.watch(path)),
      thrownBy(() => session.at(path)),
      thrownBy(() => peer.tree.get(path)),
      thrownBy(() => peer.tree.stat(path)),
      thrownBy(() => peer.tree.children(path)),
    );
    expect(failures.map(({ code, outcome }) => [code, outcome])).toEqual(
      failures.map(() => ['BAD_ARGUMENTS', 'not-applied']),
    );
    expect(failures.filter(({ details }) => details.argument === undefined)).toEqual([]);
    expect(failures.filter(({ details }) => details.reason === undefined)).toEqual([]);
    expect(await session.children('/')).toEqual([]);
  });
});

test('a path of exactly the longest length and depth is fine', async () => {
  const session = await (await open()).openSession();
  await session.create(`/${'a'.repeat(1_023)}`);
  await session.create(`/${'ä'.repeat(511)}a`);
  await session.create('/b'.repeat(128), null, { parents: true });
  expect(await session.count('/')).toBe(130);
});

test('a sequential name that its number makes too long is refused by apply, and changes nothing', async () => {
  const session = await (await open()).openSession();
  const failure = await failureOf(() => session.create(`/${'a'.repeat(1_020)}`, null, { sequential: true }));
  expect(failure).toMatchObject({ code: 'BAD_ARGUMENTS', outcome: 'not-applied' });
  expect(await session.children('/')).toEqual([]);
  expect((await session.get('/')).stat.cversion).toBe(0);
});

test('a view whose prefix makes a path too long refuses it', async () => {
  const session = await (await open()).openSession();
  await session.create(`/${'a'.repeat(1_000)}`);
  const view = session.at(`/${'a'.repeat(1_000)}`);
  await view.create(`/${'b'.repeat(22)}`);
  expect(await failureOf(() => view.create(`/${'b'.repeat(23)}`))).toMatchObject({ code: 'BAD_ARGUMENTS' });
});

test.each([-2, 1.5, Number.NaN, Infinity, 2 ** 53, '1', null, {}])('%s is no version', async (given) => {
  const version = given as number;
  const session = await (await open()).openSession();
  await session.create('/old');
  const failures = await Promise.all([
    failureOf(() => session.set('/old', 1, { version })),
    failureOf(() => session.delete('/old', { version })),
    failureOf(() => session.multi([op.check('/old', version)])),
  ]);
  expect(failures.map(({ code, details }) => [code, details.argument])).toEqual(
    failures.map(() => ['BAD_ARGUMENTS', 'version']),
  );
});

test.each([0, 1, 2_147_483_647, Number.MAX_SAFE_INTEGER - 1])(
  'version %i is compared exactly',
  async (version) => {
    const session = await (await open()).openSession();
    await session.create('/old');
    if (version === 0) await session.set('/old', 1);
    expect(await failureOf(() => session.set('/old', 2, { version }))).toMatchObject({
      code: 'BAD_VERSION',
      details: { expected: version, actual: version === 0 ? 1 : 0 },
    });
  },
);
