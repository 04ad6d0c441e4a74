/** Snapshots: written in chunks, own and received ones the same way; compaction and installation. */
import { expectSame, expectThat } from '../../expectations.ts';
import { isSame } from '../../transports/frames.ts';
import { expectHeld } from '../case-place.ts';
import { bytesOf, chunksOf, entriesOf, metaOf, voteOf } from '../content.ts';
import type { StorageCase } from '../storage-case.ts';

export const snapshotCases: readonly StorageCase[] = [
  {
    title: 'a snapshot can be read when its last chunk is durable, and not before, in ranges of any length',
    run: async (place) => {
      const { storage } = await place.open();
      const [meta, content] = [metaOf(20), bytesOf(1, 150_001)];
      const chunks = chunksOf(meta, content, 40_000);
      await place.write(storage, { entries: entriesOf(1, 20) }, ...chunks.slice(0, -1));
      const early = await storage.readSnapshot(meta, { offset: 0, length: 10 });
      expectThat(early === undefined, 'an unfinished snapshot is not read');
      await place.write(storage, ...chunks.slice(-1));
      for (const length of [997, 40_000, 65_536, 150_001, 1_000_000]) {
        const read = await place.readWhole(storage, meta, length);
        expectThat(isSame(read, content), 'the bytes are those that were written', { length });
      }
    },
  },
  {
    title: 'what is no part of the newest snapshot is answered with nothing',
    run: async (place) => {
      const { storage } = await place.open();
      const [meta, content] = [metaOf(5), bytesOf(2, 1_000)];
      await place.write(storage, { entries: entriesOf(1, 5) }, ...chunksOf(meta, content, 600));
      const another = await storage.readSnapshot(metaOf(4), { offset: 0, length: 10 });
      expectThat(another === undefined, 'another snapshot is not there');
      const behind = await storage.readSnapshot(meta, { offset: 1_001, length: 10 });
      expectThat(behind === undefined, 'nothing is behind its end');
      const end = await storage.readSnapshot(meta, { offset: 1_000, length: 10 });
      expectSame([end?.bytes.length, end?.last], [0, true], 'at its end it ends');
    },
  },
  {
    title: 'a snapshot that begins again holds what came after the second beginning',
    run: async (place) => {
      const { storage } = await place.open();
      const [meta, content] = [metaOf(5), bytesOf(3, 3_000)];
      const wrong = chunksOf(meta, bytesOf(4, 5_000), 2_000).slice(0, 2);
      await place.write(storage, { entries: entriesOf(1, 5) }, ...wrong, ...chunksOf(meta, content, 700));
      const read = await place.readWhole(storage, meta);
      expectThat(isSame(read, content), 'nothing of the first beginning is left');
    },
  },
  {
    title: 'a snapshot is there after a restart, and an unfinished one is not',
    needs: ['restart'],
    run: async (place) => {
      const { storage } = await place.open();
      const [meta, content] = [metaOf(8), bytesOf(5, 70_000)];
      const unfinished = chunksOf(metaOf(12), bytesOf(6, 9_000), 3_000).slice(0, 2);
      const batches = [{ entries: entriesOf(1, 12) }, ...chunksOf(meta, content, 30_000), ...unfinished];
      await place.write(storage, ...batches);
      const again = await place.restart(storage);
      expectHeld(again.stored, batches, 'the complete one is there');
      expectSame([...(again.stored.snapshot?.membership ?? [])], [...meta.membership], 'with its membership');
      const read = await place.readWhole(again.storage, meta);
      expectThat(isSame(read, content), 'the bytes are those that were written');
    },
  },
  {
    title: 'an older snapshot that is finished late does not replace a newer one',
    needs: ['restart'],
    run: async (place) => {
      const { storage } = await place.open();
      const [newer, content] = [metaOf(9), bytesOf(7, 2_000)];
      await place.write(
        storage,
        { entries: entriesOf(1, 9) },
        ...chunksOf(newer, content, 2_000),
        ...chunksOf(metaOf(4), bytesOf(8, 1_000), 1_000),
      );
      expectThat(isSame(await place.readWhole(storage, newer), content), 'the newer one is read');
      const { stored } = await place.restart(storage);
      expectSame(stored.snapshot?.index, 9, 'the newer one is found');
    },
  },
  {
    title: 'compaction takes nothing that the snapshot does not cover',
    needs: ['restart'],
    run: async (place) => {
      const { storage } = await place.open();
      const chunks = chunksOf(metaOf(10), bytesOf(9, 500), 500);
      const batches = [
        { entries: entriesOf(1, 15) },
        ...chunks,
        { compactThrough: 7 },
        { entries: entriesOf(16, 18) },
      ];
      await place.write(storage, ...batches);
      const again = await place.restart(storage);
      expectHeld(again.stored, batches, 'snapshot and the entries behind it are there');
      await place.write(again.storage, { compactThrough: 10 });
      const { stored } = await place.restart(again.storage);
      expectHeld(stored, batches, 'also when all that it covers may go');
    },
  },
  {
    title: 'a received snapshot that is installed replaces the whole log, and entries follow it',
    needs: ['restart'],
    run: async (place) => {
      const { storage } = await place.open();
      const [meta, content] = [metaOf(30, 2), bytesOf(10, 4_000)];
      const chunks = chunksOf(meta, content, 1_500);
      const last = { ...chunks.at(-1), hardState: voteOf(2), install: meta };
      const batches = [
        { entries: entriesOf(1, 40) },
        ...chunks.slice(0, -1),
        last,
        { entries: entriesOf(31, 33, 2) },
      ];
      await place.write(storage, ...batches);
      const again = await place.restart(storage);
      expectHeld(again.stored, batches, 'the old log is gone');
      expectThat(isSame(await place.readWhole(again.storage, meta), content), 'it can be read');
    },
  },
];
