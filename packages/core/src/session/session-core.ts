/**
 * One session behind all of its views: admits calls, keeps their order, and ends exactly once. Views (session.ts)
 * differ only in their prefix and share this.
 *
 * Ending has two steps. From the first (`#end`) on every later call fails, definite, and the signal is aborted;
 * the second (`#finish`) fails what is still under way. They fall together but in `close()`, which waits for
 * the answers to what was called before it, bounded in time.
 */
import { CoordinationError, type ErrorCode, type Outcome } from '../errors.ts';
import { frameReserveBytes } from '../limits.ts';
import type { Timer } from '../ports/clock.ts';
import type { SessionState, WaitOptions } from './api-types.ts';
import { opBytes } from './arguments.ts';
import { CallOrder, type Step } from './call-order.ts';
import { Chroot } from './chroot.ts';
import { KeepAlive } from './keep-alive.ts';
import type { LinkEvents, SessionLink } from './link.ts';
import type { SessionObserver } from './observer.ts';
import { Outbox, WriteCall, type Write, type WriteContext } from './outbox.ts';
import type { Read, ReadContext } from './reads.ts';
import { toNothing } from './results.ts';
import { startWait, WaitingCalls, type Wait } from './waiting-calls.ts';

/** What a session is made of: the answer to its opening, and the link of the peer that serves it. */
export interface SessionCoreOptions {
  readonly link: SessionLink;
  readonly id: number;
  readonly holder: number;
  readonly secret: Uint8Array;
  /** As granted; Infinity: lasting. */
  readonly timeoutMs: number;
  /** The number of the first request of this holder. */
  readonly nextRequest: number;
  /** When the opening was sent, on the link's clock; default: now, which is right only if it was not long ago. */
  readonly openedAtMs?: number;
}

/** Something that lives as long as the session: a watch. */
export interface SessionPart {
  /** Never throws. */
  sessionEnded(error: CoordinationError): void;
}

/** Deadline of a call of a lasting session that names none: the default time-out of a session. */
const lastingDeadlineMs = 10_000;

/** Bound of `close()`: long enough for an election, short enough to wait for at the end of a program. */
const closeDeadlineMsMax = 5_000;

