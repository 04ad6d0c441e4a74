/**
 * One life of a host's process, from its start to its crash. Everything that a process owns (timers, connections,
 * writes under way) belongs to its life, and a dead life is silent for ever: its tasks are skipped, its ports do
 * nothing, and the promises that they gave never settle, as those of a process that is gone.
 *
 * A suspended life (SIGSTOP, or a blocked event loop) holds back what comes. When it wakes up it sees its due
 * timers first and then its input, which is the order that hurts most (a time-out before the answer that has
 * arrived long ago), and only after both the callbacks that wait for input to be read.
 */
import type { Task } from './agenda.ts';
import type { Host } from './host.ts';

export class Life {
  readonly host: Host;
  /** Counts the lives of the world, from 1. */
  readonly number: number;
  #isDead = false;
  #isSuspended = false;
  #timers: Task[] = [];
  #inputs: Task[] = [];
  readonly #endings = new Set<() => void>();

  constructor(host: Host, number: number) {
    this.host = host;
    this.number = number;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** Called when this life ends, in the order of registration. Returns the way to be forgotten. */
  onEnd(ending: () => void): () => void {
    this.#endings.add(ending);
    return () => this.#endings.delete(ending);
  }

  end(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#timers = [];
    this.#inputs = [];
    for (const ending of this.#endings) ending();
    this.#endings.clear();
  }

  suspend(): void {
    this.#isSuspended = true;
  }

  /** Gives back what was held, in the order in which the process sees it. */
  wake(): readonly Task[] {
    this.#isSuspended = false;
    const held = [...this.#timers, ...this.#inputs];
    this.#timers = [];
    this.#inputs = [];
    return held;
  }

  /** Keeps a task until the process wakes up. */
  hold(task: Task): void {
    (task.isTimer ? this.#timers : this.#inputs).push(task);
  }

  /** A promise of this life: what is called after its end is lost. */
  promise<T>(begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!this.#isDead) begin(resolve, reject);
    });
  }
}
