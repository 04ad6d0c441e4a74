/**
 * What the disk gives: gathers what comes while one write is under way, concatenates it, writes it once into a
 * preallocated file, and syncs it. The same asynchronous calls as the storage's, and nothing else.
 */
import { close, fdatasync, open, write } from 'node:fs';

const fileBytes = 64 * 1_024 * 1_024;

export class RawLog {
  readonly #descriptor: number;
  readonly #record: Uint8Array;
  #position = 0;
  #waiting: (() => void)[] = [];
  #isWriting = false;
  syncs = 0;

  private constructor(descriptor: number, recordBytes: number) {
    this.#descriptor = descriptor;
    this.#record = new Uint8Array(recordBytes).fill(7);
  }

  static async open(path: string, recordBytes: number): Promise<RawLog> {
    const descriptor = await new Promise<number>((resolve, reject) => {
      open(path, 'w', 0o600, (error, opened) => (error === null ? resolve(opened) : reject(error)));
    });
    const log = new RawLog(descriptor, recordBytes);
    await log.#write(new Uint8Array(fileBytes), 0);
    return log;
  }

  append(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1 && !this.#isWriting) queueMicrotask(() => void this.#flush());
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      close(this.#descriptor, () => resolve());
    });
  }

  async #flush(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      const bytes = new Uint8Array(waiting.length * this.#record.length);
      for (let at = 0; at < bytes.length; at += this.#record.length) bytes.set(this.#record, at);
      if (this.#position + bytes.length > fileBytes) this.#position = 0;
      await this.#write(bytes, this.#position);
      this.#position += bytes.length;
      this.syncs += 1;
      for (const resolve of waiting) resolve();
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
