/** All connections of a transport whose ends know each other: opens them, looks for stalled ones, ends them. */
import type { Acquainted } from './dial.ts';
import { FrameConnection, type FrameConnectionEvents } from './frame-connection.ts';
import type { FrameQueueBounds } from './frame-queue.ts';
import { closeMsMax, type TcpLimits } from './limits.ts';
import { TurnFlusher } from './turn-flusher.ts';

export class OpenConnections {
  readonly #frameBytesMax: number;
  readonly #limits: TcpLimits;
  readonly #flusher = new TurnFlusher();
  readonly #all = new Set<FrameConnection>();
  #timer: NodeJS.Timeout | undefined;
  /** Who waits until all are gone: more than one, if it is closed more than once. */
  readonly #waiting = new Set<() => void>();

  constructor(frameBytesMax: number, limits: TcpLimits) {
    this.#frameBytesMax = frameBytesMax;
    this.#limits = limits;
  }

  open(
    { socket, counterpart }: Acquainted,
    bytesMax: number,
    events: FrameConnectionEvents,
  ): FrameConnection {
    socket.setTimeout(0);
    const queue: FrameQueueBounds = { framesMax: this.#limits.queueFramesMax, bytesMax };
    const connection = new FrameConnection(
      {
        socket,
        flusher: this.#flusher,
        receivedFrameBytesMax: this.#frameBytesMax,
        sentFrameBytesMax: Math.min(this.#frameBytesMax, counterpart.frameBytesMax),
        queue,
      },
      events,
    );
    connection.keepAlive(false);
    this.#all.add(connection);
    socket.once('close', () => this.#forget(connection));
    this.#sweepWhileThereAreSome();
    return connection;
  }

  /** Writes at once what waits for the end of this turn. */
  flush(): void {
    this.#flusher.flush();
  }

  /** Ends all; gracefully: after what is queued has been written, for a bounded time. */
  async close(isAbrupt: boolean): Promise<void> {
    if (!isAbrupt && this.#all.size > 0) {
      for (const connection of this.#all) connection.end();
      await this.#allGone(closeMsMax);
    }
    for (const connection of this.#all) connection.abandon();
    await this.#allGone(closeMsMax);
    clearInterval(this.#timer);
  }

  #allGone(longestMs: number): Promise<void> {
    if (this.#all.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, longestMs);
      this.#waiting.add(done);
    });
  }

  #forget(connection: FrameConnection): void {
    this.#all.delete(connection);
    if (this.#all.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const done of this.#waiting) done();
  }

  #sweepWhileThereAreSome(): void {
    this.#timer ??= setInterval(() => {
      for (const connection of this.#all) connection.sweep();
    }, this.#limits.stallMsMax).unref();
  }
}