export class SessionCore {
  readonly link: SessionLink;
  readonly id: number;
  readonly timeoutMs: number;
  readonly order: CallOrder = new CallOrder();
  readonly outbox: Outbox;
  /** Set by {@link observe}. */
  observer: SessionObserver | undefined;
  readonly #secret: Uint8Array;
  readonly #calls: WaitingCalls;
  readonly #keepAlive: KeepAlive;
  readonly #controller: AbortController = new AbortController();
  readonly #listeners: Set<{ readonly listener: (state: SessionState) => void }> = new Set();
  readonly #parts: Set<SessionPart> = new Set();
  readonly #readContext: ReadContext;
  readonly #withdraw: (write: Write) => void;
  /** Undefined as long as this turn of the event loop has no call. */
  #turn: Turn | undefined;
  readonly #endTurn = (): void => {
    this.#turn = undefined;
  };
  #ticker: Timer | undefined;
  #isReachable = true;
  #state: SessionState = 'connected';
  /** What later calls fail with. */
  #ended: { readonly code: ErrorCode; readonly cause: unknown } | undefined;
  #isFinished = false;
  #closing: Promise<void> | undefined;

  constructor(options: SessionCoreOptions) {
    const { link, id, timeoutMs, holder, nextRequest } = options;
    this.link = link;
    this.id = id;
    this.timeoutMs = timeoutMs;
    this.#secret = options.secret.slice();
    this.#calls = new WaitingCalls((isPending) => {
      // After the end nothing holds the process: a link that was closed would never let go.
      if (!this.#isFinished || !isPending) link.pending(isPending);
    });
    this.#keepAlive = new KeepAlive({ link, timeoutMs, openedAtMs: options.openedAtMs ?? link.now() });
    this.outbox = new Outbox({
      link,
      sessionId: id,
      holder,
      nextRequest,
      confirmed: (sentAtMs) => this.#keepAlive.confirm(sentAtMs),
      isAlive: (nowMs) => {
        this.#judge(nowMs);
        return !this.#isFinished;
      },
    });
    this.#readContext = { link, outbox: this.outbox, order: this.order, observer: undefined };
    this.#withdraw = (write) => void this.order.remove(write);
    link.open(this.#linkEvents());
    this.#ticker = link.onTick((nowMs) => this.#tick(nowMs));
  }

  get state(): SessionState {
    this.#judge(this.link.now());
    return this.#state;
  }

  get secret(): Uint8Array {
    return this.#secret.slice();
  }

  get signal(): AbortSignal {
    this.#judge(this.link.now());
    return this.#controller.signal;
  }

  /** Watches of this session. */
  get partsCount(): number {
    return this.#parts.size;
  }

  /**
   * Admits a call: throws when the session is over, an option is wrong, or the signal is aborted already.
   * The time-out is judged here too, because after a stall of the event loop no tick may have come yet.
   */
  admit(options: Record<keyof WaitOptions, unknown> | undefined): Wait {
    const turn = this.#turn ?? this.#beginTurn();
    const wait = options === undefined ? turn.wait : startWait(options, turn.nowMs, this.#deadlineMsDefault);
    this.checkOpen(turn.nowMs);
    return wait;
  }

  get #deadlineMsDefault(): number {
    return this.timeoutMs === Infinity ? lastingDeadlineMs : this.timeoutMs;
  }

  /**
   * Calls of one turn of the event loop share one look at the clock, which costs a fortieth of a write. It is looked
   * at again before their batch is sent: the turn may have taken long.
   */
  #beginTurn(): Turn {
    const nowMs = this.link.now();
    this.#turn = { nowMs, wait: startWait(undefined, nowMs, this.#deadlineMsDefault) };
    queueMicrotask(this.#endTurn);
    return this.#turn;
  }

  /** Throws when the session is over. */
  checkOpen(nowMs: number): void {
    this.#judge(nowMs);
    if (this.#ended !== undefined) throw this.#endError('not-applied');
  }

  /** Tells a tool of every call and every delivery from now on. One at a time: the last one stays. */
  observe(observer: SessionObserver): void {
    this.observer = observer;
    this.outbox.observer = observer;
    this.#readContext.observer = observer;
  }

  /** For the writes of one view. */
  writeContext(chroot: Chroot): WriteContext {
    return { outbox: this.outbox, chroot, withdraw: this.#withdraw };
  }

  write(write: Write, context: WriteContext, wait: Wait): void {
    write.byteCount = opBytes(write.op);
    this.#checkRoom(write.byteCount);
    this.#enterWrite(write, context, wait);
  }

  read(read: Read, wait: Wait): void {
    this.#checkRoom(0);
    read.context = this.#readContext;
    read.begin(this.#calls, wait);
    this.observer?.called(read);
    this.order.enter(read);
  }

  /** A watch, in the order of the session's calls. */
  enter(step: Step): void {
    this.order.enter(step);
  }

  addPart(part: SessionPart): void {
    this.#parts.add(part);
  }

  removePart(part: SessionPart): void {
    this.#parts.delete(part);
  }

  /** Something without a deadline waits: the process stays alive. */
  hold(): void {
    this.#calls.hold();
  }

  release(): void {
    this.#calls.release();
  }

  onState(listener: (state: SessionState) => void): () => void {
    const entry = { listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #close(): Promise<void> {
    this.#judge(this.link.now());
    if (this.#ended !== undefined) return Promise.resolve();
    this.#end('closed', 'SESSION_CLOSED', undefined);
    return new Promise((resolve) => {
      const done = (): void => {
        resolve();
        this.#finish();
      };
      const write = new WriteCall({ kind: 'close' }, toNothing, done, done);
      const deadlineMs = Math.min(this.timeoutMs, closeDeadlineMsMax);
      const wait = { deadlineMs, deadlineAtMs: this.link.now() + deadlineMs, signal: undefined };
      this.#enterWrite(write, this.writeContext(Chroot.whole()), wait);
    });
  }

  #enterWrite(write: Write, context: WriteContext, wait: Wait): void {
    write.context = context;
    this.outbox.reserve(write.byteCount);
    write.begin(this.#calls, wait);
    this.observer?.called(write);
    this.order.enter(write);
  }

  /** A session that is not answered must not fill the memory of its process. */
  #checkRoom(byteCount: number): void {
    const { sessionRequestsInFlightMax, sessionBytesInFlightMax, batchBytesMax, frameBytesMax } =
      this.link.limits;
    if (byteCount > sessionBytesInFlightMax) {
      throw overLimit('LIMIT_EXCEEDED', 'sessionBytesInFlightMax', sessionBytesInFlightMax, byteCount);
    }
    // What does not fit a frame would be sent in vain until its deadline.
    const frameBytes = byteCount + batchBytesMax + frameReserveBytes;
    if (frameBytes > frameBytesMax) {
      throw overLimit('LIMIT_EXCEEDED', 'frameBytesMax', frameBytesMax, frameBytes);
    }
    // Callers that left keep their request numbers; callers that read have none: either may be the larger part.
    const requests = Math.max(this.#calls.count, this.outbox.unansweredCount) + 1;
    if (requests > sessionRequestsInFlightMax) {
      throw overLimit('OVERLOADED', 'sessionRequestsInFlightMax', sessionRequestsInFlightMax, requests);
    }
    const bytes = this.outbox.bytesInFlight + byteCount;
    if (byteCount > 0 && bytes > sessionBytesInFlightMax) {
      throw overLimit('OVERLOADED', 'sessionBytesInFlightMax', sessionBytesInFlightMax, bytes);
    }
  }

  #linkEvents(): LinkEvents {
    return {
      replies: (firstRequest, replies, applied) => this.outbox.replies(firstRequest, replies, applied.index),
      durable: (index) => this.outbox.durable(index),
      reachable: (isReachable) => this.#reachable(isReachable),
      confirmed: (sentAtMs) => this.#keepAlive.confirm(sentAtMs),
      ended: (code) => {
        this.#end(code === 'SESSION_EXPIRED' ? 'expired' : 'closed', code, undefined);
        this.#finish();
      },
      failed: (code, cause) => {
        this.#end('closed', code, cause);
        this.#finish();
      },
    };
  }

  #reachable(isReachable: boolean): void {
    if (this.#isReachable === isReachable) return;
    this.#isReachable = isReachable;
    if (this.#ended !== undefined) return;
    this.#setState(isReachable ? 'connected' : 'suspended');
    // The last touch may have been lost with the old leader.
    if (isReachable) this.#keepAlive.touch(this.link.now());
  }

  #tick(nowMs: number): void {
    this.#judge(nowMs);
    if (this.#isFinished) return;
    if (this.#ended === undefined) this.#keepAlive.tick(nowMs);
    this.#calls.sweep(nowMs, this.#isReachable);
  }

  /** Own judgement of the time-out. A closing session has a shorter bound already. */
  #judge(nowMs: number): void {
    if (this.#ended !== undefined || !this.#keepAlive.isOverdue(nowMs)) return;
    this.#end('expired', 'SESSION_EXPIRED', undefined);
    this.#finish();
  }

  #end(state: 'expired' | 'closed', code: ErrorCode, cause: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { code, cause };
    this.#setState(state);
    const error = this.#endError('not-applied');
    // Whoever guards something by this session must stop before anything else happens.
    this.#controller.abort(error);
    for (const part of [...this.#parts]) part.sessionEnded(error);
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#ticker?.cancel();
    this.#calls.failAll((outcome) => this.#endError(outcome));
    this.link.close();
  }

  #endError(outcome: Outcome): CoordinationError {
    const { code, cause } = this.#ended ?? { code: 'SESSION_CLOSED', cause: undefined };
    // The failure of the peer behind the link, told as it is instead of wrapped in its like.
    if (cause instanceof CoordinationError && cause.code === code) {
      return new CoordinationError(code, { outcome, details: cause.details, cause: cause.cause });
    }
    return new CoordinationError(code, { outcome, cause });
  }

  /** Listeners run later: they may call the session, and this may run inside of a call of the link. */
  #setState(state: SessionState): void {
    if (this.#state === state) return;
    this.#state = state;
    queueMicrotask(() => {
      for (const { listener } of [...this.#listeners]) {
        try {
          // Also an async one: its rejection, which nobody handles, would end the host's process.
          const result: unknown = listener(state);
          if (result instanceof Promise) result.catch(() => undefined);
        } catch {
          // A listener that throws harms nobody: neither the others nor the host.
        }
      }
    });
  }
}

/** What the calls of one turn of the event loop share. */
interface Turn {
  /** When the first of them was made. */
  readonly nowMs: number;
  /** Of calls without options. */
  readonly wait: Wait;
}

function overLimit(
  code: 'OVERLOADED' | 'LIMIT_EXCEEDED',
  limit: string,
  limitValue: number,
  measured: number,
): CoordinationError {
  return new CoordinationError(code, { details: { limit, limitValue, measured } });
}
