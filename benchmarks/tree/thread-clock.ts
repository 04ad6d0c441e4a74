/**
 * How long the main thread was really executed, as Linux counts it: a slice of code on a busy machine also waits for
 * other processes and for V8's own threads, which is not the code's doing. Elsewhere it counts nothing.
 */
import { existsSync, openSync, readSync } from 'node:fs';

const path = '/proc/self/schedstat';

export class ThreadClock {
  readonly #file = existsSync(path) ? openSync(path, 'r') : undefined;
  readonly #text = Buffer.alloc(64);

  /** Milliseconds of execution since the thread began; a call costs a few microseconds. */
  read(): number {
    if (this.#file === undefined) return Number.NaN;
    // The kernel counts a running thread's time at its ticks only, and when somebody asks in this way.
    process.cpuUsage();
    const length = readSync(this.#file, this.#text, 0, this.#text.length, 0);
    const [nanoseconds] = this.#text.toString('latin1', 0, length).split(' ', 1);
    return Number(nanoseconds) / 1e6;
  }
}
