/** The world's time as its parts see it: what it is now, and a way to plan what comes. */
import type { Agenda, Task } from './agenda.ts';
import type { TraceKind } from './trace.ts';

export class Time {
  readonly #agenda: Agenda;
  /** Microseconds since the world began. Only the world advances it. */
  nowUs = 0;

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
  }

  add(task: Task): void {
    this.#agenda.add(task);
  }

  /** Something that happens to no process but to the world itself. */
  after(kind: TraceKind, delayUs: number, run: () => void): void {
    this.#agenda.add({ ...plainTask, atUs: this.nowUs + delayUs, kind, life: undefined, run });
  }
}

/** What most tasks have in common. */
export const plainTask: Pick<Task, 'sequence' | 'isTimer' | 'isCancelled' | 'payload'> = {
  sequence: 0,
  isTimer: false,
  isCancelled: false,
  payload: 0,
};
