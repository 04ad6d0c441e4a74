/**
 * The sessions of the ensemble, in the order of their ids. An id is the zxid of the session's opening, so ids
 * grow and are never used again; this is also the order of the map, which snapshots and digests rely on.
 *
 * Everything here is replicated state. Whoever changes a session says `touch` before: that keeps a snapshot
 * that is being written undisturbed (session-capture.ts) and tells the digest what to hash again.
 */
import { ByteWriter } from '../codec/bytes.ts';
import { invariant } from '../invariant.ts';
import { hashClosed, hashSession, type Lanes } from './hashes.ts';
import { ReplyRecord } from './replies.ts';
import { SessionCapture } from './session-capture.ts';
import type { Session } from './session.ts';

/** Why a session is gone. */
export type SessionEnd = 'SESSION_EXPIRED' | 'SESSION_CLOSED';

/** Who opened a session holds it under this number; tickets of resumptions are larger. */
export const firstHolder = 1;

/**
 * Closed sessions that are remembered: a close whose answer was lost is asked again, and SESSION_CLOSED tells
 * it that it was done. Any session beyond them is SESSION_EXPIRED, as are those that really expired.
 */
export const closedSessionsMax = 1_024;

export class SessionTable {
  readonly #sessions = new Map<number, Session>();
  readonly #bySecret = new Map<string, Session>();
  /** In the order of their closing. */
  readonly #closed = new Set<number>();
  #closedLanes: Lanes | undefined;
  #stale: Session[] = [];
  #low = 0;
  #high = 0;
  #capture: SessionCapture | undefined;
  readonly #scratch = new ByteWriter();

  get size(): number {
    return this.#sessions.size;
  }

  get(id: number): Session | undefined {
    return this.#sessions.get(id);
  }

  all(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  closed(): Iterable<number> {
    return this.#closed;
  }

  bySecret(secretHash: Uint8Array): Session | undefined {
    return this.#bySecret.get(secretKey(secretHash));
  }

  /** Why a session with this id is not there. What was never known counts as expired. */
  endOf(id: number): SessionEnd {
    return this.#closed.has(id) ? 'SESSION_CLOSED' : 'SESSION_EXPIRED';
  }

  /** Must be called before a session is changed. */
  touch(session: Session): void {
    if (!session.digestStale) {
      session.digestStale = true;
      this.#stale.push(session);
    }
    if (this.#capture !== undefined) this.#capture.preserve(session);
  }

  open(facts: Pick<Session, 'id' | 'secretHash' | 'timeoutMs' | 'openedAtMs'>): Session {
    return this.#add({ ...facts, holder: firstHolder, replies: new ReplyRecord() });
  }

  /** Puts back a session of a snapshot; ids must come in order. */
  restore(session: Omit<Session, 'digestLow' | 'digestHigh' | 'digestStale'>): Session {
    return this.#add(session);
  }

  restoreClosed(ids: readonly number[]): void {
    for (const id of ids) this.#closed.add(id);
    this.#closedLanes = undefined;
  }

  remove(session: Session, end: SessionEnd): void {
    this.touch(session);
    this.#sessions.delete(session.id);
    this.#bySecret.delete(secretKey(session.secretHash));
    if (end === 'SESSION_EXPIRED') return;
    this.#closed.add(session.id);
    this.#closedLanes = undefined;
    for (const oldest of this.#closed) {
      if (this.#closed.size <= closedSessionsMax) break;
      this.#closed.delete(oldest);
    }
  }

  /** Sums of the hashes of all sessions with their replies; costs what changed since the last call. */
  lanes(): Lanes {
    for (const session of this.#stale) {
      this.#low = (this.#low - session.digestLow) | 0;
      this.#high = (this.#high - session.digestHigh) | 0;
      session.digestStale = false;
      if (this.#sessions.get(session.id) !== session) continue;
      const lanes = sessionLanes(session, this.#scratch);
      session.digestLow = lanes.low;
      session.digestHigh = lanes.high;
      this.#low = (this.#low + lanes.low) | 0;
      this.#high = (this.#high + lanes.high) | 0;
    }
    this.#stale = [];
    this.#closedLanes ??= hashClosed(this.#closed);
    return { low: (this.#low + this.#closedLanes.low) | 0, high: (this.#high + this.#closedLanes.high) | 0 };
  }

  /** Everything as it is now, to be read later, bit by bit. One at a time: `release` it. */
  beginCapture(): SessionCapture {
    invariant(this.#capture === undefined, 'one capture of the sessions at a time');
    this.#capture = new SessionCapture([...this.#sessions.values()], [...this.#closed]);
    return this.#capture;
  }

  /** Twice is fine. */
  release(capture: SessionCapture): void {
    if (this.#capture === capture) this.#capture = undefined;
  }

  validate(): void {
    const before = this.lanes();
    let low = 0;
    let high = 0;
    let previous = 0;
    invariant(this.#bySecret.size === this.#sessions.size, 'each session has a secret of its own');
    invariant(this.#closed.size <= closedSessionsMax, 'closed sessions are forgotten in time');
    for (const session of this.#sessions.values()) {
      invariant(session.id > previous, 'sessions are in the order of their ids', {
        id: session.id,
        previous,
      });
      invariant(session.holder >= 1, 'a session has a holder', { holder: session.holder });
      invariant(!this.#closed.has(session.id), 'an open session is not closed', { id: session.id });
      invariant(this.bySecret(session.secretHash) === session, 'a session is found by its secret');
      session.replies.validate();
      previous = session.id;
      const lanes = sessionLanes(session, this.#scratch);
      low = (low + lanes.low) | 0;
      high = (high + lanes.high) | 0;
    }
    const closedLanes = hashClosed(this.#closed);
    invariant(
      ((low + closedLanes.low) | 0) === before.low,
      'the hash of the sessions is the sum of its parts',
    );
    invariant(
      ((high + closedLanes.high) | 0) === before.high,
      'the hash of the sessions is the sum of its parts',
    );
  }

  #add(facts: Omit<Session, 'digestLow' | 'digestHigh' | 'digestStale'>): Session {
    const session: Session = { ...facts, digestLow: 0, digestHigh: 0, digestStale: true };
    this.#sessions.set(session.id, session);
    this.#bySecret.set(secretKey(session.secretHash), session);
    this.#stale.push(session);
    return session;
  }
}

function sessionLanes(session: Session, scratch: ByteWriter): Lanes {
  const { replies } = session;
  const own = hashSession({
    id: session.id,
    secretHash: session.secretHash,
    timeoutMs: session.timeoutMs,
    openedAtMs: session.openedAtMs,
    holder: session.holder,
    lastRequest: replies.lastRequest,
    acknowledgedThrough: replies.acknowledgedThrough,
  });
  const recorded = replies.lanes(session.id, scratch);
  return { low: (own.low + recorded.low) | 0, high: (own.high + recorded.high) | 0 };
}

function secretKey(secretHash: Uint8Array): string {
  return String.fromCharCode(...secretHash);
}
