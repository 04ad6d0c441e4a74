/**
 * The machine once more, as simply as it can be said: plain objects, whole copies instead of undo, scans instead
 * of indexes. It shares with the machine only the codec (bytes of batches and of values) and the applier of
 * patches, which have tests of their own; so the property test compares two independent readings of semantics.md.
 */
import type { Batch, SessionBatch, SystemBatch } from '../../codec/batch.ts';
import type { Op, SystemOp } from '../../codec/op.ts';
import { pathProblem } from '../../codec/path.ts';
import type { EnsembleLimits } from '../../limits.ts';
import { blank, hex, type NaiveChange, NaiveTree, type NaiveTreeState, Refused } from './naive-tree.ts';

export interface NaiveSession {
  secret: string;
  timeoutMs: number;
  holder: number;
  lastRequest: number;
  acknowledged: number;
  openedAtMs: number;
  replies: Record<number, unknown>;
}

export interface NaiveState extends NaiveTreeState {
  sessions: Record<number, NaiveSession>;
  closed: number[];
  history: NaiveTransaction[];
  evictedThrough: number;
  configured: boolean;
}

export interface NaiveTransaction {
  zxid: number;
  changes: NaiveChange[];
}

export interface NaiveApplied {
  items: unknown[];
  transactions: NaiveTransaction[];
}

export class NaiveModel {
  readonly state: NaiveState;
  readonly tree: NaiveTree;
  #applied: NaiveApplied = { items: [], transactions: [] };

  constructor(limits: EnsembleLimits) {
    this.state = {
      znodes: { '/': blank({ zxid: 0, wallMs: 0, elapsedMs: 0 }, 'c0', 'persistent') },
      sessions: {},
      closed: [],
      history: [],
      evictedThrough: 0,
      limits,
      configured: false,
      zxid: 0,
      wallMs: 0,
      elapsedMs: 0,
    };
    this.tree = new NaiveTree(this.state);
  }

  apply(wallMs: number, elapsedMs: number, batches: readonly Batch[]): NaiveApplied {
    this.state.wallMs = Math.max(this.state.wallMs, wallMs);
    this.state.elapsedMs = Math.max(this.state.elapsedMs, elapsedMs);
    this.#applied = { items: [], transactions: [] };
    for (const batch of batches) {
      if (batch.kind === 'session') this.#session(batch);
      else this.#system(batch);
    }
    return this.#applied;
  }

  #session(batch: SessionBatch): void {
    const { sessionId, holder, firstRequest, ops } = batch;
    const about = { sessionId, holder };
    const refuse = (code: string): void => void this.#applied.items.push({ kind: 'refused', ...about, code });
    const session = this.state.sessions[sessionId];
    if (session === undefined) {
      refuse(this.state.closed.includes(sessionId) ? 'SESSION_CLOSED' : 'SESSION_EXPIRED');
      return;
    }
    if (session.holder !== holder) {
      refuse('SESSION_EXPIRED');
      return;
    }
    session.acknowledged = Math.max(
      session.acknowledged,
      Math.min(batch.acknowledgedThrough, session.lastRequest),
    );

