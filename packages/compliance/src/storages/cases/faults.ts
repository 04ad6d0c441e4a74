/** What must hold when the power goes, a sync fails, no room is left, or bits flip. */
import { CoordinationError } from '@quorate/core';
import type { StoredState, WriteBatch } from '@quorate/core/ports';
import { expectSame, expectThat } from '../../expectations.ts';
import { ableTo, type CasePlace, expectHeld } from '../case-place.ts';
import {
  bytesOf,
  chunksOf,
  entriesOf,
  entryOf,
  heldAfter,
  heldAround,
  metaOf,
  textOf,
  voteOf,
} from '../content.ts';
import type { Leftovers } from '../harness.ts';
import type { StorageCase } from '../storage-case.ts';

/** All that a peer writes, in few steps. */
const life: readonly WriteBatch[] = [
  { hardState: voteOf(1) },
  { entries: entriesOf(1, 3) },
  { entries: [entryOf(4, 1, 3_000)] },
  { hardState: voteOf(2), truncateFrom: 3, entries: entriesOf(3, 6, 2) },
  ...chunksOf(metaOf(5, 2), bytesOf(1, 3_000), 2_000),
  { entries: entriesOf(7, 9, 2), compactThrough: 4 },
  { truncateFrom: 8 },
  { hardState: voteOf(3), entries: entriesOf(8, 9, 3) },
  ...chunksOf(metaOf(20, 3), bytesOf(2, 2_500), 1_000).slice(0, -1),
  { ...chunksOf(metaOf(20, 3), bytesOf(2, 2_500), 1_000).at(-1), install: metaOf(20, 3) },
  { entries: entriesOf(21, 23, 3) },
];

/** Lives until the power goes; undefined: the life was over before. */
async function liveUntilCrash(place: CasePlace, crash: Promise<void>): Promise<number | undefined> {
  let acknowledged = 0;
  const living = (async (): Promise<'over'> => {
    const { storage } = await place.open();
    for (const batch of life) {
      await storage.write(batch);
      acknowledged += 1;
    }
    return 'over';
  })();
  // It never settles once the power is gone; if it fails instead, nobody hears of that either.
  living.catch(() => undefined);
  const ended = await place.within('the life is over, or the power is gone', Promise.race([living, crash]));
  // Closing takes steps as well, and the power may go during them: nobody waits for that.
  place.forget();
  return ended === 'over' ? undefined : acknowledged;
}

async function crashEverywhere(place: CasePlace, leftovers: Leftovers): Promise<void> {
  const stepsOfLife = await countSteps(place);
  const stride = Math.max(1, Math.ceil(stepsOfLife / place.crashesMax));
  for (let steps = 0; steps < stepsOfLife; steps += stride) {
    await place.another();
    const crash = ableTo(place.place, 'crashAfter').crashAfter(steps, leftovers);
    const acknowledged = await liveUntilCrash(place, crash);
    if (acknowledged === undefined) continue;
    const { storage, stored } = await place.open();
    expectSame(stored.damage, undefined, `nothing is damaged by a loss of power after ${steps} steps`);
    const allowed = heldAround(life.slice(0, acknowledged), life[acknowledged]).map(textOf);
    expectThat(
      allowed.includes(textOf(stored)),
      `what was acknowledged is there, and of the write under way a beginning`,
      {
        steps,
        acknowledged,
        found: textOf(stored),
        allowed,
      },
    );
    await place.write(storage, { hardState: voteOf(9) });
  }
}

