/** What each member of the bare replicated path does with a durable batch: decodes it and applies it to a Map. */
import { decodeBatch } from '@quorate/core/inspect';
import type { ValueSource } from '@quorate/core/inspect';

interface Written {
  readonly value: ValueSource;
  readonly version: number;
  readonly zxid: number;
}

export class BareTable {
  readonly #written = new Map<string, Written>();
  #zxid = 0;

  apply(bytes: Uint8Array): void {
    const batch = decodeBatch(bytes, 0, bytes.length);
    if (batch?.kind !== 'session') throw new TypeError('a batch of the bare path is one of a session');
    for (const op of batch.ops) {
      if (op.kind !== 'set') throw new TypeError('the bare path knows nothing but set');
      this.#zxid += 1;
      const version = (this.#written.get(op.path)?.version ?? 0) + 1;
      this.#written.set(op.path, { value: op.value, version, zxid: this.#zxid });
    }
  }
}
