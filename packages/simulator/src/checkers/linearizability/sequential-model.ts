/** What a history is judged by: an object that does one thing after the other. */

/** States are immutable values: `step` makes a new one. */
export interface SequentialModel<Input, Output, State> {
  readonly initial: State;
  /**
   * The state after the operation; undefined if an operation in this state cannot be answered so. An undefined
   * output means that nobody knows the answer: then it is the state if the operation took effect, and undefined
   * if it can have none here.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Two states are the same exactly if their keys are. */
  keyOf(state: State): string;
  describe(input: Input, output: Output | undefined): string;
}

/** One operation of a history, as its client saw it. */
export interface TimedOperation<Input, Output> {
  /** Of its record. */
  readonly id: number;
  readonly client: string;
  readonly input: Input;
  /** Undefined: it may have taken effect at any time after its call, or never. */
  readonly output: Output | undefined;
  readonly calledAt: number;
  /** Not looked at where the output is undefined. */
  readonly returnedAt: number;
}
