import { expect, test } from 'vitest';
import { mutants } from './catalogue.ts';
import { type Edit, EditMismatch } from './mutant.ts';
import { type Trial, tryMutant } from './trial.ts';

/** From a process of its own to its verdict, as `npm run mutants` does it, with shorter runs. */
function tried(edits: readonly Edit[]): Promise<Trial> {
  const limits = { wallMsMax: 60_000, silenceMsMax: 60_000 };
  return tryMutant({ edits, seeds: [1, 2, 3], reduction: { durationMs: 5_000 }, storage: 'disk', ...limits });
}

function editsOf(id: string): readonly Edit[] {
  return mutants.find((mutant) => mutant.id === id)?.edits ?? [];
}

test('the sources as they are survive', { timeout: 90_000 }, async () => {
  expect(await tried([])).toMatchObject({ killedBy: undefined, message: '', seedsCount: 3 });
});

test.each([
  ['B02a', 'DurableBeforeAck'],
  ['B18b', 'CommittedOnQuorum'],
  ['S01c', 'ElectedByQuorum'],
])('%s is killed by %s', { timeout: 90_000 }, async (id, checker) => {
  expect(await tried(editsOf(id))).toMatchObject({ killedBy: checker });
});

test('an edit that does not fit is no kill', async () => {
  const edit = { file: 'packages/core/src/raft/quorum.ts', find: 'no such text', replace: '' };
  await expect(tried([edit])).rejects.toThrow(EditMismatch);
});
