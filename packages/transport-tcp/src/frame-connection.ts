/**
 * One connection whose ends know each other: frames in, frames out.
 *
 * Sending never waits and never writes at once: frames queue, and one write carries what a turn has sent, or what was
 * sent until the sender asked for it. At most one write of bounded size is under way; while the network takes no more, frames stay in the queue, which has
 * bounds. `closed` is told exactly once, from the event loop, and nothing of this connection follows it.
 */
import type { Socket } from 'node:net';
import { FrameQueue, type FrameQueueBounds } from './frame-queue.ts';
import { FrameReader } from './frame-reader.ts';
import { progressBytes } from './limits.ts';
import type { TurnFlusher } from './turn-flusher.ts';

export interface FrameConnectionOptions {
  readonly socket: Socket;
  readonly flusher: TurnFlusher;
  /** Longest frame that this end accepts. */
  readonly receivedFrameBytesMax: number;
  /** Longest frame that the other end accepts, and this one sends. */
  readonly sentFrameBytesMax: number;
  readonly queue: FrameQueueBounds;
}

export interface FrameConnectionEvents {
  frame(bytes: Uint8Array): void;
  /** There is room again after `send` answered false. */
  drained(): void;
  closed(reason: string): void;
}

export class FrameConnection {
  readonly #socket: Socket;
  readonly #options: FrameConnectionOptions;
  readonly #events: FrameConnectionEvents;
  readonly #queue: FrameQueue;
  readonly #reader: FrameReader;
  #isOpen = true;
  #isEnding = false;
  /** Our last byte is written; the other end's is still to come. */
  #isEnded = false;
  #isFlushAsked = false;
  #isWriting = false;
  #wantsRoom = false;
  #reason = 'the other end closed it';
  /** Count what moves, so that a sweep sees what does not. */
  #writesDone = 0;
  #framesRead = 0;
  #bytesRead = 0;
  #seen = { writesDone: 0, framesRead: 0, bytesRead: 0, isWriting: false, isPartial: false, isEnded: false };

  constructor(options: FrameConnectionOptions, events: FrameConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#socket = options.socket;
    this.#queue = new FrameQueue(options.queue);
    this.#reader = new FrameReader(options.receivedFrameBytesMax);
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    // After the other end's last byte there is nobody to write to: the connection is over at once.
    socket.on('end', () => this.#closed());
    socket.on('error', (error) => {
      this.#reason = error.message;
    });
    socket.on('close', () => this.#closed());
  }

  /** Bytes that arrived together with the end of the handshake. Call once, before anything else can arrive. */
  begin(rest: Buffer): void {
    if (rest.length > 0) this.#read(rest);
    this.#socket.resume();
  }

  send(bytes: Uint8Array): boolean {
    if (!this.#isOpen || this.#isEnding) return false;
    if (bytes.length > this.#options.sentFrameBytesMax) return false;
    const hasRoom = this.#queue.push(bytes);
    if (!hasRoom) this.#wantsRoom = true;
    this.#askForFlush();
    return hasRoom;
  }

  /** Writes what waits, unless a write is still under way. */
  flush(): void {
    this.#isFlushAsked = false;
    if (!this.#isOpen || this.#isWriting) return;
    if (this.#queue.isEmpty) {
      this.#idle();
      return;
    }
    const buffers = this.#queue.take(progressBytes);
    this.#isWriting = true;
    const last = buffers.length - 1;
    if (last > 0) this.#socket.cork();
    for (const [index, buffer] of buffers.entries()) {
      if (index === last) this.#socket.write(buffer, this.#written);
      else this.#socket.write(buffer);
    }
    if (last > 0) this.#socket.uncork();
  }

  /** Ends it after everything that waits has been written; frames that still come are delivered until then. */
  end(): void {
    if (this.#isEnding || !this.#isOpen) return;
    this.#isEnding = true;
    this.#askForFlush();
  }

  /** Ends it at once and drops what waits. `closed` is told, but not from inside this call. */
  destroy(reason: string): void {
    if (!this.#isOpen) return;
    this.#reason = reason;
    this.#socket.destroy();
  }

  /** Ends it at once; nothing is told. */
  abandon(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  /** Whether this connection alone keeps the process alive. */
  keepAlive(alive: boolean): void {
    if (alive) this.#socket.ref();
    else this.#socket.unref();
  }

  /**
   * Called once a stall's time: what was under way at the last call and has not moved since will not move.
   */
  sweep(): void {
    const seen = this.#seen;
    const isWriteStalled = seen.isWriting && this.#isWriting && seen.writesDone === this.#writesDone;
    const hasRead = this.#framesRead > seen.framesRead || this.#bytesRead - seen.bytesRead >= progressBytes;
    const isReadStalled = seen.isPartial && this.#reader.isPartial && !hasRead;
    this.#seen = {
      writesDone: this.#writesDone,
      framesRead: this.#framesRead,
      bytesRead: this.#bytesRead,
      isWriting: this.#isWriting,
      isPartial: this.#reader.isPartial,
      isEnded: this.#isEnded,
    };
    if (seen.isEnded) this.destroy('the other end did not close in time');
    else if (isWriteStalled) this.destroy('the other end took nothing for too long');
    else if (isReadStalled) this.destroy('a frame had begun and did not go on');
  }

  readonly #written = (error?: Error | null): void => {
    this.#isWriting = false;
    this.#writesDone += 1;
    // The socket tells of its end by itself.
    if (error === undefined || error === null) this.flush();
  };

  readonly #deliver = (frame: Uint8Array): boolean => {
    this.#framesRead += 1;
    this.#events.frame(frame);
    return this.#isOpen;
  };

  #read(chunk: Buffer): void {
    if (!this.#isOpen) return;
    this.#bytesRead += chunk.length;
    if (!this.#reader.read(chunk, this.#deliver)) this.destroy('it sent a longer frame than is allowed');
  }

  #askForFlush(): void {
    if (this.#isFlushAsked) return;
    this.#isFlushAsked = true;
    this.#options.flusher.add(this);
  }

  /** Everything has been written. */
  #idle(): void {
    if (this.#wantsRoom) {
      this.#wantsRoom = false;
      this.#events.drained();
    }
    if (!this.#isEnding || !this.#queue.isEmpty) return;
    this.#isEnded = true;
    this.#socket.end();
  }

  #closed(): void {
    this.#socket.destroy();
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#events.closed(this.#reason);
  }
}
