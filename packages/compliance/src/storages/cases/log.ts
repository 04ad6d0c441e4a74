/** Term, vote and entries: what was written is what is found. */
import type { Entry, WriteBatch } from '@quorate/core/ports';
import { expectThat } from '../../expectations.ts';
import { isSame } from '../../transports/frames.ts';
import { bytesOf, entriesOf, entryOf, voteOf } from '../content.ts';
import { type CasePlace, expectHeld } from '../case-place.ts';
import type { StorageCase } from '../storage-case.ts';

/** Around the borders of sectors, blocks and buffers. */
const lengths: readonly number[] = [0, 1, 7, 8, 511, 512, 513, 4_096, 65_535, 65_537, 300_000];

/** Writes all, starts again, and finds what the batches leave. */
async function expectKept(place: CasePlace, batches: readonly WriteBatch[]): Promise<void> {
  const { storage } = await place.open();
  await place.write(storage, ...batches);
  const { stored } = await place.restart(storage);
  expectHeld(stored, batches, 'what was written is there');
}

export const logCases: readonly StorageCase[] = [
  {
    title: 'term, vote and founding are there after a restart, also a vote that was taken back',
    needs: ['restart'],
    run: async (place) => {
      const founding = bytesOf(3, 700);
      await expectKept(place, [{ hardState: { term: 3, vote: 'b', founding } }]);
      await place.another();
      await expectKept(place, [{ hardState: { term: 3, vote: 'b', founding } }, { hardState: voteOf(4) }]);
      await place.another();
      const none = { term: 5, vote: undefined, founding: undefined };
      await expectKept(place, [{ hardState: voteOf(4) }, { hardState: none }]);
    },
  },
  {
    title: 'entries of all lengths and kinds are there after a restart, byte for byte',
    needs: ['restart'],
    run: async (place) => {
      const kinds = ['noop', 'membership', 'commands'] as const;
      const entries = lengths.map((length, at): Entry => {
        const kind = kinds[at % kinds.length] ?? 'noop';
        return { ...entryOf(at + 1, 2, length), kind, wallMs: at * 1.5, elapsedMs: at / 3 };
      });
      await expectKept(place, [{ entries: entries.slice(0, 4) }, { entries: entries.slice(4) }]);
    },
  },
  {
    title: 'many small writes are there after a restart',
    needs: ['restart'],
    run: async (place) => {
      await expectKept(
        place,
        entriesOf(1, 250).map((entry) => ({ entries: [entry] })),
      );
    },
  },
  {
    title: 'a truncation drops the entries from its index on, and no other',
    needs: ['restart'],
    run: async (place) => {
      await expectKept(place, [{ entries: entriesOf(1, 9) }, { truncateFrom: 6 }]);
      await place.another();
      await expectKept(place, [{ entries: entriesOf(1, 9) }, { truncateFrom: 1 }]);
      await place.another();
      await expectKept(place, [{ entries: entriesOf(1, 9) }, { truncateFrom: 10 }]);
    },
  },
  {
    title: 'entries of the same batch follow its truncation',
    needs: ['restart'],
    run: async (place) => {
      await expectKept(place, [
        { entries: entriesOf(1, 9) },
        { hardState: voteOf(2), truncateFrom: 4, entries: entriesOf(4, 6, 2) },
        { entries: entriesOf(7, 8, 2) },
        { truncateFrom: 8, entries: entriesOf(8, 12, 3) },
      ]);
    },
  },
  {
    title: 'the bytes that are handed over stay as they are',
    run: async (place) => {
      const { storage } = await place.open();
      const entry = entryOf(1, 1, 5_000);
      const before = entry.body.slice();
      await place.write(storage, { entries: [entry] }, { entries: entriesOf(2, 40) });
      expectThat(isSame(entry.body, before), 'the bytes of an entry are not changed');
    },
  },
];
