/**
 * The replies of one session that it has not acknowledged yet: what makes a retried request get its original
 * answer. Requests are consecutive, so a reply is found by its number alone.
 *
 * Replies are kept in the arrays in which apply answered them, one segment a batch: recording them costs next to
 * nothing. A segment goes when all of it is acknowledged; until then the
 * acknowledged part of the first one is still in memory, but no longer part of the state.
 *
 * Invariants: segments follow one another without a gap and end at `lastRequest`; the replies after
 * `acknowledgedThrough` are all there.
 */
import type { ByteWriter } from '../codec/bytes.ts';
import type { Reply } from '../codec/reply.ts';
import { invariant } from '../invariant.ts';
import { hashReply, type Lanes } from './hashes.ts';

/** Replies to consecutive requests. Nobody changes a segment. */
export interface ReplySegment {
  readonly firstRequest: number;
  readonly replies: readonly Reply[];
}

interface Segment extends ReplySegment {
  /** Sum of the hashes of the first `hashedCount` replies. */
  hashedCount: number;
  low: number;
  high: number;
}

export class ReplyRecord {
  #segments: Segment[] = [];
  #lastRequest: number;
  #acknowledgedThrough: number;

  /** Everything through `lastRequest` counts as acknowledged. */
  constructor(lastRequest = 0) {
    this.#lastRequest = lastRequest;
    this.#acknowledgedThrough = lastRequest;
  }

  /** The last request that was applied; the next one accepted is one above. */
  get lastRequest(): number {
    return this.#lastRequest;
  }

  /** Replies through this request may be forgotten; never above `lastRequest`, never goes back. */
  get acknowledgedThrough(): number {
    return this.#acknowledgedThrough;
  }

  get count(): number {
    return this.#lastRequest - this.#acknowledgedThrough;
  }

  /** Records the replies to the next requests: at least one. The array is kept, and must not change any more. */
  append(replies: readonly Reply[]): void {
    invariant(replies.length > 0, 'no segment is empty');
    this.#segments.push({ firstRequest: this.#lastRequest + 1, replies, hashedCount: 0, low: 0, high: 0 });
    this.#lastRequest += replies.length;
  }

  acknowledge(through: number): void {
    if (!(through > this.#acknowledgedThrough)) return;
    this.#acknowledgedThrough = Math.min(through, this.#lastRequest);
    let gone = 0;
    for (const segment of this.#segments) {
      if (segment.firstRequest + segment.replies.length - 1 > this.#acknowledgedThrough) break;
      gone += 1;
    }
    if (gone > 0) this.#segments.splice(0, gone);
  }

  /**
   * The recorded replies from `first` to `last` that are not acknowledged; undefined when there is none.
   * A retry is rare, so this may copy.
   */
  repeat(first: number, last: number): ReplySegment | undefined {
    const firstRequest = Math.max(first, this.#acknowledgedThrough + 1);
    const lastRequest = Math.min(last, this.#lastRequest);
    if (firstRequest > lastRequest) return undefined;
    const replies: Reply[] = [];
    for (const segment of this.#segments) {
      const start = Math.max(0, firstRequest - segment.firstRequest);
      const end = Math.min(segment.replies.length, lastRequest + 1 - segment.firstRequest);
      for (let at = start; at < end; at += 1) replies.push(replyAt(segment, at));
    }
    invariant(replies.length === lastRequest - firstRequest + 1, 'every reply not acknowledged is recorded');
    return { firstRequest, replies };
  }

  /** The segments as they are now; what is added later goes into others. */
  segments(): readonly ReplySegment[] {
    return this.#segments.slice();
  }

  /** Sum of the hashes of the replies that are not acknowledged; costs what is new since the last call. */
  lanes(sessionId: number, scratch: ByteWriter): Lanes {
    let low = 0;
    let high = 0;
    for (const segment of this.#segments) {
      if (segment.firstRequest <= this.#acknowledgedThrough) {
        // Only the first segment can be acknowledged in part: its sum is not the state's any more.
        const part = this.#partLanes(sessionId, segment, scratch);
        low = (low + part.low) | 0;
        high = (high + part.high) | 0;
        continue;
      }
      for (; segment.hashedCount < segment.replies.length; segment.hashedCount += 1) {
        const at = segment.hashedCount;
        const lanes = hashReply(sessionId, segment.firstRequest + at, replyAt(segment, at), scratch);
        segment.low = (segment.low + lanes.low) | 0;
        segment.high = (segment.high + lanes.high) | 0;
      }
      low = (low + segment.low) | 0;
      high = (high + segment.high) | 0;
    }
    return { low, high };
  }

  validate(): void {
    const first = this.#segments[0];
    let next = first === undefined ? this.#lastRequest + 1 : first.firstRequest;
    invariant(this.#acknowledgedThrough <= this.#lastRequest, 'nothing is acknowledged before it is applied');
    invariant(next <= this.#acknowledgedThrough + 1, 'every reply not acknowledged is recorded', { next });
    for (const segment of this.#segments) {
      invariant(segment.firstRequest === next, 'segments follow one another', { next });
      invariant(segment.replies.length > 0, 'no segment is empty');
      next += segment.replies.length;
      invariant(next - 1 > this.#acknowledgedThrough, 'an acknowledged segment is gone', { next });
    }
    invariant(next === this.#lastRequest + 1, 'segments end at the last request', { next });
  }

  #partLanes(sessionId: number, segment: Segment, scratch: ByteWriter): Lanes {
    let low = 0;
    let high = 0;
    for (
      let at = this.#acknowledgedThrough + 1 - segment.firstRequest;
      at < segment.replies.length;
      at += 1
    ) {
      const lanes = hashReply(sessionId, segment.firstRequest + at, replyAt(segment, at), scratch);
      low = (low + lanes.low) | 0;
      high = (high + lanes.high) | 0;
    }
    return { low, high };
  }
}

function replyAt(segment: ReplySegment, at: number): Reply {
  const reply = segment.replies[at];
  invariant(reply !== undefined, 'a reply lies inside its segment', { at });
  return reply;
}
