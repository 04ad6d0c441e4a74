/**
 * The replicated machine as a plain model: entries of the log in, one applied command after the other out. Between
 * two commands the tree is exactly what it was at that zxid, which is what reads are compared with.
 */
import type { EnsembleLimits } from '@quorate/core';
import {
  decodeBatch,
  defaultEnsembleLimits,
  invariant,
  splitBatches,
  type Op,
  type SessionBatch,
  type SystemBatch,
  type SystemOp,
} from '@quorate/core/inspect';
import type { Entry } from '@quorate/core/ports';
import { perform, Refused, type ModelReply } from './model-ops.ts';
import { ModelTree, type ModelChange, type ModelTimes } from './model-tree.ts';
import { areSameBytes } from './model-value.ts';

/** A command that took a zxid. */
export interface ModelCommand {
  readonly zxid: number;
  /** Of the entry. */
  readonly index: number;
  /** Undefined: a command of the ensemble itself. */
  readonly request: { readonly session: number; readonly number: number; readonly op: Op } | undefined;
  readonly system: SystemOp | undefined;
  readonly reply: ModelReply;
  readonly changes: readonly ModelChange[];
  /** The session that it ended. */
  readonly ended: number | undefined;
}

interface ModelSession {
  readonly secretHash: Uint8Array;
  readonly holder: number;
  readonly lastRequest: number;
  readonly acknowledged: number;
}

export class ModelEnsemble {
  readonly tree: ModelTree = new ModelTree();
  readonly #sessions = new Map<number, ModelSession>();
  readonly #closed = new Set<number>();
  #limits: EnsembleLimits = defaultEnsembleLimits;
  #isConfigured = false;
  #zxid = 0;
  #index = 0;
  #wallMs = 0;
  #elapsedMs = 0;
  #ended: number | undefined;

  get zxid(): number {
    return this.#zxid;
  }

  /** Applies the entries, which must follow on from index 1 without a gap; look at the tree between commands. */
  *apply(entries: Iterable<Entry>): Generator<ModelCommand, void, undefined> {
    for (const { index, kind, wallMs, elapsedMs, body } of entries) {
      invariant(index === this.#index + 1, 'a log has no gap', { index, last: this.#index });
      this.#index = index;
      if (Number.isSafeInteger(wallMs)) this.#wallMs = Math.max(this.#wallMs, wallMs);
      if (Number.isSafeInteger(elapsedMs)) this.#elapsedMs = Math.max(this.#elapsedMs, elapsedMs);
      if (kind !== 'commands') continue;
      for (const { start, end } of splitBatches(body)) {
        const batch = decodeBatch(body, start, end);
        if (batch?.kind === 'session') yield* this.#session(batch);
        else if (batch?.kind === 'system') yield this.#system(batch);
      }
    }
  }

  *#session(batch: SessionBatch): Generator<ModelCommand, void, undefined> {
    const { sessionId, ops, firstRequest } = batch;
    const known = this.#sessions.get(sessionId);
    if (known === undefined || known.holder !== batch.holder) return;
    const acknowledged = Math.max(known.acknowledged, Math.min(batch.acknowledgedThrough, known.lastRequest));
    this.#sessions.set(sessionId, { ...known, acknowledged });
    for (const [at, op] of ops.entries()) {
      const session = this.#sessions.get(sessionId);
      const number = firstRequest + at;
      // Ended by a close before, or answered already.
      if (session === undefined) return;
      if (number <= session.lastRequest) continue;
      const hasRoom = session.lastRequest - session.acknowledged < this.#limits.repliesPerSessionMax;
      if (number !== session.lastRequest + 1 || !hasRoom) return;
      this.#sessions.set(sessionId, { ...session, lastRequest: number });
      this.#zxid += 1;
      const reply = this.#attempt(() => this.#request(sessionId, op));
      yield this.#command(reply, { request: { session: sessionId, number, op }, system: undefined });
    }
  }

  #request(session: number, op: Op): ModelReply {
    switch (op.kind) {
      case 'noop':
        return { kind: 'none' };
      case 'invalid':
        throw new Refused('BAD_ARGUMENTS');
      case 'close':
        this.#end(session, true);
        return { kind: 'none' };
      default:
        return perform({ tree: this.tree, session, limits: this.#limits, ...this.#times() }, op);
    }
  }

  #system({ op, ticket }: SystemBatch): ModelCommand {
    this.#zxid += 1;
    const reply = this.#attempt(() => this.#execute(op, ticket));
    return this.#command(reply, { request: undefined, system: op });
  }

