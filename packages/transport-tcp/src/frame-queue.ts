/**
 * Frames that wait for their connection, bounded by count and bytes, and how they become buffers to write:
 * small ones are gathered with their lengths into one buffer, large ones are passed on as they are.
 */
import { gatheredFrameBytesMax } from './limits.ts';

const lengthBytes = 4;

export interface FrameQueueBounds {
  readonly framesMax: number;
  readonly bytesMax: number;
}

export class FrameQueue {
  readonly #bounds: FrameQueueBounds;
  #frames: Uint8Array[] = [];
  #firstIndex = 0;
  /** Bytes of the first frame that were taken already: a large one is taken in parts. */
  #taken = 0;
  #queuedBytes = 0;

  constructor(bounds: FrameQueueBounds) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#firstIndex === this.#frames.length;
  }

  /** False: it is full. A frame of any permitted size passes an empty queue, or it never could. */
  push(frame: Uint8Array): boolean {
    if (!this.isEmpty) {
      const { framesMax, bytesMax } = this.#bounds;
      if (this.#count >= framesMax || this.#queuedBytes + frame.length > bytesMax) return false;
    }
    this.#frames.push(frame);
    this.#queuedBytes += frame.length;
    return true;
  }

  /** At least one and about `bytesMax` bytes at most, in order. */
  take(bytesMax: number): readonly Uint8Array[] {
    const buffers: Uint8Array[] = [];
    let room = bytesMax;
    while (room > 0 && !this.isEmpty) {
      const frame = this.#frames[this.#firstIndex];
      if (frame === undefined) break;
      if (frame.length > gatheredFrameBytesMax) room -= this.#takePart(frame, room, buffers);
      else room -= this.#gather(room, buffers);
    }
    if (this.isEmpty) {
      this.#frames = [];
      this.#firstIndex = 0;
    }
    return buffers;
  }

  get #count(): number {
    return this.#frames.length - this.#firstIndex;
  }

  #takePart(frame: Uint8Array, room: number, buffers: Uint8Array[]): number {
    if (this.#taken === 0) {
      const length = Buffer.allocUnsafe(lengthBytes);
      length.writeUInt32BE(frame.length);
      buffers.push(length);
    }
    const part = frame.subarray(this.#taken, this.#taken + room);
    buffers.push(part);
    this.#taken += part.length;
    if (this.#taken === frame.length) this.#forgetFirst(frame);
    return part.length;
  }

  /** The small frames at the front, as far as there is room for them, in one buffer. */
  #gather(room: number, buffers: Uint8Array[]): number {
    let total = 0;
    let end = this.#firstIndex;
    for (; end < this.#frames.length && total < room; end += 1) {
      const frame = this.#frames[end];
      if (frame === undefined || frame.length > gatheredFrameBytesMax) break;
      total += lengthBytes + frame.length;
    }
    const target = Buffer.allocUnsafe(total);
    let at = 0;
    while (this.#firstIndex < end) {
      const frame = this.#frames[this.#firstIndex];
      if (frame === undefined) break;
      at = target.writeUInt32BE(frame.length, at);
      target.set(frame, at);
      at += frame.length;
      this.#forgetFirst(frame);
    }
    buffers.push(target);
    return total;
  }

  #forgetFirst(frame: Uint8Array): void {
    this.#queuedBytes -= frame.length;
    this.#taken = 0;
    // Not shifted out, which would cost as much as the queue is long; but not kept in memory either.
    this.#frames[this.#firstIndex] = empty;
    this.#firstIndex += 1;
  }
}

const empty = new Uint8Array(0);
