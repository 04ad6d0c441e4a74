/**
 * What is still to happen, by virtual time: a binary heap by (time, sequence), so that of two tasks of the same
 * microsecond the one that was planned first comes first.
 */
import type { Life } from './life.ts';
import type { TraceKind } from './trace.ts';

/** Something that happens at one moment. */
export interface Task {
  /** Virtual time in microseconds since the world began. */
  atUs: number;
  /** Given by the agenda. */
  sequence: number;
  readonly kind: TraceKind;
  /** The process that it happens to: nothing happens to a dead one, and a suspended one gets it later. */
  readonly life: Life | undefined;
  /** A timer of its process, or something that reaches it from outside: a process that wakes up sees timers first. */
  readonly isTimer: boolean;
  /** What it carries, as a number for the trace. */
  readonly payload: number;
  isCancelled: boolean;
  /** Called once when its time has come, also while its process is suspended; before `run`. Undefined afterwards. */
  arrive?: (() => void) | undefined;
  run(): void;
  /** For a trace that is read. */
  readonly describe?: () => string;
}

export class Agenda {
  readonly #tasks: Task[] = [];
  #sequence = 0;

  get size(): number {
    return this.#tasks.length;
  }

  /** When the next task is due; undefined when there is none. */
  get nextAtUs(): number | undefined {
    return this.#tasks[0]?.atUs;
  }

  /** A task may be added again once it has been taken. */
  add(task: Task): void {
    this.#sequence += 1;
    task.sequence = this.#sequence;
    const tasks = this.#tasks;
    let at = tasks.length;
    tasks.push(task);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = tasks[parent];
      if (above === undefined || isBefore(above, task)) break;
      tasks[at] = above;
      at = parent;
    }
    tasks[at] = task;
  }

  /** The earliest task, which is no longer in the agenda. */
  take(): Task | undefined {
    const tasks = this.#tasks;
    const first = tasks[0];
    const last = tasks.pop();
    if (last !== undefined && tasks.length > 0) this.#sink(last);
    return first;
  }

  #sink(task: Task): void {
    const tasks = this.#tasks;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      let below = tasks[child];
      if (below === undefined) break;
      const right = tasks[child + 1];
      if (right !== undefined && isBefore(right, below)) {
        child += 1;
        below = right;
      }
      if (isBefore(task, below)) break;
      tasks[at] = below;
      at = child;
    }
    tasks[at] = task;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.sequence < b.sequence);
}
