/**
 * Everything that a machine holds, and the one way to change its tree. Internal to this folder: others see
 * Machine (machine.ts).
 *
 * Replicated: tree, sessions, history, limits, configured, zxid, moment. Derived from them: reaper.
 */
import { anyVersion, type MultiOp, type SingleOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import { defaultEnsembleLimits, type EnsembleLimits } from '../limits.ts';
import { invariant } from '../invariant.ts';
import type { OpContext } from '../ops/context.ts';
import { applyMulti } from '../ops/multi.ts';
import { applySingle } from '../ops/single.ts';
import { changeOf, type Change, type ChangeListener } from '../tree/change.ts';
import { Tree } from '../tree/tree.ts';
import type { Moment, ZnodeRecord } from '../tree/znode-record.ts';
import type { Transaction } from './contract.ts';
import { History } from './history.ts';
import { Reaper } from './reaper.ts';
import type { Session } from './session.ts';
import { SessionTable, type SessionEnd } from './sessions.ts';

/** Ops that need nothing but the tree; the others are the machine's own. */
export type TreeOp = SingleOp | MultiOp;

/** It is also what its own ops are judged by, so that nothing is copied for each of them. */
export class MachineState implements OpContext {
  readonly tree: Tree = new Tree();
  readonly sessions: SessionTable = new SessionTable();
  readonly history: History = new History();
  readonly reaper: Reaper = new Reaper(this.tree);
  limits: EnsembleLimits = defaultEnsembleLimits;
  /** The first `configure` was applied: limits never change again. */
  configured = false;
  /** Of the last command, from 1. */
  zxid = 0;
  /** Of the last entry. */
  appliedIndex = 0;
  /** Of the last entry. Neither clock ever runs backwards, whatever the stamps of the leaders. */
  moment: Moment = { wallMs: 0, elapsedMs: 0 };
  /** Of the op that is being executed; 0: of no session. */
  sessionId = 0;
  /** Transactions of the entry that is being applied, of the commands that somebody watched. */
  transactions: Transaction[] = [];
  /** Whether somebody watches now; asked for each change. */
  #isWatched: () => boolean = () => false;
  /** What the command that is being executed has changed so far, if somebody watches. */
  #changes: Change[] | undefined = undefined;

  /** Stamps of a leader whose clock is behind that of an earlier one change nothing. */
  advanceTimes(wallMs: number, elapsedMs: number): void {
    const before = this.moment;
    const isWallLater = Number.isSafeInteger(wallMs) && wallMs > before.wallMs;
    const isElapsedLater = Number.isSafeInteger(elapsedMs) && elapsedMs > before.elapsedMs;
    if (!isWallLater && !isElapsedLater) return;
    this.moment = {
      wallMs: isWallLater ? wallMs : before.wallMs,
      elapsedMs: isElapsedLater ? elapsedMs : before.elapsedMs,
    };
  }

  /** Before the commands of an entry. */
  beginEntry(isWatched: () => boolean): void {
    this.transactions = [];
    this.#isWatched = isWatched;
    this.tree.beginSure(this.#observeChange);
  }

  /** After them. */
  endEntry(): void {
    this.tree.commit();
    this.history.trim(this.limits);
  }

  /** Executes one op under the current zxid: all of it or nothing. `sessionId` 0: of no session. */
  execute(op: TreeOp, sessionId: number): OpResult | OpError {
    this.sessionId = sessionId;
    if (op.kind === 'multi') return this.#executeMulti(op);
    const { changesCount } = this.tree;
    const result = applySingle(this, op);
    // It fails before it changes anything, or not at all: it needs no way back.
    if (result.kind !== 'error') this.#publish();
    else invariant(this.tree.changesCount === changesCount, 'an op that fails has changed nothing');
    return result;
  }

  #executeMulti(op: MultiOp): OpResult | OpError {
    const { tree } = this;
    tree.commit();
    tree.begin();
    const result = applyMulti(this, op);
    if (result.kind === 'error') tree.rollback();
    else tree.commit(this.#observeChange);
    tree.beginSure(this.#observeChange);
    this.#publish();
    return result;
  }

  /**
   * Ends a session under the current zxid: its ephemerals and itself are gone in one step. The znodes go in
   * the byte order of their paths; none has children, so any order would do, but it must be the same everywhere.
   */
  endSession(session: Session, end: SessionEnd): void {
    const paths = [...this.tree.ephemeralsOf(session.id)].sort();
    this.sessions.remove(session, end);
    if (paths.length === 0) return;
    this.sessionId = session.id;
    for (const path of paths) {
      const result = applySingle(this, deleteOp(path));
      invariant(result.kind !== 'error', 'an ephemeral znode can be deleted', { path });
    }
    this.#publish();
  }

  /** Deletes one childless znode for the ensemble, under the current zxid. */
  reap(path: string): OpResult | OpError {
    return this.execute(deleteOp(path), 0);
  }

  /** The command has been executed: what it changed is one transaction. */
  #publish(): void {
    const changes = this.#changes;
    if (changes === undefined) return;
    this.transactions.push({ zxid: this.zxid, changes });
    this.#changes = undefined;
  }

  readonly #observeChange: ChangeListener = (before, after) => {
    this.history.append(this.zxid, before, after);
    this.reaper.observe(before, after, this.limits.containerGraceMs);
    if (this.#isWatched()) this.#keepChange(before, after);
  };

  #keepChange(before: ZnodeRecord | undefined, after: ZnodeRecord | undefined): void {
    (this.#changes ??= []).push(changeOf(before, after));
  }
}

function deleteOp(path: string): SingleOp {
  return { kind: 'delete', path, version: anyVersion, recursive: false, ifExists: false };
}
