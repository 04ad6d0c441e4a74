/**
 * What the disk gives: gathers what comes while one write is under way, concatenates it, writes it once into a
 * preallocated file, and syncs it. The same asynchronous calls as the storage's, and nothing else.
 */
import { close, fdatasync, open, write } from 'node:fs';

const fileBytes = 64 * 1_024 * 1_024;

export class RawLog {
  readonly #descriptor: number;
  #position = 0;
  #records: Uint8Array[] = [];
  #done: (() => void)[] = [];
  #isWriting = false;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  static async open(path: string): Promise<RawLog> {
    const descriptor = await new Promise<number>((resolve, reject) => {
      open(path, 'w', 0o600, (error, opened) => (error === null ? resolve(opened) : reject(error)));
    });
    const log = new RawLog(descriptor);
    await log.#write(new Uint8Array(fileBytes), 0);
    return log;
  }

  /** `done`: the record is durable. */
  append(record: Uint8Array, done: () => void): void {
    this.#records.push(record);
    this.#done.push(done);
    if (this.#records.length === 1 && !this.#isWriting) queueMicrotask(() => void this.#flush());
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      close(this.#descriptor, () => resolve());
    });
  }

  async #flush(): Promise<void> {
    this.#isWriting = true;
    while (this.#records.length > 0) {
      const records = this.#records;
      const waiting = this.#done;
      this.#records = [];
      this.#done = [];
      const bytes = concatenate(records);
      if (this.#position + bytes.length > fileBytes) this.#position = 0;
      await this.#write(bytes, this.#position);
      this.#position += bytes.length;
      for (const done of waiting) done();
      // Whoever was answered asks again before the next batch is closed.
      await Promise.resolve();
      await Promise.resolve();
    }
    this.#isWriting = false;
  }

  #write(bytes: Uint8Array, position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      write(this.#descriptor, bytes, 0, bytes.length, position, (failure) => {
        if (failure !== null) {
          reject(failure);
          return;
        }
        fdatasync(this.#descriptor, (error) => (error === null ? resolve() : reject(error)));
      });
    });
  }
}

function concatenate(records: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const record of records) length += record.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const record of records) {
    bytes.set(record, at);
    at += record.length;
  }
  return bytes;
}
