/** The main thread's view of a thread that holds transports (member.js). */
import type { SpawnedWorker } from '../../src/index.ts';
import { workerHub, type WorkerHub } from '../../src/index.ts';

const file = new URL('member.js', import.meta.url);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const answerMsMax = 10_000;

/** What a thread tells of the transport of one life. */
export type ThreadEvent = { readonly life: number } & (
  | { readonly kind: 'started' | 'refused' | 'closed' | 'stalled' }
  | { readonly kind: 'frame'; readonly from: string; readonly bytes: Uint8Array }
  | { readonly kind: 'connected' | 'disconnected'; readonly member: string }
  | { readonly kind: 'session-frame'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly kind: 'session-opened' | 'session-drained' | 'session-closed'; readonly connection: number }
);

export interface ThreadMessage {
  readonly kind: string;
  readonly life: number;
  readonly [argument: string]: unknown;
}

export class Thread {
  readonly #words = new Int32Array(new SharedArrayBuffer(12));
  readonly #spawned: SpawnedWorker;
  readonly #listeners = new Set<(event: ThreadEvent) => void>();
  isAlive = true;

  constructor(hub: WorkerHub, id: string) {
    // Without the options of the test runner: workers run what is built.
    const options = { execArgv: [] };
    this.#spawned = hub.spawn(file, { id, workerData: { shared: this.#words.buffer }, options });
    this.#spawned.worker.on('message', (event: ThreadEvent) => {
      for (const listener of this.#listeners) listener(event);
    });
    void this.#spawned.exited.then(() => {
      this.isAlive = false;
    });
  }

  post(message: ThreadMessage): void {
    this.#spawned.worker.postMessage(message);
  }

  /** Stands still until the thread has answered. */
  call(message: ThreadMessage): boolean {
    Atomics.store(this.#words, 0, 0);
    this.post(message);
    if (Atomics.wait(this.#words, 0, 0, answerMsMax) === 'timed-out')
      throw new TypeError('the thread is silent');
    return Atomics.load(this.#words, 1) === 1;
  }

  on(listener: (event: ThreadEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** From its next message on it stands still. */
  stall(life: number): void {
    Atomics.store(this.#words, 2, 1);
    this.post({ kind: 'stall', life });
  }

  resume(): void {
    Atomics.store(this.#words, 2, 0);
    Atomics.notify(this.#words, 2);
  }

  async crash(): Promise<void> {
    this.post({ kind: 'crash', life: 0 });
    await this.#spawned.exited;
  }
}

/** Threads that live as long as a suite runs: to start one takes longer than most cases. */
export class Threads {
  readonly hub: WorkerHub = workerHub({ logger: silent });
  readonly #threads = new Map<string, Thread>();

  of(member: string): Thread {
    const known = this.#threads.get(member);
    if (known?.isAlive === true) return known;
    const thread = new Thread(this.hub, member);
    this.#threads.set(member, thread);
    return thread;
  }
}
