/** What one client asks: registers, counters and ephemerals, drawn from its stream. Every written value is unique. */
import type { Session } from '@quorate/core';
import type { RandomStream } from '@quorate/simulator';

/** Few, so that clients meet. */
const registersCount = 6;
export const countersCount = 3;
/** Registers are used for so long, then others: the search for an order of each stays short. */
const sliceMs = 1_000;

export class Work {
  readonly #client: string;
  readonly #stream: RandomStream;
  #written = 0;

  constructor(client: string, stream: RandomStream) {
    this.#client = client;
    this.#stream = stream;
  }

  next(session: Session): Promise<unknown> {
    const stream = this.#stream;
    const drawn = stream.below(100);
    if (drawn < 25) return session.set(this.#register(), this.#value(), { create: true });
    if (drawn < 45) return session.get(this.#register(), { consistency: 'linearizable' });
    if (drawn < 55) return session.get(this.#register());
    if (drawn < 65) return this.#swap(session);
    if (drawn < 85) return session.increment(`/counters/${stream.below(countersCount)}`);
    if (drawn < 90) return session.get(`/counters/${stream.below(countersCount)}`);
    return this.#useEphemeral(session);
  }

  async #swap(session: Session): Promise<unknown> {
    const path = this.#register();
    const { value } = await session.get(path);
    return await session.compareAndSet(path, value, this.#value());
  }

  async #useEphemeral(session: Session): Promise<unknown> {
    const path = `/ephemerals/${this.#value()}`;
    await session.create(path, this.#client, { kind: 'ephemeral' });
    // Some go with their session.
    return this.#stream.chance(900_000) ? await session.delete(path) : undefined;
  }

  #register(): string {
    const slice = Math.floor(Date.now() / sliceMs);
    return `/registers/${slice}-${this.#stream.below(registersCount)}`;
  }

  #value(): string {
    this.#written += 1;
    return `${this.#client}-${this.#written}`;
  }
}
