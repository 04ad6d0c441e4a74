/** Consumes a watch in the background, so that a test can ask for its batches when it wants them. */
import type { WatchBatch, WatchStream } from '@quorate/core';
import { until } from './ensemble.ts';

/** What a watch has delivered so far. */
export class Watching {
  readonly seen: WatchBatch[] = [];
  readonly #stream: WatchStream;
  #end: { readonly error: unknown } | undefined;

  constructor(stream: WatchStream) {
    this.#stream = stream;
    void this.#consume();
  }

  /** The first `count` batches; waits for them. */
  async batches(count: number): Promise<readonly WatchBatch[]> {
    await until(`${count} batches of a watch`, () => {
      if (this.#end?.error !== undefined && this.seen.length < count) throw this.#end.error;
      return this.seen.length >= count;
    });
    return this.seen.slice(0, count);
  }

  /** What the iteration failed with; waits for its end. */
  async failure(): Promise<unknown> {
    const { error } = await until('the end of a watch', () => this.#end);
    return error;
  }

  close(): void {
    this.#stream.close();
  }

  async #consume(): Promise<void> {
    try {
      for await (const batch of this.#stream) this.seen.push(batch);
      this.#end = { error: undefined };
    } catch (error) {
      this.#end = { error };
    }
  }
}

export function collect(stream: WatchStream): Watching {
  return new Watching(stream);
}
