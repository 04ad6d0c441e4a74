/**
 * Is a history linearizable? Decided from what clients saw alone: calls, answers and their order in time. No index,
 * no zxid and no log is looked at, because a bug could make those and the data wrong together.
 *
 * The search is that of Wing and Gong (Testing and Verifying Concurrent Objects, JPDC 1993): some operation that no
 * other one precedes comes first; try each that the model allows. Lowe (Testing for linearizability, CCPE 2017)
 * adds that a pair of (operations placed, state) needs no second visit. The porcupine checker showed how far this
 * carries when the history is split by independent keys (Horn and Kroening, P-compositionality, FORTE 2015).
 *
 * An operation whose outcome nobody knows has a call and no return: it may be placed anywhere after its call, and
 * the search is over when all others have their places.
 */
import { valid, type Verdict } from '../verdict.ts';
import { explainSearch } from './explain.ts';
import { EventList } from './event-list.ts';
import { PlacedSet, VisitedStates } from './visited-states.ts';
import type { SequentialModel, TimedOperation } from './sequential-model.ts';

/** Bounds of a search. */
export interface SearchLimits {
  /**
   * Steps of the model before the verdict is `unknown`. Default 2,000,000: some seconds. Too low leaves histories
   * with many operations of unknown outcome undecided; each one visited costs memory, some 100 bytes.
   */
  readonly stepsMax?: number;
  /** Asked every now and then; true ends the search undecided. For tests with a time limit. */
  readonly isOutOfTime?: () => boolean;
}

const stepsMaxDefault = 2_000_000;
const stepsBetweenLooks = 4_096;

/** Decides one history of one object; see the file's comment. */
export function checkLinearizable<Input, Output, State>(
  model: SequentialModel<Input, Output, State>,
  history: readonly TimedOperation<Input, Output>[],
  limits: SearchLimits = {},
): Verdict {
  const search = new Search(model, history);
  const end = search.run(limits);
  if (end === 'found') return valid;
  return explainSearch(end, { model, history, longest: search.longest, stepsCount: search.stepsCount });
}

interface Placed<State> {
  readonly operation: number;
  readonly before: State;
}

class Search<Input, Output, State> {
  /** The longest sequence of operations that could be placed: positions in the history. */
  longest: readonly number[] = [];
  stepsCount = 0;
  readonly #model: SequentialModel<Input, Output, State>;
  readonly #history: readonly TimedOperation<Input, Output>[];
  readonly #events: EventList;
  readonly #placed: PlacedSet;
  readonly #visited = new VisitedStates();
  readonly #stack: Placed<State>[] = [];
  #state: State;
  #missingCount: number;

  constructor(
    model: SequentialModel<Input, Output, State>,
    history: readonly TimedOperation<Input, Output>[],
  ) {
    this.#model = model;
    this.#history = history;
    this.#events = new EventList(history);
    this.#placed = new PlacedSet(history.length);
    this.#state = model.initial;
    this.#missingCount = history.filter(({ output }) => output !== undefined).length;
  }

  run({ stepsMax = stepsMaxDefault, isOutOfTime }: SearchLimits): 'found' | 'impossible' | 'out-of-steps' {
    const events = this.#events;
    let event = events.first;
    while (this.#missingCount > 0) {
      if (events.isCall(event)) {
        if (this.stepsCount >= stepsMax) return 'out-of-steps';
        this.stepsCount += 1;
        if (this.stepsCount % stepsBetweenLooks === 0 && isOutOfTime?.() === true) return 'out-of-steps';
        event = this.#place(events.operationOf(event)) ? events.first : events.after(event);
        continue;
      }
      // A return of an operation that has no place yet: what was placed before it is wrong somewhere.
      const last = this.#stack.pop();
      if (last === undefined) return 'impossible';
      this.#takeBack(last);
      event = events.after(events.callOf(last.operation));
    }
    return 'found';
  }

  /** Places the operation next, if the model allows it and that is a state of the search not seen before. */
  #place(operation: number): boolean {
    const asked = this.#history[operation];
    if (asked === undefined) return false;
    const before = this.#state;
    const after = this.#model.step(before, asked.input, asked.output);
    if (after === undefined) return false;
    const key = this.#model.keyOf(after);
    const isKnown = asked.output !== undefined;
    // Without an answer and without an effect, it may as well never have happened.
    if (!isKnown && key === this.#model.keyOf(before)) return false;
    this.#placed.add(operation);
    if (!this.#visited.add(this.#placed, key)) {
      this.#placed.remove(operation);
      return false;
    }
    this.#stack.push({ operation, before });
    this.#state = after;
    this.#events.lift(operation);
    if (isKnown) this.#missingCount -= 1;
    if (this.#stack.length > this.longest.length) this.longest = this.#stack.map((each) => each.operation);
    return true;
  }

  #takeBack({ operation, before }: Placed<State>): void {
    this.#state = before;
    this.#placed.remove(operation);
    this.#events.unlift(operation);
    if (this.#history[operation]?.output !== undefined) this.#missingCount += 1;
  }
}