  #execute(op: SystemOp, ticket: number): ModelReply {
    switch (op.kind) {
      case 'invalid':
        throw new Refused('BAD_ARGUMENTS');
      case 'configure':
        this.#configure(op.limits);
        return { kind: 'none' };
      case 'open-session':
        return this.#open(op);
      case 'resume-session':
        return this.#resume(op, ticket);
      case 'expire-session':
        if (!(this.#sessionAt(op.sessionId).lastRequest <= op.lastRequest))
          throw new Refused('COMPARE_FAILED');
        this.#end(op.sessionId, false);
        return { kind: 'none' };
      case 'end-session':
        if (this.#closed.has(op.sessionId)) return { kind: 'none' };
        this.#sessionAt(op.sessionId);
        this.#end(op.sessionId, true);
        return { kind: 'none' };
      case 'reap-container':
      case 'reap-ttl':
        return this.#reap(op);
    }
  }

  /** The first configuration of an ensemble stays. */
  #configure(limits: EnsembleLimits): void {
    const isSound = Object.values(limits).every((limit: number) => Number.isSafeInteger(limit) && limit >= 0);
    if (!isSound || limits.repliesPerSessionMax < 1) throw new Refused('BAD_ARGUMENTS');
    if (limits.sessionTimeoutMsMin > limits.sessionTimeoutMsMax) throw new Refused('BAD_ARGUMENTS');
    if (!this.#isConfigured) this.#limits = limits;
    this.#isConfigured = true;
  }

  #open(op: Extract<SystemOp, { kind: 'open-session' }>): ModelReply {
    if (op.secretHash.length !== 32 || !(op.timeoutMs > 0)) throw new Refused('BAD_ARGUMENTS');
    for (const [session, { secretHash }] of this.#sessions) {
      if (areSameBytes(secretHash, op.secretHash)) return this.#sessionReply(session);
    }
    if (this.#sessions.size >= this.#limits.sessionsMax) throw new Refused('LIMIT_EXCEEDED');
    const secretHash = op.secretHash.slice();
    this.#sessions.set(this.#zxid, { secretHash, holder: 1, lastRequest: 0, acknowledged: 0 });
    return this.#sessionReply(this.#zxid);
  }

  /** A resumption takes a request number. */
  #resume(op: Extract<SystemOp, { kind: 'resume-session' }>, ticket: number): ModelReply {
    const session = this.#sessionAt(op.sessionId);
    if (!areSameBytes(session.secretHash, op.secretHash)) throw new Refused('AUTH_FAILED');
    if (session.holder === ticket) return this.#sessionReply(op.sessionId);
    if (!(ticket > 1)) throw new Refused('BAD_ARGUMENTS');
    if (session.holder !== op.heldBy) throw new Refused('COMPARE_FAILED');
    const lastRequest = session.lastRequest + 1;
    this.#sessions.set(op.sessionId, { ...session, holder: ticket, lastRequest, acknowledged: lastRequest });
    return this.#sessionReply(op.sessionId);
  }

  #sessionReply(session: number): ModelReply {
    const { holder, lastRequest } = this.#sessionAt(session);
    return { kind: 'session', session, holder, nextRequest: lastRequest + 1 };
  }

  #sessionAt(session: number): ModelSession {
    const known = this.#sessions.get(session);
    if (known === undefined)
      throw new Refused(this.#closed.has(session) ? 'SESSION_CLOSED' : 'SESSION_EXPIRED');
    return known;
  }

  #reap(op: Extract<SystemOp, { kind: 'reap-container' | 'reap-ttl' }>): ModelReply {
    const znode = this.tree.get(op.path);
    if (znode === undefined) throw new Refused('NO_NODE');
    const isEmpty = this.tree.childrenCount(op.path) === 0;
    const isDue =
      op.kind === 'reap-container'
        ? znode.kind === 'container' && znode.createCount > 0 && znode.pzxid === op.pzxid
        : znode.kind === 'ttl' &&
          znode.mzxid === op.mzxid &&
          znode.elapsedMs + znode.ttlMs <= this.#elapsedMs;
    if (!isDue || !isEmpty) throw new Refused('COMPARE_FAILED');
    this.tree.delete(op.path, this.#times());
    return { kind: 'none' };
  }

  #end(session: number, isClosed: boolean): void {
    this.#sessions.delete(session);
    if (isClosed) this.#closed.add(session);
    this.#ended = session;
    for (const path of this.tree.owned(session)) this.tree.delete(path, this.#times());
  }

  #attempt(run: () => ModelReply): ModelReply {
    this.#ended = undefined;
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.tree.rollBack();
      return { kind: 'error', code: error.code, index: error.index };
    }
  }

  #command(reply: ModelReply, asked: Pick<ModelCommand, 'request' | 'system'>): ModelCommand {
    const changes = this.tree.commit();
    return { zxid: this.#zxid, index: this.#index, ...asked, reply, changes, ended: this.#ended };
  }

  #times(): ModelTimes {
    return { zxid: this.#zxid, wallMs: this.#wallMs, elapsedMs: this.#elapsedMs };
  }
}
