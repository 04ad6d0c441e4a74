/** Everything that a run is judged by; each problem is a line for people. */
import {
  checkIndexGuided,
  checkLinearizable,
  checkWatches,
  type OperationRecord,
  type Verdict,
  znodeHistories,
  znodeModel,
} from '@quorate/simulator';
import type { Entry } from '@quorate/core/ports';
import type { RecordedHistory } from '../processes/messages.ts';

/** Steps of the search for one register: one that needs more is left to the log's order, and counted. */
const stepsMax = 300_000;

export interface Judged {
  readonly problems: readonly string[];
  /** Histories of single znodes that were searched without looking at any index. */
  readonly searchedCount: number;
  readonly undecidedCount: number;
  readonly eventsCount: number;
  readonly unknownCount: number;
}

export function judge(history: RecordedHistory, log: readonly Entry[]): Judged {
  const { operations, watches } = history;
  const problems: string[] = [];
  const demand = (verdict: Verdict): void => {
    if (verdict.kind !== 'valid') problems.push(`${verdict.rule}: ${verdict.explanation}`);
  };
  demand(checkIndexGuided({ operations, log }));
  demand(checkWatches({ operations, watches, log }));
  const histories = znodeHistories(operations);
  let undecidedCount = 0;
  for (const each of histories) {
    const verdict = checkLinearizable(znodeModel, each.operations, { stepsMax });
    if (verdict.kind === 'unknown') undecidedCount += 1;
    else demand(verdict);
  }
  problems.push(...counterProblems(operations));
  return {
    problems,
    searchedCount: histories.length,
    undecidedCount,
    eventsCount: watches.reduce(
      (sum, { batches }) => sum + batches.reduce((inner, { batch }) => inner + batch.events.length, 0),
      0,
    ),
    unknownCount: operations.filter(({ ending }) => isUnknown(ending)).length,
  };
}

const isUnknown = (ending: OperationRecord['ending']): boolean =>
  ending.kind === 'pending' || (ending.kind === 'failed' && ending.outcome === 'unknown');

/** Exactly once: a counter ends between what was acknowledged and that with all unknown outcomes added. */
function counterProblems(operations: readonly OperationRecord[]): readonly string[] {
  const counted = new Map<string, { least: number; most: number; final: number | undefined }>();
  for (const { call, ending } of operations) {
    if (!('path' in call) || !call.path.startsWith('/counters/')) continue;
    const counter = counted.get(call.path) ?? { least: 0, most: 0, final: undefined };
    counted.set(call.path, counter);
    if (call.kind === 'increment') {
      if (ending.kind === 'answered') counter.least += 1;
      if (ending.kind === 'answered' || isUnknown(ending)) counter.most += 1;
    } else if (call.kind === 'get' && ending.kind === 'answered' && ending.result.kind === 'znode') {
      // In the order of the calls: the last ones are those after the end of the faults.
      if (typeof ending.result.value === 'number') counter.final = ending.result.value;
    }
  }
  return [...counted].flatMap(([path, { least, most, final }]) =>
    final !== undefined && final >= least && final <= most
      ? []
      : [`${path} is ${final}; ${least} increments were acknowledged and ${most - least} are unknown`],
  );
}
