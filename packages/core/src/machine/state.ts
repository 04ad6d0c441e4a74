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
import { applyOp } from '../ops/dispatch.ts';
import { changeOf, type Change, type ChangeListener } from '../tree/change.ts';
import { Tree } from '../tree/tree.ts';
import type { Moment } from '../tree/znode-record.ts';
import type { Transaction } from './contract.ts';
import { History } from './history.ts';
import { Reaper } from './reaper.ts';
import { SessionTable, type Session, type SessionEnd } from './sessions.ts';

/** Ops that need nothing but the tree; the others are the machine's own. */
export type TreeOp = SingleOp | MultiOp;

export class MachineState {
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
  /** Transactions of the entry that is being applied, of the commands that somebody watched. */
  transactions: Transaction[] = [];
  /** Whether somebody watches now; asked for each command. */
  isWatched: () => boolean = () => false;
  /** The changes of the command that is being executed, if it is watched. */
  #changes: Change[] | undefined = undefined;

  /** One object for all commands: its fields are set before each. */
  readonly #opContext = {
    tree: this.tree,
    zxid: 0,
    moment: this.moment,
    sessionId: 0,
    limits: this.limits,
  };

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

  /** Executes one op under the current zxid: all of it or nothing. `sessionId` 0: of no session. */
  execute(op: TreeOp, sessionId: number): OpResult | OpError {
    const { tree } = this;
    this.#changes = this.isWatched() ? [] : undefined;
    // A single op fails before it changes anything, or not at all.
    if (op.kind === 'multi') tree.begin();
    else tree.beginSure(this.#observeChange);
    const result = applyOp(this.#context(sessionId), op);
    if (result.kind === 'error') tree.rollback();
    else this.#commit();
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
    this.#changes = this.isWatched() ? [] : undefined;
    this.tree.beginSure(this.#observeChange);
    const context = this.#context(session.id);
    for (const path of paths) {
      const result = applyOp(context, deleteOp(path));
      invariant(result.kind !== 'error', 'an ephemeral znode can be deleted', { path });
    }
    this.#commit();
  }

  /** Deletes one childless znode for the ensemble, under the current zxid. */
  reap(path: string): OpResult | OpError {
    return this.execute(deleteOp(path), 0);
  }

  #context(sessionId: number): OpContext {
    const context = this.#opContext;
    context.zxid = this.zxid;
    context.sessionId = sessionId;
    // The same for all commands of an entry, at least: to write down again what is there costs the collector.
    if (context.moment !== this.moment) context.moment = this.moment;
    if (context.limits !== this.limits) context.limits = this.limits;
    return context;
  }

  #commit(): void {
    const changes = this.#changes;
    this.tree.commit(this.#observeChange);
    if (changes !== undefined && changes.length > 0) this.transactions.push({ zxid: this.zxid, changes });
  }

  readonly #observeChange: ChangeListener = (before, after) => {
    this.history.append(this.zxid, before, after);
    this.reaper.observe(before, after, this.limits.containerGraceMs);
    this.#changes?.push(changeOf(before, after));
  };
}

function deleteOp(path: string): TreeOp {
  return { kind: 'delete', path, version: anyVersion, recursive: false, ifExists: false };
}
