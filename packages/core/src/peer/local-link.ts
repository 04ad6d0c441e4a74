/**
 * The in-process link of one session: keeps its batches until they are answered and sends them again after a
 * change of leader or a lost message. Sending twice is harmless, because apply knows every request number.
 */
import { BatchBuilder } from '../codec/batch.ts';
import type { Timer } from '../ports/clock.ts';
import type { PeerLimits } from '../limits.ts';
import type { AppliedItem } from '../machine/contract.ts';
import type { LinkEvents, LinkRead, LinkWatch, SessionLink, SubmittedBatch } from '../session/link.ts';
import { linkAnswer, linkDelivery } from './link-views.ts';
import type { SessionHub } from './session-hub.ts';

interface Kept {
  readonly batch: SubmittedBatch;
  readonly lastRequest: number;
  /** The session has the replies to its requests through this one. */
  answeredThrough: number;
  /** A leader may have it. */
  isSent: boolean;
}

export class LocalLink implements SessionLink {
  readonly sessionId: number;
  readonly holder: number;
  readonly limits: PeerLimits;
  readonly #hub: SessionHub;
  readonly #cancels = new Set<() => void>();
  #events: LinkEvents | undefined;
  #kept: Kept[] = [];
  #resendAtMs: number = Number.POSITIVE_INFINITY;
  #isPending = false;
  /** The gap that was answered last; 0: none since everything was sent. */
  #gapAt = 0;
  wantsDurable = false;

  constructor(hub: SessionHub, session: { readonly sessionId: number; readonly holder: number }) {
    this.#hub = hub;
    this.sessionId = session.sessionId;
    this.holder = session.holder;
    this.limits = hub.limits;
  }

  get valueBytesMax(): number {
    return this.#hub.valueBytesMax();
  }

  get isPending(): boolean {
    return this.#isPending;
  }

  // --- what the session calls ------------------------------------------------------------------------------

