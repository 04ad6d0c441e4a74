/**
 * Reads and watch registrations that wait for their place: for a request of their own session to be applied
 * here, for a zxid, or (linearizable) for a confirmed read index. A session's read is answered between its
 * own writes, from inside apply; the others at the end of the step that makes them ready.
 */
import type { ReadRequest, WatchRequest } from './contract.ts';

export interface PendingRead {
  readonly kind: 'read';
  readonly request: ReadRequest;
  /** Linearizable: the confirmed read index, undefined until the leader has answered. */
  readIndex: number | undefined;
  /** Nobody waits any more: there is nothing to ask for once more. */
  isCancelled?: true;
}

export interface PendingWatch {
  readonly kind: 'watch';
  readonly request: WatchRequest;
}

export type Pending = PendingRead | PendingWatch;

/** What a replica has reached. */
export interface Progress {
  readonly zxid: number;
  readonly appliedIndex: number;
  /** The last applied request of a session; Infinity for a session that is gone, so that nothing waits for it. */
  lastRequestOf(sessionId: number): number;
}

export class PendingReads {
  readonly #all = new Map<string, Pending>();
  readonly #bySession = new Map<number, Pending[]>();
  readonly waitingSessions: Set<number> = new Set();

  get size(): number {
    return this.#all.size;
  }

  add(pending: Pending): void {
    this.#all.set(keyOf(pending.kind, pending.request.id), pending);
    const { sessionId, afterRequest } = pending.request;
    if (sessionId === 0 || afterRequest === 0) return;
    const waiting = this.#bySession.get(sessionId);
    if (waiting === undefined) this.#bySession.set(sessionId, [pending]);
    else waiting.push(pending);
    this.waitingSessions.add(sessionId);
  }

  cancel(kind: Pending['kind'], id: number): void {
    const pending = this.#all.get(keyOf(kind, id));
    if (pending === undefined) return;
    if (pending.kind === 'read') pending.isCancelled = true;
    this.#remove(pending);
  }

  /** Takes out what must be answered right now, while apply stands just after `request` of the session. */
  takeAfterRequest(sessionId: number, request: number, zxid: number): readonly Pending[] {
    const waiting = this.#bySession.get(sessionId);
    if (waiting === undefined) return [];
    const ready = waiting.filter(
      (pending) =>
        pending.request.afterRequest <= request &&
        minZxidOf(pending) <= zxid &&
        (pending.kind === 'watch' || pending.request.consistency === 'session'),
    );
    for (const pending of ready) this.#remove(pending);
    return ready;
  }

  /**
   * Takes out everything that is ready at the end of a step, in the order in which it was asked. A linearizable
   * read that was lost with its leader is asked again, and may be confirmed after a later one of its session: that
   * one waits for it, or the session would see them in the wrong order.
   */
  takeReady(progress: Progress): readonly Pending[] {
    const ready: Pending[] = [];
    const held = new Set<number>();
    for (const pending of this.#all.values()) {
      const { sessionId } = pending.request;
      const isOrdered = isLinearizable(pending) && sessionId !== 0;
      if (isReady(pending, progress) && !(isOrdered && held.has(sessionId))) ready.push(pending);
      else if (isOrdered) held.add(sessionId);
    }
    for (const pending of ready) this.#remove(pending);
    return ready;
  }

  /**
   * Takes out the reads whose place is gone: a received snapshot holds requests that their session made after them.
   * What they asked for was true in no state that is known here.
   */
  takeSkipped(progress: Progress): readonly Pending[] {
    const skipped = [...this.#all.values()].filter(({ kind, request }) => {
      if (kind === 'watch' || request.sessionId === 0 || request.afterRequest === 0) return false;
      const lastRequest = progress.lastRequestOf(request.sessionId);
      return Number.isFinite(lastRequest) && lastRequest > request.afterRequest;
    });
    for (const pending of skipped) this.#remove(pending);
    return skipped;
  }

  #remove(pending: Pending): void {
    this.#all.delete(keyOf(pending.kind, pending.request.id));
    const { sessionId } = pending.request;
    const waiting = this.#bySession.get(sessionId);
    if (waiting === undefined) return;
    const rest = waiting.filter((other) => other !== pending);
    if (rest.length > 0) this.#bySession.set(sessionId, rest);
    else {
      this.#bySession.delete(sessionId);
      this.waitingSessions.delete(sessionId);
    }
  }
}

export function isReady(pending: Pending, progress: Progress): boolean {
  const { sessionId, afterRequest } = pending.request;
  if (minZxidOf(pending) > progress.zxid) return false;
  if (isLinearizable(pending)) {
    if (pending.readIndex === undefined || pending.readIndex > progress.appliedIndex) return false;
  }
  return sessionId === 0 || afterRequest === 0 || progress.lastRequestOf(sessionId) >= afterRequest;
}

function isLinearizable(pending: Pending): pending is PendingRead {
  return pending.kind === 'read' && pending.request.consistency === 'linearizable';
}

function minZxidOf(pending: Pending): number {
  const { minZxid } = pending.request;
  return pending.kind === 'watch' ? Math.max(minZxid, pending.request.from ?? 0) : minZxid;
}

function keyOf(kind: Pending['kind'], id: number): string {
  return `${kind}${id}`;
}
