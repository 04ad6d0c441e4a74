/**
 * The replicated machine: entries of the log in, replies and events out. It is deterministic (the same entries
 * give every replica the same state and the same answers) and total (any bytes whatsoever have an effect, if
 * only that of being refused): apply is the only judge of a command.
 *
 * zxids count commands, from 1: every request that a session has newly made takes one, also if it fails, and
 * every command of the ensemble; a repetition, a gap and a batch that cannot be decoded take none.
 */
import { openBatch, splitBatches } from '../codec/batch.ts';
import type { SystemBatch } from '../codec/batch.ts';
import { equalBytes } from '../codec/bytes.ts';
import type { SystemOp } from '../codec/op.ts';
import { invariant } from '../invariant.ts';
import type { EnsembleLimits } from '../limits.ts';
import type { Entry } from '../ports/entry.ts';
import type { Tree } from '../tree/tree.ts';
import type {
  Applied,
  AppliedItem,
  ApplyHooks,
  HolderClaim,
  Query,
  QueryAnswer,
  QueryBounds,
  SessionView,
  Transaction,
} from './contract.ts';
import { digestOf } from './digest.ts';
import { answerQuery } from './query.ts';
import { applySessionBatch } from './session-batch.ts';
import type { Session } from './session.ts';
import { SnapshotWriter } from './snapshot-writer.ts';
import { MachineState } from './state.ts';
import { executeSystem } from './system-commands.ts';

const nothing: Applied = Object.freeze({ items: [], transactions: [], commandCount: 0 });

/** The replicated state of one replica and the only way to change it: `apply`. */
export class Machine {
  readonly #state: MachineState;

  /** Without a state: the machine before the first entry. SnapshotReader hands in a restored one. */
  constructor(state: MachineState = new MachineState()) {
    this.#state = state;
  }

  /** For reading only. */
  get tree(): Tree {
    return this.#state.tree;
  }

  /** Of the last command; 0 before the first. */
  get zxid(): number {
    return this.#state.zxid;
  }

  /** Index of the last entry; 0 before the first. */
  get appliedIndex(): number {
    return this.#state.appliedIndex;
  }

  /** Elapsed time of the ensemble at the last entry, in milliseconds. */
  get elapsedMs(): number {
    return this.#state.moment.elapsedMs;
  }

  /** Wall time at the last entry; never runs backwards. */
  get wallMs(): number {
    return this.#state.moment.wallMs;
  }

  /** Defaults until the first leader's `configure` is applied. */
  get limits(): EnsembleLimits {
    return this.#state.limits;
  }

  get configured(): boolean {
    return this.#state.configured;
  }

  /** The smallest zxid that a watch can resume from. */
  get oldestZxid(): number {
    return this.#state.history.evictedThrough;
  }

