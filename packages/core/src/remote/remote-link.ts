/**
 * The link of a session without a replica: keeps every call until it is answered, and says all that is unanswered
 * again, in its order, to the peer that serves the session next. Nothing is lost with a connection, and nothing
 * happens twice: apply knows every request number, a read changes nothing, a watch goes on after what it has.
 *
 * The session never goes back: a peer serves it only from a state that is not older than `#zxid`.
 */
import { CoordinationError } from '../errors.ts';
import type { PeerLimits } from '../limits.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { LinkEvents, LinkRead, LinkWatch, SessionLink, SubmittedBatch } from '../session/link.ts';
import { protocolError } from '../wire/fields.ts';
import type {
  Greeting,
  ServedLimits,
  SessionAnswer,
  SessionRequest,
  Welcome,
} from '../wire/session-messages.ts';
import { decodedAnswer } from './decoded.ts';
import { Line, type LineEvents, type LineOptions } from './line.ts';
import { Outgoing } from './outgoing.ts';
import { KeptBatches } from './kept-batches.ts';
import { lowerOf } from './lower-limits.ts';
import { RemoteWatch } from './remote-watch.ts';
import { lineTiming, type LineTiming } from './timing.ts';
import { Touches } from './touches.ts';

/** Who the session is, once it has been opened. */
interface Identity {
  readonly sessionId: number;
  readonly holder: number;
  readonly secret: Uint8Array;
}

export interface RemoteLinkOptions extends LineOptions {
  readonly ensemble: string;
  readonly secret: Uint8Array;
  /** Says that the session begins: a greeting of kind `open` or `resume`. */
  readonly opening: Greeting;
  readonly timeoutMs: number;
  readonly limits: PeerLimits;
  /** The session exists. Called once. */
  began(welcome: Welcome, greetedAtMs: number): void;
  /** Whether something waits that keeps the process alive. */
  keepAlive(alive: boolean): void;
  /** Nothing is needed any more. */
  ended(): void;
  /** An attempt to begin was in vain. True: give up. */
  failed(peer: string, cause: unknown): boolean;
}

interface KeptBatch {
  readonly kind: 'batch';
  readonly batch: SubmittedBatch;
}

interface KeptRead {
  readonly kind: 'read';
  readonly read: LinkRead;
}

interface KeptWatch {
  readonly kind: 'watch';
  readonly watch: RemoteWatch;
}

type Kept = KeptBatch | KeptRead | KeptWatch;

export class RemoteLink implements SessionLink, LineEvents {
  readonly #options: RemoteLinkOptions;
  readonly #line: Line;
  readonly #clock: Clock;
  /** Unanswered calls by their number, which is their place in the order; also the id of a read or watch. */
  readonly #kept = new Map<number, Kept>();
  readonly #batches = new KeptBatches();
  /** Calls up to this number have been sent to some peer. */
  #sentThrough = 0;
  #lastCall = 0;
  readonly #outgoing: Outgoing;
  readonly #touches = new Touches();
  readonly #tickCallbacks = new Set<(nowMs: number) => void>();
  #events: LinkEvents | undefined;
  #identity: Identity | undefined;
  #timing: LineTiming;
  #served: ServedLimits | undefined;
  #limits: PeerLimits;
  #zxid = 0;
  /** Answers so far, over all connections; orders them for the watches. */
  #answerCount = 0;
  #seen = { answerCount: 0, zxid: 0 };
  #wantsDurable = false;
  /** Since when the peer knows of no leader; undefined: it knows one. */
  #leaderlessSinceMs: number | undefined;
  #isClosed = false;

