/**
 * Everything that this peer's own sessions share: it hands each output of the replica to the sessions that it
 * concerns (events before replies before reads), keeps them alive with one touch for all, and tells them when
 * a leader comes within reach.
 */
import type { PeerLimits } from '../limits.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { QueryAnswer } from '../machine/contract.ts';
import type { ProposedBatch, ReplicaNotice, ReplicaOutput, WatchDelivery } from '../replica/contract.ts';
import type { Replica } from '../replica/replica.ts';
import type { LinkRead, LinkWatch } from '../session/link.ts';
import type { Driver } from './driver.ts';
import type { LocalLink } from './local-link.ts';

export interface SessionHubOptions {
  readonly driver: Driver;
  readonly replica: Replica;
  readonly clock: Clock;
  readonly limits: PeerLimits;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
}

/** A read, answered with the replica's own records. */
export interface HubRead extends Omit<LinkRead, 'settle'> {
  /** Never older than this. Default 0. */
  readonly minZxid?: number;
  readonly settle: (answer: QueryAnswer, zxid: number) => void;
}

/** A watch that gets the replica's own records. */
export interface HubWatch extends Omit<LinkWatch, 'deliver'> {
  readonly deliver: (delivery: WatchDelivery) => void;
}

/** Touches that are remembered until they are confirmed; older ones are worthless, a newer one covers them. */
const touchesRememberedMax = 64;

export class SessionHub {
  readonly #options: SessionHubOptions;
  readonly #links = new Map<number, LocalLink>();
  readonly #reads = new Map<number, HubRead>();
  readonly #watches = new Map<number, HubWatch>();
  readonly #tickCallbacks = new Set<(nowMs: number) => void>();
  /** Sessions that want to be touched until the ensemble has confirmed it. */
  readonly #untouched = new Set<number>();
  readonly #touchSentAtMs = new Map<number, number>();
  #lastTouchAtMs = Number.NEGATIVE_INFINITY;
  #lastId = 0;
  #pendingCount = 0;
  #durableIndex = 0;
  isReachable = false;

  constructor(options: SessionHubOptions) {
    this.#options = options;
  }

  get limits(): PeerLimits {
    return this.#options.limits;
  }

  /** How long a batch may stay unanswered before it is sent again. */
  get retryMs(): number {
    return 2 * this.#options.electionTimeoutMs;
  }

  get sessionsCount(): number {
    return this.#links.size;
  }

  valueBytesMax(): number {
    return this.#options.replica.machine.limits.valueBytesMax;
  }

  /** Every event up to here has been handed out, unless an output is being handed out just now. */
  get zxid(): number {
    return this.#options.replica.machine.zxid;
  }

  /** The last index that {@link LocalLink.durable} was told of. */
  get durableIndex(): number {
    return this.#durableIndex;
  }

  now(): number {
    return this.#options.clock.now();
  }

