/**
 * Queues: what was put is taken or still there (QueueNoLoss), what is taken was put (QueueNoPhantom), nothing is
 * taken twice (QueueOnce), and what one producer put is taken in its order (QueueFifo).
 *
 * Outcomes that nobody knows are given the benefit of the doubt, but no more than that: a put may have happened or
 * not; a take may have removed one element, so each excuses one that is missing.
 */
import type { QueueRecord } from '../../history/resource-record.ts';
import { valid, violation, worst, type Verdict } from '../verdict.ts';

/** What is known of the queues of a run. */
export interface QueuedRun {
  readonly queues: readonly QueueRecord[];
  /** What was still in each queue at the end, first to be taken first. */
  readonly drained: ReadonlyMap<string, readonly string[]>;
}

/** Judges all queues of a run; see the file's comment. */
export function checkQueues({ queues, drained }: QueuedRun): Verdict {
  const names = new Set([...queues.map(({ queue }) => queue), ...drained.keys()]);
  return worst(
    Array.from(names, (name) => {
      const records = queues.filter(({ queue }) => queue === name);
      const history = new QueueHistory(name, records, drained.get(name) ?? []);
      return worst([history.checkPhantoms(), history.checkOnce(), history.checkLoss(), history.checkOrder()]);
    }),
  );
}

type Put = QueueRecord & { readonly element: string };

class QueueHistory {
  readonly #name: string;
  readonly #puts = new Map<string, Put>();
  readonly #takes = new Map<string, QueueRecord[]>();
  readonly #drained: readonly string[];
  /** Takes of which nobody knows whether they removed something, or what. */
  readonly #unknownTakes: number;

  constructor(name: string, records: readonly QueueRecord[], drained: readonly string[]) {
    this.#name = name;
    this.#drained = drained;
    let unknownTakes = 0;
    for (const record of records) {
      const { kind, element, outcome } = record;
      if (kind === 'put' && element !== undefined) this.#puts.set(element, { ...record, element });
      if (kind !== 'take') continue;
      if (outcome === 'unknown') unknownTakes += 1;
      if (outcome !== 'applied' || element === undefined) continue;
      const others = this.#takes.get(element);
      if (others === undefined) this.#takes.set(element, [record]);
      else others.push(record);
    }
    this.#unknownTakes = unknownTakes;
  }

  checkPhantoms(): Verdict {
    for (const element of [...this.#takes.keys(), ...this.#drained]) {
      const put = this.#puts.get(element);
      if (put === undefined) return this.#broken('QueueNoPhantom', `${element} was never put`);
      if (put.outcome === 'not-applied') {
        return this.#broken(
          'QueueNoPhantom',
          `${element} came out, and ${put.client} was told that it did not go in`,
        );
      }
      const early = this.#takes.get(element)?.find(({ returnedAt }) => returnedAt < put.calledAt);
      if (early !== undefined)
        return this.#broken('QueueNoPhantom', `${element} was taken before it was put`);
    }
    return valid;
  }

  checkOnce(): Verdict {
    for (const [element, takes] of this.#takes) {
      const [first, second] = takes;
      if (second !== undefined) {
        return this.#broken('QueueOnce', `${element} was taken by ${first?.client} and by ${second.client}`);
      }
      if (this.#drained.includes(element)) {
        return this.#broken('QueueOnce', `${element} was taken by ${first?.client} and is still there`);
      }
    }
    const twice = this.#drained.find((element, at) => this.#drained.indexOf(element) !== at);
    return twice === undefined ? valid : this.#broken('QueueOnce', `${twice} is there twice`);
  }

  checkLoss(): Verdict {
    const there = new Set(this.#drained);
    const missing = [...this.#puts.values()].filter(
      ({ element, outcome }) => outcome === 'applied' && !this.#takes.has(element) && !there.has(element),
    );
    if (missing.length <= this.#unknownTakes) return valid;
    const names = missing.map(({ element }) => element).join(', ');
    return this.#broken(
      'QueueNoLoss',
      `${names} went in and never came out; ${this.#unknownTakes} takes of unknown outcome`,
    );
  }

  checkOrder(): Verdict {
    const producers = new Map<string, Put[]>();
    for (const put of this.#puts.values()) {
      if (put.outcome !== 'applied') continue;
      const others = producers.get(put.client);
      if (others === undefined) producers.set(put.client, [put]);
      else others.push(put);
    }
    for (const puts of producers.values()) {
      const problem = this.#orderProblem(puts.toSorted((a, b) => a.calledAt - b.calledAt));
      if (problem !== undefined) return this.#broken('QueueFifo', problem);
    }
    return valid;
  }

  /** Walks back through the puts of one producer: none may have come out before all that were put earlier. */
  #orderProblem(puts: readonly Put[]): string | undefined {
    let first: { readonly element: string; readonly returnedAt: number } | undefined;
    for (const { element } of puts.toReversed()) {
      const [take] = this.#takes.get(element) ?? [];
      const isThere = this.#drained.includes(element);
      if (first !== undefined && (isThere || (take !== undefined && take.calledAt > first.returnedAt))) {
        return `${first.element} was taken before ${element}, which the same producer had put earlier`;
      }
      if (take !== undefined && (first === undefined || take.returnedAt < first.returnedAt)) {
        first = { element, returnedAt: take.returnedAt };
      }
    }
    const order = this.#drained.filter((element) => puts.some((put) => put.element === element));
    const expected = puts.map(({ element }) => element).filter((element) => order.includes(element));
    const wrong = order.findIndex((element, at) => element !== expected[at]);
    return wrong < 0
      ? undefined
      : `${order[wrong]} is there before ${expected[wrong]}, which was put earlier`;
  }

  #broken(rule: string, problem: string): Verdict {
    return violation(rule, `queue ${this.#name}: ${problem}`);
  }
}
