/**
 * The bytes of format version 1. They stay readable for ever; a change of what is written is a new version with a
 * golden file of its own.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { directoryOf, goldenDirectory, textOf } from './testing/golden-directory.ts';
import { entries, entry, metaAt, openOn, readAll } from './testing/setup.ts';

const golden = readFileSync(new URL('./testing/directory-v1.golden.txt', import.meta.url), 'utf8');

test('a directory of version 1 is written as its golden file says', async () => {
  expect(textOf(await goldenDirectory())).toBe(golden);
});

test('a directory of version 1 can be read', async () => {
  const { storage, stored } = await openOn(directoryOf(golden));
  expect(stored).toEqual({
    incarnation: 4_711,
    hardState: { term: 2, vote: undefined, founding: undefined },
    snapshot: metaAt(9, 2),
    entries: entries(10, 11, 2, 5),
  });
  expect(await readAll(storage, metaAt(9, 2))).toEqual(Buffer.from(entry(7, 1, 40).body));
});
