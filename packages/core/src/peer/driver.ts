/**
 * Runs one replica: feeds it inputs in order and performs its outputs in their one legal order. All waiting,
 * all clocks and all I/O of a peer are here and in the adapters; everything that decides is in the replica.
 *
 * Inputs of one turn of the event loop are gathered and stepped together, so a promise, a timer or a message
 * per command is never needed.
 */
import { CoordinationError } from '../errors.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Checksum } from '../ports/checksum.ts';
import type { Logger } from '../ports/logger.ts';
import type { Storage } from '../ports/storage.ts';
import type { Transport } from '../ports/transport.ts';
import type { ProposedBatch, ReplicaInput, ReplicaMessage, ReplicaOutput } from '../replica/contract.ts';
import type { Replica } from '../replica/replica.ts';
import { decodeFrame, encodeFrame, isSameFrame } from '../wire/frame.ts';
import { stopped } from './failures.ts';
import type { PeerObserver } from './observer.ts';
import { PersistQueue } from './persist-queue.ts';

/** How often a full disk is tried: soon enough to be of use, seldom enough to leave the disk to those who clear it. */
const storageRetryMs = 500;

/** An input without its stamp: the driver adds the wall time. */
export type UnstampedInput = ReplicaInput extends infer Input
  ? Input extends ReplicaInput
    ? Omit<Input, 'wallMs'>
    : never
  : never;

export interface DriverOptions {
  /** Of this member. */
  readonly id: string;
  readonly replica: Replica;
  readonly storage: Storage;
  readonly transport: Transport | undefined;
  readonly checksum: Checksum;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly frameBytesMax: number;
  readonly tickMs: number;
  readonly heartbeatMs: number;
  readonly observer?: PeerObserver | undefined;
}

export interface DriverEvents {
  /** One output, after its writes and messages are on their way; watches, replies and reads are still to be handed out. */
  output(output: ReplicaOutput): void;
  /** A message that arrived whole, before the replica sees it. */
  received(message: ReplicaMessage): void;
  /** A tick has passed, after the replica saw it. */
  tick(nowMs: number): void;
  /** The peer cannot go on. Called once; the driver has stopped. */
  fatal(error: CoordinationError): void;
}

export class Driver {
  readonly #options: DriverOptions;
  readonly #events: DriverEvents;
  readonly #persistQueue: PersistQueue;
  #inbox: UnstampedInput[] = [];
  #submits: ProposedBatch[] = [];
  #isScheduled = false;
  /** A `continue` is on its way; it is dropped if another input has done what there was to do. */
  #isContinuing = false;
  #wantsMore = false;
  #isStopped = false;
  #timer: Timer | undefined;
  #tickedAtMs = 0;
  #isTickDeferred = false;
  #storageTriedAtMs = 0;

