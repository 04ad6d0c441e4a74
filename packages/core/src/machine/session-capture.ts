/**
 * The sessions as they were at one moment, for a snapshot that is written in slices while commands go on.
 * Copying 100,000 sessions with their replies at once would stop the peer, so only references are taken, and
 * a session that is about to change before it was read is copied first (copy on write).
 */
import { invariant } from '../invariant.ts';
import type { SessionFacts } from './hashes.ts';
import type { ReplySegment } from './replies.ts';
import type { Session } from './session.ts';

/** A session that no longer changes. */
export interface CapturedSession extends SessionFacts {
  /** The first of them may begin before the first reply that is not acknowledged. */
  readonly segments: readonly ReplySegment[];
}

export class SessionCapture {
  /** In the order of the ids. */
  readonly #sessions: readonly Session[];
  readonly #preserved = new Map<number, CapturedSession>();
  /** Ids of those closed shortly before, in the order of their closing. */
  readonly closed: readonly number[];
  #next = 0;

  constructor(sessions: readonly Session[], closed: readonly number[]) {
    this.#sessions = sessions;
    this.closed = closed;
  }

  get count(): number {
    return this.#sessions.length;
  }

  /** Called before a session changes. Those already read, or opened later, need no copy. */
  preserve(session: Session): void {
    const next = this.#sessions[this.#next];
    const last = this.#sessions[this.#sessions.length - 1];
    if (next === undefined || last === undefined) return;
    if (session.id < next.id || session.id > last.id || this.#preserved.has(session.id)) return;
    this.#preserved.set(session.id, copyOf(session));
  }

  /** The next session as it was at the beginning; undefined after the last. */
  next(): CapturedSession | undefined {
    const session = this.#sessions[this.#next];
    if (session === undefined) return undefined;
    this.#next += 1;
    const preserved = this.#preserved.get(session.id);
    if (preserved === undefined) return copyOf(session);
    invariant(this.#preserved.delete(session.id), 'a copy is read once');
    return preserved;
  }
}

function copyOf(session: Session): CapturedSession {
  return {
    id: session.id,
    secretHash: session.secretHash,
    timeoutMs: session.timeoutMs,
    openedAtMs: session.openedAtMs,
    holder: session.holder,
    lastRequest: session.replies.lastRequest,
    acknowledgedThrough: session.replies.acknowledgedThrough,
    segments: session.replies.segments(),
  };
}
