/**
 * One end of a connection between two threads: a MessagePort, made bounded.
 *
 * What is sent in one turn of the event loop travels as one packet. A sender may have a window of frames on their
 * way; the receiver gives room back after it has handed them out, with its next packet or, when it has none to send,
 * once a quarter of the window is due. So at least three quarters of the window always come back, and a sender never
 * waits for ever. A frame may begin whenever any of the window is left: the largest passes however small the window.
 *
 * The end of a port arrives behind all that was posted to it, also when the other thread crashed or was terminated.
 */
import type { MessagePort } from 'node:worker_threads';
import type { ChannelLimits } from './limits.ts';
import { type Credit, pack, unpack } from './packet.ts';

export interface ChannelEvents {
  frame(bytes: Uint8Array): void;
  /** The other end's first packet has arrived. */
  greeted?(): void;
  /** There is room again after `send` answered false. */
  drained?(): void;
  /** The other end, or its thread, is gone. Nothing follows. */
  closed(): void;
}

export class ChannelEnd {
  readonly #port: MessagePort;
  readonly #limits: ChannelLimits;
  readonly #events: ChannelEvents;
  /** Frames that wait for this turn to end, or for the window to open. */
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** Frames on their way: posted, and not yet given back as credit. */
  readonly #posted: Credit = { frames: 0, bytes: 0 };
  /** What was handed out here and not given back yet. */
  readonly #owed: Credit = { frames: 0, bytes: 0 };
  #isFlushScheduled = false;
  #hasRefused = false;
  #isGreeted = false;
  /** `ending`: nothing is accepted or told any more, but what waits is still written. */
  #state: 'open' | 'ending' | 'closed' = 'open';
  #ending: Promise<void> | undefined;
  #ended: (() => void) | undefined;

  constructor(port: MessagePort, limits: ChannelLimits, events: ChannelEvents) {
    this.#port = port;
    this.#limits = limits;
    this.#events = events;
    port.on('message', (buffer: ArrayBuffer) => this.#receive(buffer));
    port.on('close', () => this.#closed());
    port.unref();
  }

  /** False: this end is closed, or too much waits already. */
  send(bytes: Uint8Array): boolean {
    if (this.#state !== 'open') return false;
    if (this.#isFull(bytes.length)) {
      this.#hasRefused = true;
      return false;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#scheduleFlush();
    return true;
  }

  /** Says that somebody is here, by an empty packet. */
  greet(): void {
    this.#post([]);
  }

  /** Whether this connection keeps its thread alive; false at first. */
  keepAlive(alive: boolean): void {
    if (alive) this.#port.ref();
    else this.#port.unref();
  }

  /** Ends it after what waits has been written. Nothing is told any more. */
  end(): Promise<void> {
    this.#ending ??= new Promise((resolve) => {
      this.#ended = resolve;
    });
    if (this.#state === 'open') {
      this.#state = 'ending';
      this.#flush();
    }
    if (this.#state === 'closed') this.#ended?.();
    return this.#ending;
  }

  /** Ends it at once and drops what waits. Nothing is told any more. */
  destroy(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#port.close();
    this.#ended?.();
  }

  #isFull(byteCount: number): boolean {
    const { queueFramesMax, queueBytesMax } = this.#limits;
    if (this.#queue.length === 0) return false;
    return this.#queue.length >= queueFramesMax || this.#queuedBytes + byteCount > queueBytesMax;
  }

  /** All of one turn goes together: a microtask runs when whatever sends has come to its end. */
  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    queueMicrotask(() => {
      this.#isFlushScheduled = false;
      if (this.#state !== 'closed') this.#flush();
    });
  }

  #flush(): void {
    const frames = this.#takeFrames();
    if (frames.length > 0 || this.#isCreditDue()) this.#post(frames);
    if (this.#state === 'ending' && this.#queue.length === 0) this.destroy();
    if (this.#hasRefused && this.#state === 'open' && this.#isHalfEmpty()) {
      this.#hasRefused = false;
      this.#events.drained?.();
    }
  }

  /** As many of the waiting frames as the window has room for. */
  #takeFrames(): readonly Uint8Array[] {
    const { windowFramesMax, windowBytesMax } = this.#limits;
    const posted = this.#posted;
    let count = 0;
    for (const { length } of this.#queue) {
      if (posted.frames >= windowFramesMax || posted.bytes >= windowBytesMax) break;
      posted.frames += 1;
      posted.bytes += length;
      this.#queuedBytes -= length;
      count += 1;
    }
    if (count < this.#queue.length) return this.#queue.splice(0, count);
    const all = this.#queue;
    this.#queue = [];
    return all;
  }

  #post(frames: readonly Uint8Array[]): void {
    const buffer = pack({ credit: this.#owed, frames });
    this.#owed.frames = 0;
    this.#owed.bytes = 0;
    this.#port.postMessage(buffer, [buffer]);
  }

  #isCreditDue(): boolean {
    const { windowFramesMax, windowBytesMax } = this.#limits;
    return this.#owed.frames * 4 >= windowFramesMax || this.#owed.bytes * 4 >= windowBytesMax;
  }

  #isHalfEmpty(): boolean {
    const { queueFramesMax, queueBytesMax } = this.#limits;
    return this.#queue.length * 2 <= queueFramesMax && this.#queuedBytes * 2 <= queueBytesMax;
  }

  #receive(buffer: ArrayBuffer): void {
    if (this.#state === 'closed') return;
    const { credit, frames } = unpack(buffer);
    this.#posted.frames -= credit.frames;
    this.#posted.bytes -= credit.bytes;
    if (!this.#isGreeted) {
      this.#isGreeted = true;
      if (this.#state === 'open') this.#events.greeted?.();
    }
    for (const frame of frames) {
      this.#owed.frames += 1;
      this.#owed.bytes += frame.length;
      // A listener may have ended this connection meanwhile.
      if (this.#state === 'open') this.#events.frame(frame);
    }
    if (this.#queue.length > 0 || this.#isCreditDue()) this.#scheduleFlush();
  }

  #closed(): void {
    const wasOpen = this.#state === 'open';
    this.destroy();
    if (wasOpen) this.#events.closed();
  }
}
