/**
 * A loss of power at every step of what peers do to their storage. A sample here; all of it (some minutes) with
 *
 *   QUORATE_PROOFS=full npx vitest run packages/storage-file/test/crash-states.test.ts
 */
import { expect, test } from 'vitest';
import { type CrashState, crashStates } from './crash/crash-states.ts';
import { Judge } from './crash/judge.ts';
import { type Life, lives, record, recordRestart, recordStart } from './crash/lives.ts';

const isFull = process.env['QUORATE_PROOFS'] === 'full';
/** States of one moment: with all of them, the lives together have more than 100,000. */
const statesMax = isFull ? 1_200 : 2;
const timeoutMs = isFull ? 3_600_000 : 60_000;

interface Figures {
  readonly disks: Set<string>;
  judgedCount: number;
  /** States after a crash during the start on such a disk, or right behind it. */
  secondCount: number;
  readonly wrong: string[];
}

/** Every so many states, the start on it is itself cut off by a crash. */
const startsEvery = isFull ? 250 : 120;

/** A second crash, while the first one is being recovered from or right after: what the peer was told stays. */
async function sweepStart(life: Judge, first: CrashState, figures: Figures): Promise<void> {
  const { told, ...recording } = await recordStart(first.files);
  if (told === undefined) return;
  for (const state of crashStates({ ...recording, statesMax: isFull ? 12 : 3, random: seeded(11) })) {
    const promised = { ...first, files: state.files };
    figures.secondCount += 1;
    const wrong = state.isOpened
      ? await life.judgeSame(state, told)
      : await life.judge(promised, { goesOn: false });
    if (wrong !== undefined)
      figures.wrong.push(`after a second crash: ${wrong}\nof ${first.key}\nthen ${state.key}`);
  }
}

async function sweep(life: Life): Promise<Figures> {
  const { recorded, files, numbers } = await record(life);
  const judge = new Judge(life.batches);
  const figures: Figures = { disks: new Set(), judgedCount: 0, secondCount: 0, wrong: [] };
  const judged = new Set<string>();
  for (const state of crashStates({ recorded, files, numbers, statesMax, random: seeded(7) })) {
    const { acknowledgedCount, isOpened, key } = state;
    // The same disk again, and the same was promised.
    const promise = `${isOpened} ${acknowledgedCount} ${key}`;
    if (judged.has(promise)) continue;
    judged.add(promise);
    figures.disks.add(key);
    figures.judgedCount += 1;
    const goesOn = figures.judgedCount % 8 === 0;
    const wrong = await judge.judge(state, { goesOn });
    if (wrong === undefined && figures.judgedCount % startsEvery === 0)
      await sweepStart(judge, state, figures);
    if (wrong !== undefined) figures.wrong.push(`state ${figures.judgedCount}: ${wrong}\nof ${key}`);
    if (figures.wrong.length >= 3) break;
  }
  return figures;
}

test.each(lives.map((life) => [life.name, life] as const))(
  'no crash state loses what was acknowledged, and each starts: %s',
  { timeout: timeoutMs },
  async (name, life) => {
    const { disks, judgedCount, secondCount, wrong } = await sweep(life);
    const second = `${secondCount} states of a second crash`;
    if (isFull) console.log(`${name}: ${disks.size} different disks, judged ${judgedCount} times; ${second}`);
    expect(wrong).toEqual([]);
    expect(disks.size).toBeGreaterThan(isFull ? 4_000 : 50);
  },
);

/** Kills in a life; each is followed by a start and a loss of power at each moment of that start. */
const killsMax = isFull ? 400 : 3;

test.each(lives.map((life) => [life.name, life] as const))(
  'what a start has told stays, also if the disk had never seen it: %s',
  { timeout: timeoutMs },
  async (name, life) => {
    const { recorded } = await record(life);
    const judge = new Judge(life.batches);
    // Behind a change that no sync has made durable: that is what the system holds and the disk may lack.
    const kills = recorded.flatMap(({ kind }, at) => (kind === 'sync' || kind === 'note' ? [] : [at + 1]));
    const stride = Math.max(1, Math.floor(kills.length / killsMax));
    let judgedCount = 0;
    const wrong: string[] = [];
    for (let at = 0; at < kills.length && wrong.length < 3; at += stride) {
      const kill = kills[at] ?? 0;
      const restart = await recordRestart(recorded.slice(0, kill));
      expect(restart.told, `a start after a kill behind change ${kill}`).toBeDefined();
      for (const state of crashStates({
        ...restart,
        from: kill,
        statesMax: isFull ? 12 : 3,
        random: seeded(13),
      })) {
        judgedCount += 1;
        const isTold = state.moment >= restart.openedAt;
        const problem = isTold
          ? await judge.judgeSame(state, restart.told ?? '')
          : await judge.judge(state, { goesOn: false });
        if (problem !== undefined) wrong.push(`killed behind change ${kill}: ${problem}\nof ${state.key}`);
        if (wrong.length >= 3) break;
      }
    }
    if (isFull) console.log(`${name}: ${judgedCount} states after a kill and a start`);
    expect(wrong).toEqual([]);
    expect(judgedCount).toBeGreaterThan(isFull ? 1_000 : 50);
  },
);

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    // The high half is the better one.
    return ((state >>> 16) | (Math.imul(state, 0x9e37_79b9) & 0xffff_0000)) >>> 0;
  };
}