  open(events: LinkEvents): void {
    this.#events = events;
    this.#hub.attach(this);
    events.reachable(this.#hub.isReachable);
  }

  submit(batch: SubmittedBatch): void {
    const { firstRequest, requestCount } = batch;
    const lastRequest = firstRequest + requestCount - 1;
    const kept = { batch, lastRequest, answeredThrough: firstRequest - 1, isSent: false };
    this.#kept.push(kept);
    if (batch.announceDurable) this.wantsDurable = true;
    if (this.#hub.isReachable) this.#send(kept);
  }

  isUnsent(request: number): boolean {
    const kept = this.#kept.find(
      ({ batch, lastRequest }) => batch.firstRequest <= request && request <= lastRequest,
    );
    return kept !== undefined && !kept.isSent;
  }

  read(read: LinkRead): { cancel(): void } {
    return this.#track(
      this.#hub.read(this.sessionId, {
        ...read,
        settle: (answer, zxid) => read.settle(linkAnswer(answer), zxid),
      }),
    );
  }

  watch(watch: LinkWatch): { cancel(): void } {
    return this.#track(
      this.#hub.watch(this.sessionId, {
        ...watch,
        deliver: (delivery) => watch.deliver(linkDelivery(delivery)),
      }),
    );
  }

  touch(): void {
    this.#hub.touch(this.sessionId);
  }

  now(): number {
    return this.#hub.now();
  }

  onTick(callback: (nowMs: number) => void): Timer {
    return this.#hub.onTick(callback);
  }

  pending(isPending: boolean): void {
    if (this.#isPending === isPending) return;
    this.#isPending = isPending;
    this.#hub.pendingChanged(isPending);
  }

  close(): void {
    this.pending(false);
    this.#events = undefined;
    this.#kept = [];
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#hub.detach(this);
  }

  // --- what the hub calls ----------------------------------------------------------------------------------

  /** A leader is within reach (again): whatever is unanswered goes to it, in order. */
  reachable(isReachable: boolean): void {
    this.#events?.reachable(isReachable);
    if (isReachable) this.resend();
  }

  /** Everything that is unanswered, once more. */
  resend(): void {
    this.#gapAt = 0;
    this.#sendFrom(0);
  }

  #sendFrom(fromRequest: number): void {
    for (const kept of this.#kept) {
      if (kept.lastRequest >= fromRequest && !isAnswered(kept)) this.#send(kept);
    }
  }

  resendAt(atMs: number): void {
    if (this.#kept.length > 0) this.#resendAtMs = Math.min(this.#resendAtMs, atMs);
  }

  tick(nowMs: number): void {
    if (nowMs < this.#resendAtMs || this.#kept.length === 0) return;
    this.#resendAtMs = nowMs + this.#hub.retryMs;
    if (this.#hub.isReachable) this.resend();
  }

  applied(item: AppliedItem, index: number): void {
    switch (item.kind) {
      case 'replies': {
        if (item.holder !== this.holder) return;
        this.#answered(item.firstRequest, item.firstRequest + item.replies.length - 1);
        this.#resendAtMs =
          this.#kept.length === 0 ? Number.POSITIVE_INFINITY : this.#hub.now() + this.#hub.retryMs;
        this.#events?.replies(item.firstRequest, item.replies, { index });
        return;
      }
      case 'gap':
        if (item.holder === this.holder) this.#fillGap(item.expected);
        return;
      case 'refused':
        if (item.holder === this.holder) this.ended(item.code);
        return;
      case 'session-ended':
        this.ended(item.code);
        return;
      case 'system':
        return;
    }
  }

  confirmed(sentAtMs: number): void {
    this.#events?.confirmed(sentAtMs);
  }

  durable(index: number): void {
    this.#events?.durable(index);
  }

  ended(code: 'SESSION_EXPIRED' | 'SESSION_CLOSED'): void {
    this.#kept = [];
    this.#events?.ended(code);
  }

  /** The same session is served by another link of this peer from now on. */
  replaced(): void {
    this.failed('PEER_CLOSED', undefined);
  }

  failed(code: 'PEER_CLOSED' | 'FATAL' | 'STORAGE_FAILED', cause: unknown): void {
    this.#kept = [];
    this.#events?.failed(code, cause);
  }

  /**
   * Forgets batches of which every request is answered. Only those: a received snapshot skips the replies to
   * what it contains, and a later batch is answered before they are asked for again.
   */
  #answered(first: number, last: number): void {
    for (const kept of this.#kept) {
      if (kept.batch.firstRequest > last) break;
      if (first > kept.answeredThrough + 1) continue;
      kept.answeredThrough = Math.max(kept.answeredThrough, Math.min(last, kept.lastRequest));
    }
    while (this.#kept[0] !== undefined && isAnswered(this.#kept[0])) this.#kept.shift();
  }

  /**
   * Every batch behind a lost one is told of the same gap. One answer is enough: an answer to each would be sent
   * in vain, be told of in its turn, and so on. If the answer is lost too, everything is sent again by the clock.
   *
   * A gap may also mean that apply has no room for more replies. A batch says what was acknowledged when it was
   * built, so sent again alone it would meet the same gap for ever: an empty batch tells what is acknowledged now.
   */
  #fillGap(expected: number): void {
    const [oldest] = this.#kept;
    if (oldest === undefined || expected === this.#gapAt) return;
    this.#gapAt = expected;
    const { sessionId, holder } = this;
    const acknowledgedThrough = oldest.answeredThrough;
    const bytes = new BatchBuilder().finish({
      sessionId,
      holder,
      firstRequest: expected,
      acknowledgedThrough,
    });
    this.#hub.send({ bytes, announceDurable: false });
    this.#sendFrom(expected);
  }

  #send(kept: Kept): void {
    kept.isSent = true;
    if (this.#resendAtMs === Number.POSITIVE_INFINITY) {
      this.#resendAtMs = this.#hub.now() + this.#hub.retryMs;
    }
    this.#hub.send({ bytes: kept.batch.bytes, announceDurable: kept.batch.announceDurable });
  }

  #track(cancel: () => void): { cancel(): void } {
    const cancelOnce = (): void => {
      this.#cancels.delete(cancelOnce);
      cancel();
    };
    this.#cancels.add(cancelOnce);
    return { cancel: cancelOnce };
  }
}

function isAnswered(kept: Kept): boolean {
  return kept.answeredThrough === kept.lastRequest;
}