    const repeated: unknown[] = [];
    const fresh: unknown[] = [];
    const before = session.lastRequest;
    let firstRepeated = 0;
    let ended = false;
    let gap = false;
    for (const [at, op] of ops.entries()) {
      const request = firstRequest + at;
      if (request <= before) {
        if (request <= session.acknowledged || request < 1) continue;
        if (repeated.length === 0) firstRepeated = request;
        repeated.push(session.replies[request]);
        continue;
      }
      const isNext = request === session.lastRequest + 1;
      const hasRoom = session.lastRequest - session.acknowledged < this.state.limits.repliesPerSessionMax;
      if (!isNext || !hasRoom) {
        gap = true;
        break;
      }
      const reply = this.#request(sessionId, op);
      session.lastRequest = request;
      session.replies[request] = reply;
      fresh.push(reply);
      if (op.kind === 'close') {
        ended = true;
        break;
      }
    }
    const { items } = this.#applied;
    if (repeated.length > 0)
      items.push({ kind: 'replies', ...about, firstRequest: firstRepeated, replies: repeated });
    if (fresh.length > 0) items.push({ kind: 'replies', ...about, firstRequest: before + 1, replies: fresh });
    if (gap) items.push({ kind: 'gap', ...about, expected: session.lastRequest + 1 });
    if (!ended) return;
    items.push({ kind: 'session-ended', sessionId, code: 'SESSION_CLOSED' });
    if (firstRequest + ops.length - 1 > session.lastRequest) refuse('SESSION_CLOSED');
  }

  #request(sessionId: number, op: Op): unknown {
    this.state.zxid += 1;
    const { zxid } = this.state;
    switch (op.kind) {
      case 'noop':
        return { zxid, result: { kind: 'none' } };
      case 'invalid':
        return { zxid, result: { kind: 'error', code: 'BAD_ARGUMENTS', index: undefined } };
      case 'close':
        this.#endSession(sessionId, true);
        return { zxid, result: { kind: 'none' } };
      default:
        return { zxid, result: this.#attempt(() => this.tree.perform(sessionId, op)) };
    }
  }

  #system(batch: SystemBatch): void {
    this.state.zxid += 1;
    const { zxid } = this.state;
    const { items } = this.#applied;
    const { origin, incarnation, ticket } = batch;
    const place = items.length;
    const result = this.#attempt(() => this.#command(batch.op, ticket));
    items.splice(place, 0, { kind: 'system', origin, incarnation, ticket, reply: { zxid, result } });
  }

  #command(op: SystemOp, ticket: number): unknown {
    const { state } = this;
    switch (op.kind) {
      case 'invalid':
        throw new Refused('BAD_ARGUMENTS');
      case 'configure':
        if (Object.values(op.limits).some((limit) => !Number.isSafeInteger(limit)))
          throw new Refused('BAD_ARGUMENTS');
        if (op.limits.repliesPerSessionMax < 1) throw new Refused('BAD_ARGUMENTS');
        if (op.limits.sessionTimeoutMsMin > op.limits.sessionTimeoutMsMax) throw new Refused('BAD_ARGUMENTS');
        if (!state.configured) state.limits = op.limits;
        state.configured = true;
        this.#evict();
        return { kind: 'none' };
      case 'open-session':
        return this.#open(op);
      case 'resume-session': {
        const session = state.sessions[op.sessionId];
        if (session === undefined) throw this.#gone(op.sessionId);
        if (session.secret !== hex(op.secretHash)) throw new Refused('AUTH_FAILED');
        if (session.holder === ticket) return this.#sessionResult(op.sessionId);
        if (ticket <= 1) throw new Refused('BAD_ARGUMENTS');
        if (session.holder !== op.heldBy) throw new Refused('COMPARE_FAILED');
        session.holder = ticket;
        session.lastRequest += 1;
        session.acknowledged = session.lastRequest;
        return this.#sessionResult(op.sessionId);
      }
      case 'expire-session': {
        const session = state.sessions[op.sessionId];
        if (session === undefined) throw this.#gone(op.sessionId);
        if (session.lastRequest > op.lastRequest) throw new Refused('COMPARE_FAILED');
        this.#endSession(op.sessionId, false);
        this.#applied.items.push({ kind: 'session-ended', sessionId: op.sessionId, code: 'SESSION_EXPIRED' });
        return { kind: 'none' };
      }
      case 'end-session':
        if (state.closed.includes(op.sessionId)) return { kind: 'none' };
        if (state.sessions[op.sessionId] === undefined) throw new Refused('SESSION_EXPIRED');
        this.#endSession(op.sessionId, true);
        this.#applied.items.push({ kind: 'session-ended', sessionId: op.sessionId, code: 'SESSION_CLOSED' });
        return { kind: 'none' };
      case 'reap-container':
      case 'reap-ttl':
        return this.#reap(op);
    }
  }

  #open(op: Extract<SystemOp, { kind: 'open-session' }>): unknown {
    const { state } = this;
    const { sessionTimeoutMsMin, sessionTimeoutMsMax, sessionsMax } = state.limits;
    if (!(op.timeoutMs > 0)) throw new Refused('BAD_ARGUMENTS');
    const secret = hex(op.secretHash);
    const known = Object.entries(state.sessions).find(([, session]) => session.secret === secret);
    if (known !== undefined) return this.#sessionResult(Number(known[0]));
    if (Object.keys(state.sessions).length >= sessionsMax) throw new Refused('LIMIT_EXCEEDED');
    state.sessions[state.zxid] = {
      secret,
      timeoutMs:
        op.timeoutMs === Infinity
          ? Infinity
          : Math.floor(Math.max(sessionTimeoutMsMin, Math.min(sessionTimeoutMsMax, op.timeoutMs))),
      holder: 1,
      lastRequest: 0,
      acknowledged: 0,
      openedAtMs: state.wallMs,
      replies: {},
    };
    return this.#sessionResult(state.zxid);
  }

  #sessionResult(sessionId: number): unknown {
    const session = this.state.sessions[sessionId];
    if (session === undefined) throw new TypeError('a session was expected');
    const { timeoutMs, holder, lastRequest } = session;
    return { kind: 'session', sessionId, timeoutMs, holder, nextRequest: lastRequest + 1 };
  }

  #gone(sessionId: number): Refused {
    return new Refused(this.state.closed.includes(sessionId) ? 'SESSION_CLOSED' : 'SESSION_EXPIRED');
  }

  #reap(op: Extract<SystemOp, { kind: 'reap-container' | 'reap-ttl' }>): unknown {
    if (pathProblem(op.path) !== undefined) throw new Refused('BAD_ARGUMENTS');
    const znode = this.state.znodes[op.path];
    if (znode === undefined) throw new Refused('NO_NODE');
    const isEmpty = this.tree.children(op.path).length === 0;
    const isDue =
      op.kind === 'reap-container'
        ? znode.kind === 'container' && znode.createCount > 0 && znode.pzxid === op.pzxid
        : znode.kind === 'ttl' &&
          znode.mzxid === op.mzxid &&
          znode.elapsedMs + znode.ttlMs <= this.state.elapsedMs;
    if (!isDue || !isEmpty) throw new Refused('COMPARE_FAILED');
    this.tree.delete(op.path);
    return { kind: 'none' };
  }

  #endSession(sessionId: number, isClosed: boolean): void {
    const { znodes, sessions, closed } = this.state;
    delete sessions[sessionId];
    if (isClosed) closed.push(sessionId);
    const owned = Object.keys(znodes).filter((path) => znodes[path]?.owner === sessionId);
    for (const path of owned.sort()) this.tree.delete(path);
    this.#finishCommand();
  }

  /** Runs a command on the state; a refusal restores the copy that was made before. */
  #attempt(command: () => unknown): unknown {
    const copy = structuredClone(this.state.znodes);
    this.tree.changes = [];
    try {
      const result = command();
      this.#finishCommand();
      return result;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.state.znodes = copy;
      this.tree.changes = [];
      return { kind: 'error', code: error.code, index: error.index };
    }
  }

  #finishCommand(): void {
    if (this.tree.changes.length === 0) return;
    const transaction = { zxid: this.state.zxid, changes: this.tree.changes };
    this.tree.changes = [];
    this.#applied.transactions.push(transaction);
    this.state.history.push(transaction);
    this.#evict();
  }

  #evict(): void {
    const { history, limits } = this.state;
    for (;;) {
      const changes = history.flatMap((transaction) => transaction.changes);
      const bytes = changes.reduce((sum, change) => sum + change.bytes, 0);
      if (changes.length <= limits.historyChangesMax && bytes <= limits.historyBytesMax) return;
      this.state.evictedThrough = history.shift()?.zxid ?? 0;
    }
  }
}
