/**
 * Batches that are not answered yet, in the order of their requests, each with its number among the session's calls.
 * A batch is forgotten when every request of it is answered: replies to a part of it may come before a connection is
 * lost, and the rest on the next one.
 */
import type { SubmittedBatch } from '../session/link.ts';

interface Kept {
  readonly number: number;
  readonly firstRequest: number;
  readonly lastRequest: number;
  answeredThrough: number;
}

export class KeptBatches {
  #kept: Kept[] = [];

  add(number: number, { firstRequest, requestCount }: SubmittedBatch): void {
    const lastRequest = firstRequest + requestCount - 1;
    this.#kept.push({ number, firstRequest, lastRequest, answeredThrough: firstRequest - 1 });
  }

  /** The number of the batch with this request; undefined: it is answered. */
  numberOf(request: number): number | undefined {
    return this.#kept.find(({ lastRequest }) => request <= lastRequest)?.number;
  }

  /** These requests are answered. Answers the numbers of the batches that are done with. */
  answered(first: number, last: number): readonly number[] {
    for (const kept of this.#kept) {
      if (kept.firstRequest > last) break;
      if (first > kept.answeredThrough + 1) continue;
      kept.answeredThrough = Math.max(kept.answeredThrough, Math.min(last, kept.lastRequest));
    }
    const done: number[] = [];
    for (const kept of this.#kept) {
      if (kept.answeredThrough < kept.lastRequest) break;
      done.push(kept.number);
    }
    if (done.length > 0) this.#kept = this.#kept.slice(done.length);
    return done;
  }

  clear(): void {
    this.#kept = [];
  }
}
