/**
 * The bare pipeline of one process, without consensus: encode, checksum, append to an array, apply to a Map,
 * settle a promise. It gathers the writes of one turn of the event loop, as a session does.
 */
import { BatchBuilder, ValueEncoder } from '@quorate/core/inspect';
import type { Checksum } from '@quorate/core/ports';

interface Written {
  readonly value: Uint8Array;
  readonly version: number;
  readonly zxid: number;
}

interface Waiting {
  readonly path: string;
  readonly value: Uint8Array;
  readonly resolve: (written: Written) => void;
}

export class Baseline {
  readonly #checksum: Checksum;
  readonly #encoder = new ValueEncoder();
  readonly #builder = new BatchBuilder();
  readonly #tree = new Map<string, Written>();
  #log: { readonly bytes: Uint8Array; readonly checksum: number }[] = [];
  #waiting: Waiting[] = [];
  #zxid = 0;

  constructor(checksum: Checksum) {
    this.#checksum = checksum;
  }

  set(path: string, value: Uint8Array): Promise<Written> {
    return new Promise((resolve) => {
      this.#builder.add({
        kind: 'set',
        path,
        value: this.#encoder.encode(value),
        version: -1,
        create: false,
      });
      if (this.#waiting.length === 0) queueMicrotask(() => this.#flush());
      this.#waiting.push({ path, value, resolve });
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const header = { sessionId: 1, holder: 1, firstRequest: this.#zxid + 1, acknowledgedThrough: this.#zxid };
    const bytes = this.#builder.finish(header);
    this.#log.push({ bytes, checksum: this.#checksum(bytes) });
    // As a log is compacted: otherwise the array, not the pipeline, would be measured after a while.
    if (this.#log.length > 10_000) this.#log = [];
    for (const { path, value, resolve } of waiting) {
      this.#zxid += 1;
      const version = (this.#tree.get(path)?.version ?? 0) + 1;
      const written = Object.freeze({ value, version, zxid: this.#zxid });
      this.#tree.set(path, written);
      resolve(written);
    }
  }
}
