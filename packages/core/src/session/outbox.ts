/**
 * The session's writes on their way: each gets the next request number and joins the batch of this turn of the
 * event loop; replies settle them in that order. Sending again after a lost leader is the link's job: from here
 * a batch is submitted once.
 *
 * Invariants: request numbers are consecutive from `nextRequest`; `#calls` holds every request from
 * `#firstUnanswered` to `lastRequest`, answered ones as undefined; a number stays taken until it is answered,
 * also when its caller has left.
 */
import { BatchBuilder, giveUpRequest } from '../codec/batch.ts';
import type { Op } from '../codec/op.ts';
import type { OpError, OpResult, Reply } from '../codec/reply.ts';
import { CoordinationError, type Outcome } from '../errors.ts';
import type { Chroot } from './chroot.ts';
import type { SessionLink, SubmittedBatch } from './link.ts';
import type { SessionObserver } from './observer.ts';
import { refusal, type WriteShape } from './results.ts';
import { WaitingCall } from './waiting-calls.ts';

/** A batch that was handed to the link, and when. */
interface SentBatch extends SubmittedBatch {
  readonly sentAtMs: number;
}

/** Where a write is: waiting behind a read, in the batch of this turn, with the link, or answered. */
type Stage =
  | { readonly kind: 'held' }
  | { readonly kind: 'gathered' }
  | { readonly kind: 'sent'; readonly batch: SentBatch }
  /** Committed; only `acknowledge: 'all'` still waits then. */
  | { readonly kind: 'answered' };

const held: Stage = { kind: 'held' };
const gathered: Stage = { kind: 'gathered' };
const answered: Stage = { kind: 'answered' };

/** What the writes of one view of a session have in common. */
export interface WriteContext {
  readonly outbox: Outbox;
  readonly chroot: Chroot;
  /** Takes it out of the order if it is still held there. */
  readonly withdraw: (write: Write) => void;
}

/** One write, whatever its result is. */
export abstract class Write extends WaitingCall {
  declare readonly op: Op;
  declare request: number;
  declare stage: Stage;
  declare context: WriteContext | undefined;
  /** What it takes of the bytes that the session may have in flight. */
  declare byteCount: number;
  /** Its caller waits until every voter has it. */
  declare acknowledgeAll: boolean;

  constructor(op: Op, reject: (reason: unknown) => void) {
    super(reject);
    this.op = op;
    this.request = 0;
    this.stage = held;
    this.context = undefined;
    this.byteCount = 0;
    this.acknowledgeAll = false;
  }

  get isWrite(): true {
    return true;
  }

  get isBarrier(): boolean {
    return false;
  }

  pass(): void {
    this.context?.outbox.add(this);
  }

  override giveUp(): Outcome {
    const { stage, context } = this;
    if (context === undefined) return 'not-applied';
    if (stage.kind === 'held') context.withdraw(this);
    return context.outbox.giveUp(this);
  }

  protected override overdueCode(isReachable: boolean): 'OPERATION_TIMEOUT' | 'UNAVAILABLE' {
    const isUnsent = this.context?.outbox.isUnsent(this) ?? false;
    return super.overdueCode(isReachable && !isUnsent);
  }

  /** Settles the caller with what apply answered. */
  abstract answer(result: OpResult): void;

  refuse(error: OpError): void {
    const { context } = this;
    this.fail(context === undefined ? new CoordinationError(error.code) : refusal(error, context.chroot));
  }
}

/** A write with its result's shape. */
export class WriteCall<T> extends Write {
  declare private readonly shape: WriteShape<T>;
  declare private readonly resolve: (result: T) => void;

  constructor(op: Op, shape: WriteShape<T>, resolve: (result: T) => void, reject: (reason: unknown) => void) {
    super(op, reject);
    this.shape = shape;
    this.resolve = resolve;
  }

