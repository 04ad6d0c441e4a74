/** What is judged after a run: the whole history of its clients, by every checker. */
import type { Entry } from '@quorate/core/ports';
import { checkIndexGuided } from '../checkers/index-guided/index-guided.ts';
import type { Verdict } from '../checkers/verdict.ts';
import type { History } from '../history/history.ts';
import { InvariantBroken } from '../invariants/invariant.ts';

/** Throws `InvariantBroken` for the first checker that is not content. */
export function judgeHistory(history: History, log: readonly Entry[]): void {
  const operations = history.operations();
  demand(checkIndexGuided({ operations, log }));
}

/** Undecided is not good enough: nobody would look at it again. */
function demand(verdict: Verdict): void {
  if (verdict.kind === 'valid') return;
  throw new InvariantBroken(verdict.rule, verdict.explanation);
}