  constructor(options: DriverOptions, events: DriverEvents) {
    this.#options = options;
    this.#events = events;
    this.#persistQueue = new PersistQueue(options.storage, {
      persisted: (tickets) => {
        for (const ticket of tickets) this.push({ kind: 'persisted', ticket });
      },
      send: (messages) =>
        this.#guard(() => {
          this.#send(messages);
          this.#options.transport?.flush?.();
        }),
      failed: (cause) => this.#fail(stopped('STORAGE_FAILED', cause)),
      full: (cause) => {
        options.logger.warn({ cause }, 'there is no room on the disk: this peer waits for some');
        this.push({ kind: 'storage', full: true });
      },
      writable: () => this.push({ kind: 'storage', full: false }),
    });
  }

  get inboxLength(): number {
    return this.#inbox.length + this.#submits.length;
  }

  get persistsWaiting(): number {
    return this.#persistQueue.length;
  }

  start(): void {
    const { clock, replica, tickMs } = this.#options;
    this.#guard(() => {
      this.#tickedAtMs = clock.now();
      this.#timer = clock.every(tickMs, () => this.#onTimer());
      this.#timer.keepAlive(false);
      const output = replica.start(clock.wallNow());
      this.#options.observer?.stepped(undefined, output);
      this.#perform(output);
      this.#release();
    });
  }

  /** Stops at once. Nothing is handed out any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#persistQueue.stop();
    this.#inbox = [];
    this.#submits = [];
  }

  /** Whether something waits that should keep the process alive. */
  keepAlive(alive: boolean): void {
    this.#timer?.keepAlive(alive);
  }

  push(input: UnstampedInput): void {
    if (this.#isStopped) return;
    this.#inbox.push(input);
    this.#schedule();
  }

  /** A batch of a local session: all of one turn go to the leader together. */
  submit(batch: ProposedBatch): void {
    if (this.#isStopped) return;
    this.#submits.push(batch);
    this.#schedule();
  }

  /** A frame that arrived. Frames that break the protocol are dropped: the sender will try again. */
  receive(from: string, bytes: Uint8Array): void {
    if (this.#isStopped) return;
    const { id, checksum, frameBytesMax, logger } = this.#options;
    try {
      const message = decodeFrame(bytes, { to: id, checksum, frameBytesMax });
      if (message.from !== from) {
        logger.warn({ from, claimed: message.from }, 'a frame names another sender than its connection');
        return;
      }
      this.#events.received(message);
      this.push({ kind: 'message', message });
    } catch (error) {
      // Never into the transport, which knows nothing of what failed here.
      if (!(error instanceof CoordinationError)) this.fail(error);
      else logger.warn({ from, code: error.code, reason: error.message }, 'a frame was refused');
    }
  }

  /** Something that belongs to this peer failed outside of a step. */
  fail(cause: unknown): void {
    this.#fail(stopped('FATAL', cause));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#guard(() => this.#drain());
    });
  }

  #drain(): void {
    const inputs = this.#inbox;
    this.#inbox = [];
    for (const input of inputs) this.#step(input);
    if (this.#submits.length > 0 && !this.#isStopped) {
      const batches = this.#submits;
      this.#submits = [];
      this.#step({ kind: 'submit', batches });
    }
    this.#release();
  }

  /**
   * Lets go of what the steps before have queued: first what is sent, so that others work while this peer's disk does,
   * then what is written.
   */
  #release(): void {
    if (this.#isStopped) return;
    this.#options.transport?.flush?.();
    this.#persistQueue.start();
  }

  #step(input: UnstampedInput): void {
    if (this.#isStopped) return;
    const { clock, observer, replica } = this.#options;
    const stamped = stamp(input, clock.wallNow());
    const output = replica.step(stamped);
    observer?.stepped(stamped, output);
    this.#perform(output);
  }

  #perform(output: ReplicaOutput): void {
    if (output.persists.length > 0) this.#persistQueue.push(output.persists, []);
    this.#send(output.sendNow);
    if (output.sendAfterPersist.length > 0) this.#persistQueue.push([], output.sendAfterPersist);
    for (const request of output.snapshotReads) this.#readSnapshot(request);
    // A port failed meanwhile: everybody has been told so, and nothing is handed out any more.
    if (this.#isStopped) return;
    this.#events.output(output);
    this.#wantsMore = output.more;
    if (output.more) this.#continueLater();
  }

  /** After what has arrived meanwhile. */
  #continueLater(): void {
    if (this.#isContinuing) return;
    this.#isContinuing = true;
    this.#options.clock.afterInput(() => {
      this.#isContinuing = false;
      if (this.#wantsMore) this.push({ kind: 'continue' });
    });
  }

  #send(messages: readonly ReplicaMessage[]): void {
    const { transport, checksum, observer } = this.#options;
    if (transport === undefined || this.#isStopped) return;
    let before: { readonly message: ReplicaMessage; readonly frame: Uint8Array } | undefined;
    for (const message of messages) {
      observer?.sent(message);
      // What goes to all followers is encoded once.
      const isSame = before !== undefined && isSameFrame(before.message, message);
      const frame = isSame && before !== undefined ? before.frame : encodeFrame(message, checksum);
      before = { message, frame };
      transport.send(message.to, frame);
    }
  }

  #readSnapshot(request: ReplicaOutput['snapshotReads'][number]): void {
    const { to, meta, offset, length } = request;
    try {
      this.#options.storage.readSnapshot(meta, { offset, length }).then(
        (read) =>
          this.push({
            kind: 'snapshot-read',
            to,
            meta,
            offset,
            bytes: read?.bytes,
            last: read?.last ?? false,
          }),
        (cause: unknown) => this.#fail(stopped('STORAGE_FAILED', cause)),
      );
    } catch (cause) {
      this.#fail(stopped('STORAGE_FAILED', cause));
    }
  }

  /**
   * After a stall of the event loop, messages wait unread while the timer is already due. Acting on the timer
   * first would start an election against a leader that was never silent (measured: a 400 ms stall does it),
   * so a late tick lets the input be read before.
   */
  #onTimer(): void {
    const { clock, heartbeatMs } = this.#options;
    if (this.#isTickDeferred) return;
    this.#guard(() => {
      if (clock.now() - this.#tickedAtMs <= heartbeatMs) {
        this.#tick();
        return;
      }
      this.#isTickDeferred = true;
      clock.afterInput(() => {
        this.#isTickDeferred = false;
        this.#guard(() => this.#tick());
      });
    });
  }

  #tick(): void {
    const { clock, tickMs } = this.#options;
    const now = clock.now();
    const count = Math.floor((now - this.#tickedAtMs) / tickMs);
    if (count <= 0) return;
    this.#tickedAtMs += count * tickMs;
    if (now - this.#storageTriedAtMs >= storageRetryMs) {
      this.#storageTriedAtMs = now;
      this.#persistQueue.retry();
    }
    this.#drain();
    this.#step({ kind: 'tick', count });
    this.#release();
    if (!this.#isStopped) this.#events.tick(now);
  }

  #guard(work: () => void): void {
    if (this.#isStopped) return;
    try {
      work();
    } catch (cause) {
      this.fail(cause);
    }
  }

  #fail(error: CoordinationError): void {
    if (this.#isStopped) return;
    this.#options.logger.error({ code: error.code, cause: error.cause }, 'this peer has stopped');
    this.stop();
    this.#events.fatal(error);
  }
}

/** In place: whoever pushed an input has let go of it, and a copy costs more than what many inputs do. */
function stamp(input: UnstampedInput, wallMs: number): ReplicaInput {
  return Object.assign(input, { wallMs });
}
