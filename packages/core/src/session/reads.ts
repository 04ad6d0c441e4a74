/**
 * Reads of a session: each keeps its place after the request that was numbered last when it went to the link.
 * A linearizable one is a barrier for later calls from the moment the link has it until it is answered.
 */
import type { SessionQuery } from '../codec/query.ts';
import type { Outcome } from '../errors.ts';
import type { CallOrder } from './call-order.ts';
import type { Chroot } from './chroot.ts';
import type { LinkAnswer, SessionLink } from './link.ts';
import type { SessionObserver } from './observer.ts';
import type { Outbox } from './outbox.ts';
import { failure, type ReadShape } from './results.ts';
import { WaitingCall } from './waiting-calls.ts';

/** What a read needs of its session. */
export interface ReadContext {
  readonly link: SessionLink;
  readonly outbox: Outbox;
  readonly order: CallOrder;
  observer: SessionObserver | undefined;
}

/** What is asked, by whom. */
export interface ReadQuestion {
  readonly query: SessionQuery;
  readonly consistency: 'session' | 'linearizable';
  readonly chroot: Chroot;
}

/** One read, whatever its result is. */
export abstract class Read extends WaitingCall {
  readonly isWrite = false;
  readonly question: ReadQuestion;
  context: ReadContext | undefined;
  #handle: { cancel(): void } | undefined;
  /** The barrier is raised. */
  #isRaised = false;

  constructor(question: ReadQuestion, reject: (reason: unknown) => void) {
    super(reject);
    this.question = question;
  }

  get isBarrier(): boolean {
    return this.question.consistency === 'linearizable';
  }

  pass(): void {
    const { context } = this;
    if (context === undefined) return;
    const { link, outbox, order } = context;
    // What was written before must reach the link before.
    outbox.flush();
    const { query, consistency } = this.question;
    if (this.isBarrier) {
      this.#isRaised = true;
      order.raiseBarrier();
    }
    const handle = link.read({
      query,
      afterRequest: outbox.lastRequest,
      consistency,
      settle: (answer, zxid) => {
        context.observer?.answered(this, zxid);
        this.#settle(answer);
      },
    });
    if (this.isWanted) this.#handle = handle;
  }

  override giveUp(): Outcome {
    if (this.#handle === undefined) this.context?.order.remove(this);
    else this.#handle.cancel();
    this.#handle = undefined;
    this.#lowerBarrier();
    return 'not-applied';
  }

  /** Settles the caller. */
  protected abstract answer(answer: LinkAnswer): void;

  #settle(answer: LinkAnswer): void {
    this.#handle = undefined;
    this.#lowerBarrier();
    if (!this.isWanted) return;
    if (answer.kind === 'failed') this.fail(failure(answer.code, answer.details, this.question.chroot));
    else this.answer(answer);
  }

  #lowerBarrier(): void {
    if (!this.#isRaised) return;
    this.#isRaised = false;
    this.context?.order.lowerBarrier();
  }
}

/** A read with its result's shape. */
export class ReadCall<T> extends Read {
  readonly #shape: ReadShape<T>;
  readonly #resolve: (result: T) => void;

  constructor(
    question: ReadQuestion,
    shape: ReadShape<T>,
    resolve: (result: T) => void,
    reject: (reason: unknown) => void,
  ) {
    super(question, reject);
    this.#shape = shape;
    this.#resolve = resolve;
  }

  protected override answer(answer: LinkAnswer): void {
    let shaped: T;
    try {
      shaped = this.#shape(answer, this.question.chroot, this.question.query);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.stopWaiting();
    this.#resolve(shaped);
  }
}
