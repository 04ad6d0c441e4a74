/** Tells people why a history is not linearizable: how far one gets, and which operations fit nowhere after that. */
import { violation, type Verdict } from '../verdict.ts';
import type { SequentialModel, TimedOperation } from './sequential-model.ts';

interface FailedSearch<Input, Output, State> {
  readonly model: SequentialModel<Input, Output, State>;
  readonly history: readonly TimedOperation<Input, Output>[];
  /** Positions in the history, in the order in which they were placed. */
  readonly longest: readonly number[];
  readonly stepsCount: number;
}

const rule = 'Linearizable';

/** Of a long prefix, so many operations at its end are told. */
const prefixLinesMax = 12;

export function explainSearch<Input, Output, State>(
  end: 'impossible' | 'out-of-steps',
  search: FailedSearch<Input, Output, State>,
): Verdict {
  const { model, history, longest } = search;
  if (end === 'out-of-steps') {
    const explanation = `not decided within ${search.stepsCount} steps: ${history.length} operations, at most ${longest.length} of them placed`;
    return { kind: 'unknown', rule, explanation };
  }
  const lines = [`no order of these ${history.length} operations explains all answers`];
  lines.push(`the longest that can be ordered (${longest.length} operations) ends so:`);
  let state = model.initial;
  const skippedCount = Math.max(0, longest.length - prefixLinesMax);
  for (const [at, position] of longest.entries()) {
    const operation = history[position];
    if (operation === undefined) continue;
    state = model.step(state, operation.input, operation.output) ?? state;
    if (at >= skippedCount) lines.push(`  ${line(model, operation)}   state: ${model.keyOf(state)}`);
  }
  const rest = stuckOperations(history, new Set(longest));
  lines.push('then none of these can come next:');
  for (const operation of rest) lines.push(`  ${line(model, operation)}`);
  return violation(
    rule,
    lines.join('\n'),
    rest.map((operation) => operation.id),
  );
}

/** What might come next: answered operations that were called before any other one that is left returned. */
function stuckOperations<Input, Output>(
  history: readonly TimedOperation<Input, Output>[],
  placed: ReadonlySet<number>,
): readonly TimedOperation<Input, Output>[] {
  const left = history.filter((operation, at) => !placed.has(at) && operation.output !== undefined);
  const firstReturn = Math.min(...left.map(({ returnedAt }) => returnedAt));
  return left.filter(({ calledAt }) => calledAt <= firstReturn).sort((a, b) => a.returnedAt - b.returnedAt);
}

function line<Input, Output, State>(
  model: SequentialModel<Input, Output, State>,
  { id, client, input, output, calledAt, returnedAt }: TimedOperation<Input, Output>,
): string {
  const end = output === undefined ? '…' : returnedAt;
  return `#${id} ${client} [${calledAt}, ${end}] ${model.describe(input, output)}`;
}
