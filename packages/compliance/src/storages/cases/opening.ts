/** Whose a storage is, and who may open it. */
import { expectSame } from '../../expectations.ts';
import { owner } from '../case-place.ts';
import { entryOf, nothingHeld, textOf } from '../content.ts';
import type { StorageCase } from '../storage-case.ts';

export const openingCases: readonly StorageCase[] = [
  {
    title: 'a new storage is empty and takes the incarnation that it was offered',
    run: async (place) => {
      const { stored } = await place.open();
      expectSame(stored.incarnation, owner.incarnation, 'the offered incarnation is taken');
      expectSame(textOf(stored), textOf(nothingHeld), 'nothing is there');
      expectSame(stored.damage, undefined, 'nothing is damaged');
    },
  },
  {
    title: 'a storage keeps its incarnation, whatever is offered later',
    needs: ['restart'],
    run: async (place) => {
      const { storage } = await place.open();
      const { stored } = await place.restart(storage);
      expectSame(stored.incarnation, owner.incarnation, 'the first incarnation stays');
    },
  },
  {
    title: 'a storage that is in use is refused to a second peer',
    run: async (place) => {
      const { storage } = await place.open();
      await place.rejected('STORAGE_FAILED', 'a second peer is refused', place.place.storage().open(owner));
      await place.write(storage, { entries: [entryOf(1)] });
    },
  },
  {
    title: 'a storage of another member or another ensemble is refused, and stays as it is',
    needs: ['restart'],
    run: async (place) => {
      const { storage } = await place.open();
      await place.write(storage, { entries: [entryOf(1)] });
      await place.close(storage);
      for (const who of [
        { ...owner, member: 'b' },
        { ...owner, ensemble: 'another' },
      ]) {
        await place.rejected('STORAGE_FAILED', 'somebody else is refused', place.place.storage().open(who));
      }
      const { stored } = await place.open();
      expectSame(stored.entries.length, 1, 'the owner finds its entry');
    },
  },
  {
    title: 'nothing is written after close, which may come twice',
    run: async (place) => {
      const { storage } = await place.open();
      await place.close(storage);
      await place.close(storage);
      await place.rejected('STORAGE_FAILED', 'a write is refused', storage.write({ entries: [entryOf(1)] }));
    },
  },
];
