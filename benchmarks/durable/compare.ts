/** Durable writes beside a bare baseline, in turns, at several numbers in flight, and which aims are met. */
import { drive, type LoadResult, median, printTable, thousands } from '../measure.ts';

export type Call = (lane: number) => Promise<unknown>;

export interface Comparison {
  readonly title: string;
  readonly bare: Call;
  readonly durable: Call;
  readonly names: { readonly bare: string; readonly durable: string };
  readonly inFlights: readonly number[];
  /** Syncs of the durable side's log so far. */
  readonly syncs: () => number;
}

/** With one write in flight it may take at most this many times as long as the baseline's. */
const timesMax = 1.5;
/** With 256 in flight at least this share of the baseline's writes per second. */
const shareMin = 1 / 3;
const rounds = 15;
const forMs = 300;
/** Before anything is measured: with 1 in flight code is compiled for as long as all rounds take. */
const warmUp = { inFlight: 64, forMs: 2_000 };

interface Measured {
  readonly bare: LoadResult[];
  readonly durable: LoadResult[];
  readonly syncsPerWrite: number[];
}

export async function compareInTurn(comparison: Comparison): Promise<void> {
  const { title, names, inFlights } = comparison;
  const rows: string[][] = [];
  const aims: string[] = [];
  await drive(comparison.bare, warmUp);
  await drive(comparison.durable, warmUp);
  for (const inFlight of inFlights) {
    const { bare, durable, syncsPerWrite } = await measure(comparison, inFlight);
    const rate = ratioOf(durable, bare, ({ perSecond }) => perSecond);
    const time = ratioOf(durable, bare, ({ medianUs }) => medianUs);
    rows.push([
      String(inFlight),
      thousands(median(bare.map(({ perSecond }) => perSecond))),
      thousands(median(durable.map(({ perSecond }) => perSecond))),
      rate.toFixed(2),
      `${median(bare.map(({ medianUs }) => medianUs)).toFixed(0)} us`,
      `${median(durable.map(({ medianUs }) => medianUs)).toFixed(0)} us`,
      time.toFixed(2),
      median(syncsPerWrite).toFixed(4),
    ]);
    if (inFlight === 1) {
      aims.push(aim(`1 in flight takes at most ${timesMax} times as long`, time, time <= timesMax));
    }
    if (inFlight === 256) aims.push(aim('256 in flight reach at least a third', rate, rate >= shareMin));
  }
  console.log(`${title}, medians of ${rounds} rounds in turn:\n`);
  const { bare, durable } = names;
  printTable(
    [
      'in flight',
      `${bare}/s`,
      `${durable}/s`,
      'ratio',
      `${bare} takes`,
      `${durable} takes`,
      'ratio',
      'syncs/write',
    ],
    rows,
  );
  console.log(`\n${aims.join('\n')}\n`);
}

export function aim(what: string, reached: number, isMet: boolean): string {
  return `Aim: ${what}: ${reached.toFixed(2)}, ${isMet ? 'met' : 'NOT met'}.`;
}

async function measure({ bare, durable, syncs }: Comparison, inFlight: number): Promise<Measured> {
  const measured: Measured = { bare: [], durable: [], syncsPerWrite: [] };
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    const ofBare = await drive(bare, { inFlight, forMs });
    const before = syncs();
    const ofDurable = await drive(durable, { inFlight, forMs });
    if (round === 0) continue;
    measured.bare.push(ofBare);
    measured.durable.push(ofDurable);
    measured.syncsPerWrite.push((syncs() - before) / ofDurable.count);
  }
  return measured;
}

/** Round by round, so that a machine whose speed drifts does not distort it. */
function ratioOf(
  these: readonly LoadResult[],
  those: readonly LoadResult[],
  of: (result: LoadResult) => number,
): number {
  return median(
    these.map((result, round) => {
      const other = those[round];
      return other === undefined ? Number.NaN : of(result) / of(other);
    }),
  );
}