  links(): readonly LocalLink[] {
    return [...this.#links.values()];
  }

  // --- what links call -------------------------------------------------------------------------------------

  attach(link: LocalLink): void {
    const previous = this.#links.get(link.sessionId);
    this.#links.set(link.sessionId, link);
    // The same holder by another connection; or resumed here by somebody else: the earlier holder has lost it.
    if (previous?.holder === link.holder) previous.replaced();
    else previous?.ended('SESSION_EXPIRED');
    // More may have been applied between the answer to its opening and now; later, for the link is being opened.
    queueMicrotask(() => this.#endUnlessHeld(link));
  }

  detach(link: LocalLink): void {
    if (this.#links.get(link.sessionId) !== link) return;
    this.#links.delete(link.sessionId);
    this.#untouched.delete(link.sessionId);
  }

  send(batch: ProposedBatch): void {
    this.#options.driver.submit(batch);
  }

  read(sessionId: number, read: HubRead): () => void {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#reads.set(id, read);
    this.#options.driver.push({
      kind: 'read',
      request: {
        id,
        sessionId,
        afterRequest: read.afterRequest,
        minZxid: read.minZxid ?? 0,
        consistency: read.consistency,
        query: read.query.kind === 'ephemerals' ? { ...read.query, sessionId } : read.query,
      },
    });
    return () => {
      if (this.#reads.delete(id)) this.#options.driver.push({ kind: 'cancel-read', id });
    };
  }

  watch(sessionId: number, watch: HubWatch): () => void {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#watches.set(id, watch);
    const { path, scope, from, afterRequest } = watch;
    this.#options.driver.push({
      kind: 'watch',
      request: { id, sessionId, afterRequest, minZxid: 0, path, scope, from },
    });
    return () => {
      if (this.#watches.delete(id)) this.#options.driver.push({ kind: 'unwatch', id });
    };
  }

  touch(sessionId: number): void {
    this.#untouched.add(sessionId);
  }

  onTick(callback: (nowMs: number) => void): Timer {
    this.#tickCallbacks.add(callback);
    return { cancel: () => void this.#tickCallbacks.delete(callback), keepAlive: () => undefined };
  }

  pendingChanged(isPending: boolean): void {
    this.#pendingCount += isPending ? 1 : -1;
    if (this.#pendingCount <= 1) this.#options.driver.keepAlive(this.#pendingCount > 0);
  }

  // --- what the peer calls ---------------------------------------------------------------------------------

  /** Hands out one output: watch events first, then replies, then reads. */
  output(output: ReplicaOutput): void {
    for (const delivery of output.watches) this.#deliver(delivery);
    for (const { items, index } of output.applied) {
      for (const item of items) {
        if (item.kind === 'system') {
          // Resumed by somebody else, perhaps on another peer: the earlier holder has lost it.
          const { result } = item.reply;
          if (result.kind !== 'session') continue;
          const link = this.#links.get(result.sessionId);
          if (link !== undefined && link.holder !== result.holder) link.ended('SESSION_EXPIRED');
        } else this.#links.get(item.sessionId)?.applied(item, index);
      }
    }
    for (const { id, zxid, answer } of output.reads) {
      const read = this.#reads.get(id);
      this.#reads.delete(id);
      read?.settle(answer, zxid);
    }
    this.#announceDurable();
    for (const notice of output.notices) this.#notice(notice);
  }

  tick(nowMs: number): void {
    for (const link of this.#links.values()) link.tick(nowMs);
    for (const callback of this.#tickCallbacks) callback(nowMs);
    this.#sendTouch(nowMs);
  }

  /** Nothing will be answered any more. */
  fail(code: 'PEER_CLOSED' | 'FATAL' | 'STORAGE_FAILED', cause: unknown): void {
    const links = this.links();
    this.#links.clear();
    this.#reads.clear();
    // Streams end with their session, which knows the cause.
    this.#watches.clear();
    this.#tickCallbacks.clear();
    for (const link of links) link.failed(code, cause);
  }

  #notice(notice: ReplicaNotice): void {
    const { clock, heartbeatMs } = this.#options;
    switch (notice.kind) {
      case 'leader':
        this.isReachable = notice.leader !== undefined;
        for (const link of this.#links.values()) link.reachable(this.isReachable);
        return;
      case 'propose-refused':
        if (notice.reason === 'overloaded') {
          for (const link of this.#links.values()) link.resendAt(clock.now() + heartbeatMs);
        }
        return;
      case 'touched': {
        const sentAtMs = this.#touchSentAtMs.get(notice.id);
        if (sentAtMs === undefined) return;
        this.#touchSentAtMs.delete(notice.id);
        for (const sessionId of notice.sessions) {
          this.#untouched.delete(sessionId);
          this.#links.get(sessionId)?.confirmed(sentAtMs);
        }
        return;
      }
      case 'installed':
        for (const link of this.#links.values()) if (!this.#endUnlessHeld(link)) link.resend();
        return;
      default:
    }
  }

  /** True: the session is gone, or somebody else holds it. */
  #endUnlessHeld(link: LocalLink): boolean {
    const { sessionId, holder } = link;
    if (this.#options.replica.machine.session(sessionId)?.holder === holder) return false;
    link.ended('SESSION_EXPIRED');
    return true;
  }

  #sendTouch(nowMs: number): void {
    if (this.#untouched.size === 0 || !this.isReachable) return;
    if (nowMs - this.#lastTouchAtMs < this.#options.heartbeatMs) return;
    this.#lastTouchAtMs = nowMs;
    this.#lastId += 1;
    this.#touchSentAtMs.set(this.#lastId, nowMs);
    for (const oldest of this.#touchSentAtMs.keys()) {
      if (this.#touchSentAtMs.size <= touchesRememberedMax) break;
      this.#touchSentAtMs.delete(oldest);
    }
    this.#options.driver.push({ kind: 'touch', id: this.#lastId, sessions: [...this.#untouched] });
  }

  #announceDurable(): void {
    const { durableIndex } = this.#options.replica.raft;
    if (durableIndex <= this.#durableIndex) return;
    this.#durableIndex = durableIndex;
    for (const link of this.#links.values()) if (link.wantsDurable) link.durable(durableIndex);
  }

  #deliver(delivery: WatchDelivery): void {
    const watch = this.#watches.get(delivery.id);
    if (watch === undefined) return;
    if (delivery.kind === 'compacted' || delivery.kind === 'too-large') this.#watches.delete(delivery.id);
    watch.deliver(delivery);
  }
}