  override answer(result: OpResult): void {
    const { context } = this;
    if (!this.isWanted || context === undefined) return;
    let shaped: T;
    try {
      shaped = this.shape(result, context.chroot, this.op);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.stopWaiting();
    this.resolve(shaped);
  }
}

export interface OutboxOptions {
  readonly link: SessionLink;
  readonly sessionId: number;
  readonly holder: number;
  readonly nextRequest: number;
  /** A write was answered: the session was alive when its batch was sent. */
  readonly confirmed: (sentAtMs: number) => void;
  /** Asked before a batch is sent. False: the session is over, and so are its calls. */
  readonly isAlive: (nowMs: number) => boolean;
}

interface AwaitingDurable {
  readonly write: Write;
  readonly index: number;
  readonly result: OpResult;
}

export class Outbox {
  observer: SessionObserver | undefined;
  readonly #options: OutboxOptions;
  readonly #builder: BatchBuilder = new BatchBuilder();
  /** How many of the last calls are in the batch that is being gathered. */
  #gatheredCount = 0;
  #isAnnounced = false;
  #isFlushScheduled = false;
  /** A call of the gathered batch was given up. */
  #hasLeavers = false;
  /** Requests from #firstUnanswered on, from position #head. */
  #calls: (Write | undefined)[] = [];
  #head = 0;
  #firstUnanswered: number;
  /** In the order of their log index. */
  #awaitingDurable: AwaitingDurable[] = [];
  #durableIndex = 0;
  #bytesInFlight = 0;
  /** Made once: where a function makes a closure, each of its calls pays for it, also one that returns before. */
  readonly #flushScheduled = (): void => {
    this.#isFlushScheduled = false;
    this.flush();
  };

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#firstUnanswered = options.nextRequest;
  }

  /** The last request number that was given to a write. */
  get lastRequest(): number {
    return this.#firstUnanswered + this.unansweredCount - 1;
  }

  get unansweredCount(): number {
    return this.#calls.length - this.#head;
  }

  /** Bytes of writes that are held or unanswered. */
  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  /** Counts a write's bytes from its call on, although it may be held for a while. */
  reserve(byteCount: number): void {
    this.#bytesInFlight += byteCount;
  }

  /** Gives the write its number and its place in the batch. */
  add(write: Write): void {
    const { limits } = this.#options.link;
    const builder = this.#builder;
    try {
      builder.add(write.op);
    } catch (error) {
      this.#release(write);
      write.fail(error);
      return;
    }
    this.#calls.push(write);
    write.request = this.lastRequest;
    write.stage = gathered;
    this.#gatheredCount += 1;
    if (write.acknowledgeAll) this.#isAnnounced = true;
    if (builder.count >= limits.batchCommandsMax || builder.byteLength >= limits.batchBytesMax) this.flush();
    else this.#scheduleFlush();
  }

  /** Hands the batch of this turn to the link. */
  flush(): void {
    const requestCount = this.#gatheredCount;
    if (requestCount === 0) return;
    const { link, sessionId, holder } = this.#options;
    const sentAtMs = link.now();
    if (!this.#options.isAlive(sentAtMs)) return;
    const firstRequest = this.lastRequest - requestCount + 1;
    const bytes = this.#builder.finish({
      sessionId,
      holder,
      firstRequest,
      acknowledgedThrough: this.#firstUnanswered - 1,
    });
    const batch: SentBatch = {
      bytes,
      firstRequest,
      requestCount,
      announceDurable: this.#isAnnounced,
      sentAtMs,
    };
    const stage: Stage = { kind: 'sent', batch };
    const calls = this.#calls;
    for (let at = Math.max(calls.length - requestCount, 0); at < calls.length; at += 1) {
      const write = calls[at];
      // Only a link that errs answers what it was not sent.
      if (write === undefined) continue;
      write.stage = stage;
      if (this.#hasLeavers && !write.isWanted) giveUpRequest(bytes, write.request);
    }
    this.#gatheredCount = 0;
    this.#isAnnounced = false;
    this.#hasLeavers = false;
    link.submit(batch);
  }

  /** Replies to consecutive requests; those seen before are ignored. */
  replies(firstRequest: number, replies: readonly Reply[], index: number): void {
    let request = firstRequest;
    let sentAtMs = -Infinity;
    for (const reply of replies) {
      const write = this.#take(request);
      request += 1;
      if (write === undefined) continue;
      if (write.stage.kind === 'sent') sentAtMs = Math.max(sentAtMs, write.stage.batch.sentAtMs);
      this.#settle(write, reply, index);
    }
    this.#advance();
    if (sentAtMs > -Infinity) this.#options.confirmed(sentAtMs);
  }

  /** Every voter has everything up to this index. */
  durable(index: number): void {
    this.#durableIndex = Math.max(this.#durableIndex, index);
    let settled = 0;
    for (const { write, index: needed, result } of this.#awaitingDurable) {
      if (needed > this.#durableIndex) break;
      settled += 1;
      write.answer(result);
    }
    if (settled > 0) this.#awaitingDurable = this.#awaitingDurable.slice(settled);
  }

  /** True while no leader can have seen the write. */
  isUnsent(write: Write): boolean {
    switch (write.stage.kind) {
      case 'held':
        return false;
      case 'gathered':
        return true;
      case 'sent':
        return this.#options.link.isUnsent(write.request);
      case 'answered':
        return false;
    }
  }

  /** The caller has left. A write that nobody was handed becomes a noop: its number must not be missing. */
  giveUp(write: Write): Outcome {
    const { stage } = write;
    switch (stage.kind) {
      case 'held':
        this.#release(write);
        return 'not-applied';
      case 'gathered':
        this.#hasLeavers = true;
        return 'not-applied';
      case 'sent':
        if (!this.#options.link.isUnsent(write.request)) return 'unknown';
        giveUpRequest(stage.batch.bytes, write.request);
        return 'not-applied';
      case 'answered':
        this.#awaitingDurable = this.#awaitingDurable.filter((each) => each.write !== write);
        return 'applied';
    }
  }

  #settle(write: Write, reply: Reply, index: number): void {
    const { result } = reply;
    this.#release(write);
    write.stage = answered;
    this.observer?.answered(write, reply.zxid);
    if (result.kind === 'error') {
      write.refuse(result);
    } else if (write.acknowledgeAll && index > this.#durableIndex && write.isWanted) {
      this.#awaitingDurable.push({ write, index, result });
    } else {
      write.answer(result);
    }
  }

  #take(request: number): Write | undefined {
    const at = this.#head + request - this.#firstUnanswered;
    if (at < this.#head) return undefined;
    const write = this.#calls[at];
    if (write !== undefined) this.#calls[at] = undefined;
    return write;
  }

  /** Moves over what is answered; the array is cut when half of it is behind. */
  #advance(): void {
    while (this.#head < this.#calls.length && this.#calls[this.#head] === undefined) {
      this.#head += 1;
      this.#firstUnanswered += 1;
    }
    if (this.#head === this.#calls.length) this.#calls = [];
    else if (this.#head * 2 > this.#calls.length) this.#calls = this.#calls.slice(this.#head);
    else return;
    this.#head = 0;
  }

  #release(write: Write): void {
    this.#bytesInFlight -= write.byteCount;
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    queueMicrotask(this.#flushScheduled);
  }
}