  constructor(options: RemoteLinkOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#timing = lineTiming(options.timeoutMs);
    this.#line = new Line(options, this);
    this.#outgoing = new Outgoing(this.#line, {
      kindOf: (number) => this.#kept.get(number)?.kind,
      requestOf: (number) => this.#requestOf(number),
    });
  }

  get line(): Line {
    return this.#line;
  }

  get limits(): PeerLimits {
    return this.#limits;
  }

  get valueBytesMax(): number {
    return this.#served?.valueBytesMax ?? 0;
  }

  // --- what the session calls ------------------------------------------------------------------------------

  open(events: LinkEvents): void {
    this.#events = events;
  }

  submit(batch: SubmittedBatch): void {
    if (batch.announceDurable) this.#wantsDurable = true;
    this.#batches.add(this.#lastCall + 1, batch);
    this.#keep({ kind: 'batch', batch });
  }

  isUnsent(request: number): boolean {
    const number = this.#batches.numberOf(request);
    return number !== undefined && number > this.#sentThrough;
  }

  read(read: LinkRead): { cancel(): void } {
    const id = this.#keep({ kind: 'read', read });
    return { cancel: () => this.#cancel(id, { kind: 'cancel-read', id }) };
  }

  watch(watch: LinkWatch): { cancel(): void } {
    const id = this.#lastCall + 1;
    this.#keep({ kind: 'watch', watch: new RemoteWatch(id, watch) });
    return { cancel: () => this.#cancel(id, { kind: 'unwatch', id }) };
  }

  /** Without a connection there is nobody to tell; the session tells again when there is. */
  touch(): void {
    if (!this.#line.isOpen) return;
    this.#outgoing.signal(() => ({ kind: 'touch', id: this.#touches.sent(this.#clock.now()) }));
  }

  now(): number {
    return this.#clock.now();
  }

  onTick(callback: (nowMs: number) => void): Timer {
    this.#tickCallbacks.add(callback);
    return { cancel: () => void this.#tickCallbacks.delete(callback), keepAlive: () => undefined };
  }

  pending(isPending: boolean): void {
    this.#line.keepAlive(isPending);
    this.#options.keepAlive(isPending);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.pending(false);
    this.#events = undefined;
    this.#kept.clear();
    this.#batches.clear();
    this.#tickCallbacks.clear();
    this.#line.close();
    this.#options.ended();
  }

  // --- what the clock tells --------------------------------------------------------------------------------

  tick(nowMs: number): void {
    this.#line.tick(nowMs);
    if (this.#line.isOpen) this.#judgePeer(nowMs);
    for (const callback of [...this.#tickCallbacks]) callback(nowMs);
  }

  /** A port of this process has failed: nothing goes on. */
  fail(cause: unknown): void {
    this.#events?.failed('FATAL', cause);
    this.close();
  }

  // --- what the line tells ---------------------------------------------------------------------------------

  greeting(): Greeting {
    const { ensemble, frameBytesMax, opening } = this.#options;
    if (this.#identity === undefined) return opening;
    const wantsDurable = this.#wantsDurable;
    return { kind: 'attach', ensemble, frameBytesMax, ...this.#identity, zxid: this.#zxid, wantsDurable };
  }

  timing(): LineTiming {
    return this.#timing;
  }

  opened(welcome: Welcome, greetedAtMs: number): void {
    const isFirst = this.#identity === undefined;
    const { sessionId, holder, timeoutMs, limits } = welcome;
    if (!isFirst && (sessionId !== this.#identity?.sessionId || holder !== this.#identity.holder)) {
      throw protocolError('a peer welcomes another session');
    }
    this.#identity ??= { sessionId, holder, secret: this.#options.secret };
    this.#timing = lineTiming(timeoutMs);
    this.#served = limits;
    this.#limits = lowerOf(this.#options.limits, limits);
    this.#saw(welcome.zxid);
    // A session that was just opened has a leader within reach; of others the peer says so next.
    this.#leaderlessSinceMs = isFirst ? undefined : this.#clock.now();
    if (isFirst) this.#options.began(welcome, greetedAtMs);
    this.#outgoing.restart(this.#kept.keys());
  }

  drained(): void {
    this.#outgoing.pump();
  }

  lost(): void {
    for (const kept of this.#kept.values()) if (kept.kind === 'watch') kept.watch.lost(this.#seen);
    this.#outgoing.stop();
    this.#touches.lost();
    this.#events?.reachable(false);
  }

  failed(peer: string, cause: unknown): boolean {
    if (this.#identity === undefined) return this.#options.failed(peer, cause);
    if (!(cause instanceof CoordinationError)) return false;
    const { code } = cause;
    // Said by a replica that has seen everything that the session has: it is true.
    if (code !== 'SESSION_EXPIRED' && code !== 'SESSION_CLOSED') return false;
    this.#events?.ended(code);
    return true;
  }

  answer(answer: Exclude<SessionAnswer, Welcome | { kind: 'refused' }>): void {
    this.#answerCount += 1;
    switch (answer.kind) {
      case 'replies':
        this.#replies(answer);
        return;
      case 'durable':
        this.#events?.durable(answer.index);
        return;
      case 'reachable':
        this.#leaderlessSinceMs = answer.isReachable ? undefined : this.#clock.now();
        this.#events?.reachable(answer.isReachable);
        return;
      case 'confirmed': {
        const sentAtMs = this.#touches.confirmed(answer.id);
        if (sentAtMs !== undefined) this.#events?.confirmed(sentAtMs);
        return;
      }
      case 'ended':
        this.#events?.ended(answer.code);
        return;
      case 'answer':
        this.#read(answer);
        return;
      case 'pong':
        this.#sawAll(answer.seenZxid);
        return;
      case 'page':
      case 'resumed':
      case 'changes':
      case 'watch-failed':
        this.#delivered(answer);
        return;
    }
  }

  // --- answers ---------------------------------------------------------------------------------------------

  #replies(answer: Extract<SessionAnswer, { kind: 'replies' }>): void {
    const { firstRequest, replies, index, seenZxid } = answer;
    this.#sawAll(seenZxid);
    const lastRequest = firstRequest + replies.length - 1;
    for (const number of this.#batches.answered(firstRequest, lastRequest)) this.#kept.delete(number);
    this.#events?.replies(firstRequest, replies, { index });
  }

  #read({ id, zxid, seenZxid, answer }: Extract<SessionAnswer, { kind: 'answer' }>): void {
    this.#sawAll(seenZxid);
    this.#saw(zxid);
    const kept = this.#kept.get(id);
    // It was cancelled, and its answer was on its way.
    if (kept?.kind !== 'read') return;
    this.#kept.delete(id);
    this.#outgoing.readDone(id);
    kept.read.settle(decodedAnswer(answer), zxid);
  }

  #delivered(
    answer: Extract<SessionAnswer, { kind: 'page' | 'resumed' | 'changes' | 'watch-failed' }>,
  ): void {
    const kept = this.#kept.get(answer.id);
    if (kept?.kind !== 'watch') return;
    switch (answer.kind) {
      case 'page':
        kept.watch.page(answer, this.#answerCount);
        this.#saw(answer.zxid);
        return;
      case 'resumed':
        kept.watch.resumed(answer, this.#answerCount);
        return;
      case 'changes':
        kept.watch.changes(answer);
        this.#saw(answer.zxid);
        return;
      case 'watch-failed':
        this.#kept.delete(answer.id);
        kept.watch.failed(answer);
        return;
    }
  }

  #saw(zxid: number): void {
    if (zxid > this.#zxid) this.#zxid = zxid;
  }

  /** All watches that were live before this answer have everything up to there. */
  #sawAll(zxid: number): void {
    this.#saw(zxid);
    this.#seen = { answerCount: this.#answerCount, zxid };
  }

  // --- requests --------------------------------------------------------------------------------------------

  #keep(kept: Kept): number {
    this.#lastCall += 1;
    this.#kept.set(this.#lastCall, kept);
    if (this.#line.isOpen) this.#outgoing.call(this.#lastCall);
    return this.#lastCall;
  }

  #cancel(id: number, request: SessionRequest): void {
    if (!this.#kept.delete(id)) return;
    if (!this.#line.isOpen || !this.#outgoing.hasSent(id)) return;
    this.#outgoing.signal(() => request);
    this.#outgoing.readDone(id);
  }

  /** Made when it is sent: until then a write can be given up, and becomes a noop in place. */
  #requestOf(number: number): SessionRequest | undefined {
    const kept = this.#kept.get(number);
    this.#sentThrough = Math.max(this.#sentThrough, number);
    switch (kept?.kind) {
      case undefined:
        return undefined;
      case 'batch':
        return { kind: 'submit', announceDurable: kept.batch.announceDurable, bytes: kept.batch.bytes };
      case 'read': {
        const { query, afterRequest, consistency } = kept.read;
        return { kind: 'read', id: number, afterRequest, consistency, query };
      }
      case 'watch':
        return kept.watch.request();
    }
  }

  /** A peer that is cut off from the others answers, but is of no use. */
  #judgePeer(nowMs: number): void {
    if (!this.#options.backOff.hasChoice) return;
    const { leaderlessMs, silenceMs } = this.#timing;
    const sinceMs = this.#leaderlessSinceMs;
    if (sinceMs !== undefined && nowMs - sinceMs > leaderlessMs) {
      this.#line.move('the peer knows of no leader');
    } else if (nowMs - (this.#touches.oldestSentAtMs ?? nowMs) > silenceMs) {
      this.#line.move('the ensemble confirms nothing through this peer');
    }
  }
}
