/**
 * Cuts the bytes of a connection into frames: 4 bytes of length, then the frame. A length is judged before
 * anything is allocated for it, and what is allocated grows with what has arrived, so a claim costs nothing.
 * Every byte is copied a bounded number of times, however small the pieces are in which it comes.
 */

const lengthBytes = 4;
/** First buffer of a frame that does not arrive whole; it doubles as the frame grows. */
const firstCapacity = 64 * 1024;

export class FrameReader {
  readonly #frameBytesMax: number;
  /** Length of the frame that is being read, once it is known. */
  #length: number | undefined;
  #lengthSoFar = 0;
  #lengthBytesRead = 0;
  #partial: Uint8Array = new Uint8Array(0);
  #partialBytes = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** A frame has begun and its end is not there yet. */
  get isPartial(): boolean {
    return this.#lengthBytesRead > 0 || this.#length !== undefined;
  }

  /**
   * Hands each whole frame to `deliver`, as bytes that nobody else refers to, until that answers false.
   * False: a frame is longer than allowed; nothing can be read after it.
   */
  read(chunk: Uint8Array, deliver: (frame: Uint8Array) => boolean): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#length === undefined) {
        at = this.#readLength(chunk, at);
        if (this.#length === undefined) return true;
        if (this.#length > this.#frameBytesMax) return false;
      }
      const missing = this.#length - this.#partialBytes;
      const end = Math.min(chunk.length, at + missing);
      const isWhole = end - at === missing;
      if (isWhole && this.#partialBytes === 0) {
        this.#length = undefined;
        if (!deliver(ownBytes(chunk, at, end))) return true;
      } else {
        this.#append(chunk, at, end, this.#length);
        if (isWhole && !deliver(this.#takePartial())) return true;
      }
      at = end;
    }
    return true;
  }

  /** A length may come in pieces, too. */
  #readLength(chunk: Uint8Array, start: number): number {
    let at = start;
    while (at < chunk.length && this.#lengthBytesRead < lengthBytes) {
      this.#lengthSoFar = this.#lengthSoFar * 256 + (chunk[at] ?? 0);
      this.#lengthBytesRead += 1;
      at += 1;
    }
    if (this.#lengthBytesRead === lengthBytes) {
      this.#length = this.#lengthSoFar;
      this.#lengthSoFar = 0;
      this.#lengthBytesRead = 0;
    }
    return at;
  }

  #append(chunk: Uint8Array, start: number, end: number, length: number): void {
    const needed = this.#partialBytes + end - start;
    if (needed > this.#partial.length) {
      const capacity = Math.min(length, Math.max(firstCapacity, 2 * needed));
      const larger = new Uint8Array(capacity);
      larger.set(this.#partial.subarray(0, this.#partialBytes));
      this.#partial = larger;
    }
    this.#partial.set(chunk.subarray(start, end), this.#partialBytes);
    this.#partialBytes = needed;
  }

  /** Capacity never exceeds the frame's length, so a whole frame fills its buffer exactly. */
  #takePartial(): Uint8Array {
    const frame = this.#partial;
    this.#partial = new Uint8Array(0);
    this.#partialBytes = 0;
    this.#length = undefined;
    return frame;
  }
}

/** A frame that stayed a view would hold the whole chunk in memory for as long as one value of it lives. */
function ownBytes(chunk: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(chunk.buffer.slice(chunk.byteOffset + start, chunk.byteOffset + end));
}
