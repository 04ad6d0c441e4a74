/**
 * What waits for a confirmed round of the leader: linearizable reads and touches of sessions. Every attempt
 * asks Raft under a fresh id; an attempt that was lost with its leader is asked again (a reused id once let a
 * late answer pass for a new one: etcd #20418).
 */
import type { PendingRead } from './pending-reads.ts';

/** Only who leads takes one: another could ask the leader, which would still not hear of the touch itself. */
export interface PendingTouch {
  readonly kind: 'touch';
  /** The member whose sessions these are. */
  readonly from: string;
  readonly id: number;
  readonly sessions: readonly number[];
  /** When the touch arrived: what is confirmed is that the sessions lived then. */
  readonly arrivedTick: number;
}

export type Confirmable = PendingRead | PendingTouch;

export class Confirmations {
  #lastId = 0;
  readonly #asked = new Map<number, Confirmable>();
  /** By the id of the request. Without a majority callers come and go: who left must not stay here. */
  readonly #unasked = new Map<number, PendingRead>();

  /** A fresh id to ask Raft with. */
  ask(waiting: Confirmable): number {
    this.#lastId += 1;
    this.#asked.set(this.#lastId, waiting);
    return this.#lastId;
  }

  take(id: number): Confirmable | undefined {
    const waiting = this.#asked.get(id);
    this.#asked.delete(id);
    return waiting;
  }

  /** A lost attempt. Touches are dropped: their peer touches again, and a later touch is worth more. */
  lost(id: number): void {
    const waiting = this.take(id);
    if (waiting?.kind === 'read' && waiting.isCancelled !== true) {
      this.#unasked.set(waiting.request.id, waiting);
    }
  }

  get hasUnasked(): boolean {
    return this.#unasked.size > 0;
  }

  takeUnasked(): readonly PendingRead[] {
    const unasked = [...this.#unasked.values()];
    this.#unasked.clear();
    return unasked;
  }

  /** The caller of this request has left. */
  forget(requestId: number): void {
    this.#unasked.delete(requestId);
  }
}
