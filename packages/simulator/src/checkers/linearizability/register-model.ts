/** One register: read, write, compare-and-swap. Values are any strings; null is a register never written. */
import type { SequentialModel } from './sequential-model.ts';

/** What a register is asked. */
export type RegisterInput =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: string }
  | { readonly kind: 'compare-and-swap'; readonly expected: string; readonly value: string };

/** What it answers. */
export type RegisterOutput =
  | { readonly kind: 'value'; readonly value: string | null }
  | { readonly kind: 'done' }
  | { readonly kind: 'swapped'; readonly swapped: boolean };

/** Null: never written. */
type State = string | null;

/** The model; see the file's comment. */
export const registerModel: SequentialModel<RegisterInput, RegisterOutput, State> = {
  initial: null,
  step(state, input, output) {
    switch (input.kind) {
      case 'read':
        return output?.kind === 'value' && output.value === state ? state : undefined;
      case 'write':
        return input.value;
      case 'compare-and-swap': {
        const swapped = state === input.expected;
        if (output !== undefined && (output.kind !== 'swapped' || output.swapped !== swapped))
          return undefined;
        if (swapped) return input.value;
        return output === undefined ? undefined : state;
      }
    }
  },
  keyOf: (state) => (state === null ? 'nil' : `=${state}`),
  describe(input, output) {
    const answer =
      output === undefined
        ? 'unknown'
        : output.kind === 'value'
          ? String(output.value)
          : output.kind === 'swapped'
            ? String(output.swapped)
            : 'done';
    switch (input.kind) {
      case 'read':
        return `read() -> ${answer}`;
      case 'write':
        return `write(${input.value}) -> ${answer}`;
      case 'compare-and-swap':
        return `compareAndSwap(${input.expected}, ${input.value}) -> ${answer}`;
    }
  },
};
