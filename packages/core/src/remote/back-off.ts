/**
 * Which peer is tried next, and when. Each session begins at a random peer and goes round, so that many sessions
 * spread; after a round in which nobody served it waits, longer each time and by chance a little more or less, so
 * that sessions which lost the same peer do not come back as one crowd.
 */
import type { Random } from '../ports/random.ts';

const waitMsMin = 20;
const waitMsMax = 2_000;

export class BackOff {
  readonly #peers: readonly string[];
  readonly #random: Random;
  #position: number;
  /** Attempts since a peer has last served. */
  #failuresCount = 0;

  constructor(peers: readonly string[], random: Random) {
    this.#peers = peers;
    this.#random = random;
    this.#position = random.u32() % peers.length;
  }

  /** Whether there is another peer to go to. */
  get hasChoice(): boolean {
    return this.#peers.length > 1;
  }

  /** The peer to try. */
  next(): string {
    const peer = this.#peers[this.#position % this.#peers.length];
    this.#position += 1;
    return peer ?? '';
  }

  /** An attempt was in vain: how long to wait before the next one. */
  failed(): number {
    this.#failuresCount += 1;
    if (this.#failuresCount % this.#peers.length !== 0) return 0;
    const round = this.#failuresCount / this.#peers.length;
    const waitMs = Math.min(waitMsMax, waitMsMin * 2 ** Math.min(round - 1, 10));
    return waitMs * (0.5 + this.#random.u32() / 2 ** 32);
  }

  /** A peer has served for a while: the next loss is a new story. */
  served(): void {
    this.#failuresCount = 0;
  }

  /** A peer has served, though not for long: trying on is worth while, but not without any pause. */
  servedBriefly(): void {
    this.#failuresCount = Math.min(this.#failuresCount, this.#peers.length - 1);
  }
}