/** By doubling, then halving: how many steps a whole life takes. */
async function countSteps(place: CasePlace): Promise<number> {
  const survives = async (steps: number): Promise<boolean> => {
    await place.another();
    const crash = ableTo(place.place, 'crashAfter').crashAfter(steps, 'none');
    const acknowledged = await liveUntilCrash(place, crash);
    return acknowledged === undefined;
  };
  let high = 1;
  while (!(await survives(high))) high *= 2;
  let low = high >>> 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (await survives(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function codeOf(error: unknown): string {
  return error instanceof CoordinationError ? error.code : `not typed: ${String(error)}`;
}

/** An intact beginning of the log: what damage may leave. */
function isIntactPart({ entries }: StoredState, written: readonly WriteBatch[]): boolean {
  const texts = new Map(
    heldAfter(written).entries.map((entry) => [entry.index, JSON.stringify([...entry.body])]),
  );
  return entries.every(({ index, body }) => texts.get(index) === JSON.stringify([...body]));
}

export const faultCases: readonly StorageCase[] = [
  {
    title: 'a loss of power at any step takes nothing that was acknowledged, if nothing else survives',
    needs: ['restart', 'crash'],
    run: (place) => crashEverywhere(place, 'none'),
  },
  {
    title: 'a loss of power at any step invents nothing, if all that was under way survives',
    needs: ['restart', 'crash'],
    run: (place) => crashEverywhere(place, 'all'),
  },
  {
    title: 'a loss of power at any step leaves a whole storage, if a part of what was under way survives',
    needs: ['restart', 'crash'],
    run: (place) => crashEverywhere(place, 'torn'),
  },
  {
    title: 'after a sync that failed nothing is acknowledged any more',
    needs: ['failing-sync'],
    run: async (place) => {
      const { storage } = await place.open();
      await place.write(storage, { entries: entriesOf(1, 3) });
      ableTo(place.place, 'failNextSync').failNextSync();
      await place.rejected(
        'STORAGE_FAILED',
        'the write is refused',
        storage.write({ entries: [entryOf(4)] }),
      );
      await place.rejected(
        'STORAGE_FAILED',
        'so is the same again',
        storage.write({ entries: [entryOf(4)] }),
      );
      await place.rejected('STORAGE_FAILED', 'and any other', storage.write({ hardState: voteOf(2) }));
    },
  },
  {
    title: 'without room nothing of a write is there, and the same batch is taken when there is room',
    needs: ['restart', 'full'],
    run: async (place) => {
      const { storage } = await place.open();
      const setFull = (isFull: boolean): void => ableTo(place.place, 'setFull').setFull(isFull);
      setFull(true);
      const taken: WriteBatch[] = [];
      let refused: WriteBatch | undefined;
      // A storage may have room in hand; it ends.
      for (let index = 1; refused === undefined && index <= 2_000; index += 1) {
        const batch = { entries: [entryOf(index, 1, 50_000)] };
        const outcome = await place.within(
          'the write is taken or refused',
          storage.write(batch).then(() => 'taken', codeOf),
        );
        expectThat(
          outcome === 'taken' || outcome === 'STORAGE_FULL',
          'a write without room is STORAGE_FULL',
          outcome,
        );
        if (outcome === 'taken') taken.push(batch);
        else refused = batch;
      }
      expectThat(refused !== undefined, 'a place without room refuses at last');
      setFull(false);
      await place.write(storage, refused, { entries: [entryOf(taken.length + 2)] });
      const { stored } = await place.restart(storage);
      const all = [...taken, refused, { entries: [entryOf(taken.length + 2)] }];
      expectHeld(stored, all, 'each is there once');
    },
  },
  {
    title: 'a flipped bit is told or takes nothing away, and nothing that is not as it was written is served',
    needs: ['restart', 'damage'],
    run: async (place) => {
      const batches = [{ hardState: voteOf(1) }, ...entriesOf(1, 30).map((entry) => ({ entries: [entry] }))];
      for (let flip = 0; flip < 12; flip += 1) {
        await place.another();
        const { storage } = await place.open();
        await place.write(storage, ...batches);
        await place.close(storage);
        await ableTo(place.place, 'damage').damage(flip * 7_919);
        const { stored } = await place.open();
        const found = textOf(stored);
        if (stored.damage === undefined) expectHeld(stored, batches, 'all is there');
        else expectThat(isIntactPart(stored, batches), 'what is left is as it was written', { flip, found });
      }
    },
  },
];
