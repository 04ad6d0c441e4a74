/**
 * The batches of one session elsewhere that are not answered yet: what may pass, and how much of it. Only whole
 * batches of this very session pass, in their order; anything else would speak for others.
 */
import { readBatchHeader } from '../codec/batch.ts';
import type { PeerLimits } from '../limits.ts';
import { protocolError } from '../wire/fields.ts';

interface Unanswered {
  readonly firstRequest: number;
  readonly lastRequest: number;
  readonly byteCount: number;
}

export class ServedBatches {
  readonly #limits: PeerLimits;
  #unanswered: Unanswered[] = [];
  #byteCount = 0;
  #lastRequest: number | undefined;

  constructor(limits: PeerLimits) {
    this.#limits = limits;
  }

  /** Throws `PROTOCOL` for what may not pass. */
  admit(
    bytes: Uint8Array,
    session: { readonly sessionId: number; readonly holder: number },
  ): { readonly firstRequest: number; readonly requestCount: number } {
    const header = readBatchHeader(bytes);
    if (header === undefined || header.count === 0) throw protocolError('a batch makes no sense');
    const { firstRequest, count: requestCount } = header;
    if (header.sessionId !== session.sessionId || header.holder !== session.holder) {
      throw protocolError('a batch belongs to another session');
    }
    if (this.#lastRequest !== undefined && firstRequest !== this.#lastRequest + 1) {
      throw protocolError('a batch does not follow on the one before');
    }
    this.#lastRequest = firstRequest + requestCount - 1;
    this.#unanswered.push({ firstRequest, lastRequest: this.#lastRequest, byteCount: bytes.length });
    this.#byteCount += bytes.length;
    this.#checkRoom(this.#lastRequest);
    return { firstRequest, requestCount };
  }

  answered(throughRequest: number): void {
    for (;;) {
      const [oldest] = this.#unanswered;
      if (oldest === undefined || oldest.lastRequest > throughRequest) return;
      this.#unanswered.shift();
      this.#byteCount -= oldest.byteCount;
    }
  }

  /** The session keeps to these bounds by itself: they were in its welcome. */
  #checkRoom(lastRequest: number): void {
    const { sessionRequestsInFlightMax, sessionBytesInFlightMax, batchBytesMax } = this.#limits;
    const requestsCount = lastRequest + 1 - (this.#unanswered[0]?.firstRequest ?? 0);
    // One more for its close; and a session counts its values, to which an encoded batch adds a little.
    if (
      requestsCount > sessionRequestsInFlightMax + 1 ||
      this.#byteCount > 2 * sessionBytesInFlightMax + batchBytesMax
    ) {
      throw protocolError('a session has more in flight than it may');
    }
  }
}
