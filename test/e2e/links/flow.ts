/** One direction of one proxied connection: hands bytes on as the link's conditions say. */
import type { Socket } from 'node:net';
import type { RandomStream } from '@quorate/simulator';

/** How a directed link is now. */
export interface LinkConditions {
  /** Nothing connects, and what was connected is gone. */
  readonly isCut: boolean;
  /** Bytes vanish, and nobody is told. */
  readonly isSilent: boolean;
  readonly delayMs: number;
  /** Parts per million of chunks in which one bit is flipped. */
  readonly corruptPpm: number;
  /** Infinity: as fast as it goes. */
  readonly bytesPerSecondMax: number;
}

export const goodConditions: LinkConditions = {
  isCut: false,
  isSilent: false,
  delayMs: 0,
  corruptPpm: 0,
  bytesPerSecondMax: Infinity,
};

/** More than this waits in the sender, as behind a slow link. */
const heldBytesMax = 1_048_576;

export interface FlowParts {
  readonly source: Socket;
  readonly target: Socket;
  readonly conditions: () => LinkConditions;
  readonly stream: RandomStream;
}

export class Flow {
  readonly #parts: FlowParts;
  /** Some bytes are missing: the connection cannot be used any more once others get through. */
  hasHole = false;
  #isDeaf = false;
  #heldBytes = 0;
  #freeAtMs = 0;

  constructor(parts: FlowParts) {
    this.#parts = parts;
    parts.source.on('data', (chunk: Buffer) => this.#take(chunk));
    parts.target.on('drain', () => parts.source.resume());
  }

  /** Nothing gets through any more, while the source believes that it is connected. */
  deafen(): void {
    this.#isDeaf = true;
  }

  #take(chunk: Buffer): void {
    const { conditions, source } = this.#parts;
    const now = conditions();
    if (this.#isDeaf || now.isSilent) {
      this.hasHole = true;
      return;
    }
    this.#corrupt(chunk, now);
    const atMs = Math.max(this.#freeAtMs, performance.now() + now.delayMs);
    this.#freeAtMs = atMs + (chunk.length / now.bytesPerSecondMax) * 1_000;
    const waitMs = this.#freeAtMs - performance.now();
    if (waitMs <= 0 && this.#heldBytes === 0) {
      this.#give(chunk);
      return;
    }
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > heldBytesMax) source.pause();
    // Times only grow, and timers of one time fire in their order.
    setTimeout(() => {
      this.#heldBytes -= chunk.length;
      source.resume();
      this.#give(chunk);
    }, Math.ceil(waitMs));
  }

  #corrupt(chunk: Buffer, { corruptPpm }: LinkConditions): void {
    const { stream } = this.#parts;
    if (!stream.chance(corruptPpm)) return;
    const at = stream.below(chunk.length);
    chunk[at] = (chunk[at] ?? 0) ^ (1 << stream.below(8));
  }

  #give(chunk: Buffer): void {
    const { source, target } = this.#parts;
    if (target.destroyed) return;
    if (!target.write(chunk)) source.pause();
  }
}
