/**
 * The in-process link of one session: keeps its batches until they are answered and sends them again after a
 * change of leader or a lost message. Sending twice is harmless, because apply knows every request number.
 */
import type { Timer } from '../ports/clock.ts';
import type { PeerLimits } from '../limits.ts';
import type { AppliedItem } from '../machine/contract.ts';
import type { LinkEvents, LinkRead, LinkWatch, SessionLink, SubmittedBatch } from '../session/link.ts';
import type { SessionHub } from './session-hub.ts';

interface Kept {
  readonly batch: SubmittedBatch;
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
    const kept = { batch, isSent: false };
    this.#kept.push(kept);
    if (batch.announceDurable) this.wantsDurable = true;
    if (this.#hub.isReachable) this.#send(kept);
  }

  isUnsent(request: number): boolean {
    const kept = this.#kept.find(
      ({ batch }) => batch.firstRequest <= request && request < batch.firstRequest + batch.requestCount,
    );
    return kept !== undefined && !kept.isSent;
  }

  read(read: LinkRead): { cancel(): void } {
    return this.#track(this.#hub.read(this.sessionId, read));
  }

  watch(watch: LinkWatch): { cancel(): void } {
    return this.#track(this.#hub.watch(this.sessionId, watch));
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

  resend(fromRequest = 0): void {
    for (const kept of this.#kept) {
      if (kept.batch.firstRequest + kept.batch.requestCount > fromRequest) this.#send(kept);
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
        const answeredBefore = item.firstRequest + item.replies.length;
        while (this.#kept.length > 0) {
          const first = this.#kept[0];
          if (first === undefined || first.batch.firstRequest + first.batch.requestCount > answeredBefore)
            break;
          this.#kept.shift();
        }
        this.#resendAtMs =
          this.#kept.length === 0 ? Number.POSITIVE_INFINITY : this.#hub.now() + this.#hub.retryMs;
        this.#events?.replies(item.firstRequest, item.replies, { index });
        return;
      }
      case 'gap':
        if (item.holder === this.holder) this.resend(item.expected);
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

  failed(code: 'PEER_CLOSED' | 'FATAL' | 'STORAGE_FAILED', cause: unknown): void {
    this.#kept = [];
    this.#events?.failed(code, cause);
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
