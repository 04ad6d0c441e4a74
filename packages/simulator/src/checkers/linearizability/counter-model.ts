/** One counter: add and read. Values are bigints, so that no sum is ever rounded. */
import type { SequentialModel } from './sequential-model.ts';

/** What a counter is asked: adding 0 reads it. */
export interface CounterInput {
  readonly add: bigint;
}

/** The sum after it. */
export interface CounterOutput {
  readonly sum: bigint;
}

/** The model; see the file's comment. */
export const counterModel: SequentialModel<CounterInput, CounterOutput, bigint> = {
  initial: 0n,
  step(state, { add }, output) {
    const sum = state + add;
    return output === undefined || output.sum === sum ? sum : undefined;
  },
  keyOf: String,
  describe: ({ add }, output) => `add(${add}) -> ${output === undefined ? 'unknown' : output.sum}`,
};
