import { expect, it } from 'vitest';
import { type CaseDefinition, bindCases } from '../src/compliance-case.ts';
import { runCases } from '../src/run-cases.ts';

const failure = new TypeError('on purpose');
const definitions: readonly CaseDefinition<string[], 'sing' | 'dance'>[] = [
  { title: 'it walks', run: async (world) => void world.push('walk') },
  {
    title: 'it fails',
    run: async () => {
      throw failure;
    },
  },
  { title: 'it sings and dances', needs: ['sing', 'dance'], run: async (world) => void world.push('dance') },
];

it('cases run one after another, a failure stops none, and a skipped one says why', async () => {
  const world: string[] = [];
  const within = async (run: (world: string[]) => Promise<void>): Promise<void> => {
    world.push('open');
    await run(world).finally(() => world.push('close'));
  };
  const cases = bindCases(definitions, { cannot: { dance: 'it has one leg' }, within });
  expect(await runCases(cases)).toEqual({
    passed: ['it walks'],
    failed: [{ title: 'it fails', error: failure }],
    skipped: [{ title: 'it sings and dances (skipped: it has one leg)', reason: 'it has one leg' }],
  });
  expect(world).toEqual(['open', 'walk', 'close', 'open', 'close']);
  const able = bindCases(definitions, { cannot: {}, within });
  await able[2]?.run();
  expect(world.slice(-2)).toEqual(['dance', 'close']);
});

it('a runner that knows no skipping passes over a skipped case, whose title says so', async () => {
  const cases = bindCases(definitions, {
    cannot: { sing: 'it has no voice' },
    within: async () => {
      throw failure;
    },
  });
  await expect(cases[2]?.run()).resolves.toBeUndefined();
  expect(cases[2]?.title).toContain('no voice');
  await expect(cases[0]?.run()).rejects.toBe(failure);
});