  /** 16 hexadecimal digits; costs what changed since the last call. */
  digest(): string {
    return digestOf(this.#state);
  }

  /**
   * Does a part of what the next `digest` would do, in at most some milliseconds; changes nothing that anybody can tell.
   * False: it is worth another call.
   */
  prepareDigest(): boolean {
    const { tree, history } = this.#state;
    const isTreePrepared = tree.prepareDigest();
    return history.prepare() && isTreePrepared;
  }

  /** Applies the next entry of the log. Its index must follow on; its body may be anything. */
  apply(entry: Entry, hooks: ApplyHooks): Applied {
    const state = this.#state;
    invariant(entry.index === state.appliedIndex + 1, 'entries are applied in order', {
      index: entry.index,
      appliedIndex: state.appliedIndex,
    });
    state.appliedIndex = entry.index;
    state.advanceTimes(entry.wallMs, entry.elapsedMs);
    if (entry.kind !== 'commands') return nothing;

    state.beginEntry(hooks.isWatched);
    const items: AppliedItem[] = [];
    let commandCount = 0;
    const { tree } = state;
    for (const range of splitBatches(entry.body)) {
      tree.lookAhead(entry.body, range);
      const batch = openBatch(entry.body, range, tree);
      if (batch === undefined) continue;
      commandCount +=
        batch.kind === 'session'
          ? applySessionBatch(state, batch, items, hooks)
          : applySystemBatch(state, batch, items);
    }
    state.endEntry();
    return { items, transactions: state.transactions, commandCount };
  }

  /** Answers from the state as it is now. */
  query(query: Query, bounds: QueryBounds): QueryAnswer {
    return answerQuery(this.#state.tree, query, bounds);
  }

  session(id: number): SessionView | undefined {
    const session = this.#state.sessions.get(id);
    return session === undefined ? undefined : this.#viewOf(session);
  }

  /** Why somebody who claims to hold a session does not; undefined: it does. */
  holderProblem(claim: HolderClaim): 'SESSION_EXPIRED' | 'SESSION_CLOSED' | 'AUTH_FAILED' | undefined {
    const session = this.#state.sessions.get(claim.sessionId);
    if (session === undefined) return this.#state.sessions.endOf(claim.sessionId);
    if (!equalBytes(session.secretHash, claim.secretHash)) return 'AUTH_FAILED';
    return session.holder === claim.holder ? undefined : 'SESSION_EXPIRED';
  }

  /** The last applied request of a session; undefined if there is no such session. */
  lastRequestOf(id: number): number | undefined {
    return this.#state.sessions.get(id)?.replies.lastRequest;
  }

  /** Replies kept for a session until it acknowledges them; 0 also for one that is not there. */
  repliesCountOf(id: number): number {
    return this.#state.sessions.get(id)?.replies.count ?? 0;
  }

  get sessionsCount(): number {
    return this.#state.sessions.size;
  }

  /** In the order of their opening. */
  sessions(): readonly SessionView[] {
    return Array.from(this.#state.sessions.all(), (session) => this.#viewOf(session));
  }

  /** Everything that changed after `zxid`, oldest first; `'compacted'` if zxid is below `oldestZxid`. */
  transactionsAfter(zxid: number): readonly Transaction[] | 'compacted' {
    return this.#state.history.after(zxid);
  }

  /**
   * Deletions for the leader to propose: at most `max` containers and TTL znodes whose time has come by
   * `elapsedMs`, the ensemble's elapsed time by the leader's count. One that is named is not named again for
   * some seconds.
   */
  dueReaps(elapsedMs: number, max: number): readonly SystemOp[] {
    return this.#state.reaper.due(elapsedMs, max, this.#state.limits.containerGraceMs);
  }

  /**
   * Begins a snapshot of the state as it is now, to be read in slices of about `chunkBytes` while commands go
   * on. One at a time: read it to its end or abort it.
   */
  beginSnapshot(chunkBytes: number): SnapshotWriter {
    return new SnapshotWriter(this.#state, chunkBytes);
  }

  /** Checks every invariant; costs as much as the state is large. Throws InvariantViolation. */
  validate(): void {
    const { tree, sessions, history, limits } = this.#state;
    tree.validate();
    sessions.validate();
    history.validate(limits);
    invariant(history.evictedThrough <= this.zxid, 'history is about the past');
    for (const record of tree.walk('/')) {
      const isOwned = record.createKind === 'ephemeral';
      invariant(isOwned === (record.owner !== 0), 'ephemerals and nothing else have owners', { record });
      if (!isOwned) continue;
      invariant(sessions.get(record.owner) !== undefined, 'an ephemeral is owned by an open session', {
        record,
      });
      invariant(tree.ephemeralsOf(record.owner).has(record.path), 'a session knows its ephemerals', {
        record,
      });
    }
  }

  #viewOf(session: Session): SessionView {
    return {
      sessionId: session.id,
      timeoutMs: session.timeoutMs,
      holder: session.holder,
      lastRequest: session.replies.lastRequest,
      ephemeralsCount: this.#state.tree.ephemeralsOf(session.id).size,
      openedAtMs: session.openedAtMs,
    };
  }
}

function applySystemBatch(state: MachineState, batch: SystemBatch, items: AppliedItem[]): number {
  state.zxid += 1;
  const { origin, incarnation, ticket } = batch;
  const { result, ended } = executeSystem(state, batch);
  items.push({ kind: 'system', origin, incarnation, ticket, reply: { zxid: state.zxid, result } });
  if (ended !== undefined) items.push(ended);
  return 1;
}
