/** What is judged after a run: the whole history of its clients, by every checker. */
import type { Entry } from '@quorate/core/ports';
import { checkIndexGuided } from '../checkers/index-guided/index-guided.ts';
import { checkZnodes } from '../checkers/linearizability/znode-histories.ts';
import { grantsOf } from '../checkers/locks/grants.ts';
import { checkLocks } from '../checkers/locks/lock-checker.ts';
import { checkQueues } from '../checkers/queues/queue-checker.ts';
import type { Verdict } from '../checkers/verdict.ts';
import { checkWatches } from '../checkers/watches/watch-checker.ts';
import type { History } from '../history/history.ts';
import { InvariantBroken } from '../invariants/invariant.ts';
import { locksOf } from './clients/lock-user.ts';
import { queue } from './clients/queue-user.ts';

/** What was left in the queue at the end, in its order; undefined: nobody knows. */
export type Drained = readonly string[] | undefined;

/**
 * Steps of the search without indexes, for one group of znodes: beyond them it is left undecided, which is no
 * failure of a run: the search guided by indexes has decided it.
 */
const blackBoxStepsMax = 20_000;

/** Throws `InvariantBroken` for the first checker that is not content. */
export function judgeHistory(history: History, log: readonly Entry[], drained: Drained): void {
  const operations = history.operations();
  const watches = history.watches();
  demand(checkIndexGuided({ operations, log }));
  demand(checkWatches({ operations, watches, log }));
  const grants = grantsOf(log, locksOf());
  demand(checkLocks({ grants, locks: history.locks(), accesses: history.accesses(), operations, watches }));
  if (drained !== undefined) {
    demand(checkQueues({ queues: history.queues(), drained: new Map([[queue, drained]]) }));
  }
  const blackBox = checkZnodes(operations, { stepsMax: blackBoxStepsMax });
  if (blackBox.kind === 'violation') demand(blackBox);
}

/** Undecided is not good enough: nobody would look at it again. */
function demand(verdict: Verdict): void {
  if (verdict.kind === 'valid') return;
  throw new InvariantBroken(verdict.rule, verdict.explanation);
}
