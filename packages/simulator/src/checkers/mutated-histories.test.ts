/**
 * Good histories spoilt in three ways: two replies swapped, a write dropped, a read aged. Only those count that
 * really break the promise, which an oracle decides by trying every order; of them, each checker must flag at
 * least 999 in 1,000.
 *
 * QUORATE_MUTATED_HISTORIES=100000 makes it longer.
 */
import { describe, expect, it } from 'vitest';
import type { OperationRecord } from '../history/operation.ts';
import { streamOf, type RandomStream } from '../world/random-stream.ts';
import { checkIndexGuided } from './index-guided/index-guided.ts';
import { checkZnodes } from './linearizability/znode-histories.ts';
import { isExplainable } from './testing/oracle.ts';
import { drawPlan, runPlan, type Plan, type SmallRun } from './testing/small-histories.ts';

const plansCount = Number(process.env['QUORATE_MUTATED_HISTORIES'] ?? 2_000);
const operationsMax = 8;
const flaggedShareMin = 0.999;
/** Three milliseconds a history are plenty; a busy machine gets ten times that. */
const timeoutMs = 30_000 + 30 * plansCount;

const mutations = {
  'swapped replies': swapReplies,
  'dropped writes': dropWrite,
  'aged reads': ageRead,
} as const;

describe(`mutations of ${plansCount} good histories`, () => {
  it(
    'leave the good ones good, for both checkers and the oracle',
    () => {
      for (const { run, seed } of goodRuns(Math.min(plansCount, 1_000))) {
        expect([seed, checkIndexGuided(run)]).toEqual([seed, { kind: 'valid' }]);
        expect([seed, checkZnodes(run.operations)]).toEqual([seed, { kind: 'valid' }]);
        expect([seed, isExplainable(run.operations, 'everything')]).toEqual([seed, true]);
        expect([seed, isExplainable(run.operations, 'linearizable')]).toEqual([seed, true]);
      }
    },
    timeoutMs,
  );

  it.each(Object.entries(mutations))(
    'are flagged: %s',
    (name, mutate) => {
      const counts = { mutated: 0, broken: 0, flagged: 0, brokenForAll: 0, flaggedBlackBox: 0 };
      for (const { plan, run, random } of goodRuns(plansCount)) {
        const mutated = mutate(plan, run, random);
        if (mutated === undefined) continue;
        counts.mutated += 1;
        if (!isExplainable(mutated.operations, 'everything')) {
          counts.broken += 1;
          if (checkIndexGuided(mutated).kind === 'violation') counts.flagged += 1;
        }
        if (!isExplainable(mutated.operations, 'linearizable')) {
          counts.brokenForAll += 1;
          if (checkZnodes(mutated.operations).kind === 'violation') counts.flaggedBlackBox += 1;
        }
      }
      const { mutated, broken, flagged, brokenForAll, flaggedBlackBox } = counts;
      console.log(
        `${name}: ${mutated} mutated; index-guided flags ${flagged} of ${broken} broken, ` +
          `black-box flags ${flaggedBlackBox} of ${brokenForAll} broken`,
      );
      expect(Math.min(broken, brokenForAll)).toBeGreaterThan(plansCount / 40);
      expect(flagged / broken).toBeGreaterThanOrEqual(flaggedShareMin);
      expect(flaggedBlackBox / brokenForAll).toBeGreaterThanOrEqual(flaggedShareMin);
    },
    timeoutMs,
  );
});

interface GoodRun {
  readonly seed: number;
  readonly plan: Plan;
  readonly run: SmallRun;
  readonly random: RandomStream;
}

function* goodRuns(count: number): Generator<GoodRun> {
  for (let seed = 1; seed <= count; seed += 1) {
    const random = streamOf(BigInt(seed), 'mutated-histories');
    const plan = drawPlan(random, 3 + random.below(operationsMax - 2));
    yield { seed, plan, run: runPlan(plan), random };
  }
}

/** Two operations get each other's answers, with or without the zxid that belongs to it. */
function swapReplies(_plan: Plan, run: SmallRun, random: RandomStream): SmallRun | undefined {
  const answered = run.operations.filter(({ ending }) => ending.kind !== 'pending');
  const first = pick(answered, random);
  const alike = answered.filter(
    (other) => other !== first && other.call.kind === first?.call.kind && !isSameAnswer(other, first),
  );
  const second = pick(alike, random);
  if (first === undefined || second === undefined) return undefined;
  const withZxid = random.below(2) === 0;
  const given = (to: OperationRecord, from: OperationRecord): OperationRecord => ({
    ...to,
    ending: from.ending,
    trace: withZxid ? { ...to.trace, zxid: from.trace.zxid } : to.trace,
  });
  const operations = run.operations.map((operation) => {
    if (operation === first) return given(first, second);
    return operation === second ? given(second, first) : operation;
  });
  return { ...run, operations };
}

function dropWrite(plan: Plan, run: SmallRun, random: RandomStream): SmallRun | undefined {
  const writes = run.operations.filter(
    ({ call, ending }) => ending.kind === 'answered' && call.kind !== 'get',
  );
  const victim = pick(writes, random);
  if (victim === undefined) return undefined;
  return runPlan(plan, { kind: 'drop', operation: victim.id, isLogged: random.below(2) === 0 });
}

function ageRead(plan: Plan, run: SmallRun, random: RandomStream): SmallRun | undefined {
  const reads = run.operations.filter(({ call, ending }) => ending.kind !== 'pending' && call.kind === 'get');
  const victim = pick(reads, random);
  if (victim === undefined) return undefined;
  const by = 1 + random.below(4);
  return runPlan(plan, { kind: 'age', operation: victim.id, by, isAdmitted: random.below(2) === 0 });
}

function pick<T>(from: readonly T[], random: RandomStream): T | undefined {
  return from.length === 0 ? undefined : from[random.below(from.length)];
}

function isSameAnswer(a: OperationRecord, b: OperationRecord | undefined): boolean {
  return JSON.stringify(a.ending) === JSON.stringify(b?.ending);
}
