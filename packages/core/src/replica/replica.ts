/**
 * The brain of one peer: the only place that joins Raft and the machine. Everything it knows comes through
 * `step`; everything it wants done is in the output. It never waits, never throws for anything from outside,
 * and two replicas that took the same inputs are equal.
 */
import { encodeSystemBatch, joinBatches } from '../codec/batch.ts';
import type { SystemOp } from '../codec/op.ts';
import { invariant, unreachable } from '../invariant.ts';
import type { Machine } from '../machine/machine.ts';
import type { RaftInput, RaftRestored } from '../raft/input.ts';
import type { RaftNotice } from '../raft/output.ts';
import { Raft } from '../raft/raft.ts';
import type { ProposedBatch, ReadRequest, ReplicaInput, ReplicaMessage, ReplicaOutput } from './contract.ts';
import type { InstallSnapshot } from '../raft/messages.ts';
import type { SnapshotChunk } from '../ports/storage.ts';
import { Applier } from './applier.ts';
import { groupBatches } from './batch-groups.ts';
import type { ReplicaConfig } from './config.ts';
import { Confirmations } from './confirmations.ts';
import { digestAfter } from './digests.ts';
import { Leadership } from './leadership.ts';
import { OutputBuilder } from './output-builder.ts';
import { ticksForLeases } from './leases.ts';
import { isReady, type Pending, type PendingRead } from './pending-reads.ts';
import { SnapshotReceiving, snapshotMetaOf, SnapshotTaking } from './snapshots.ts';

/** Who asked for a persist, so that its completion finds the way back. */
type PersistOwner =
  | { readonly kind: 'raft'; readonly ticket: number }
  | { readonly kind: 'snapshot'; readonly chunk: SnapshotChunk };

/** One member's deterministic brain. */
export class Replica {
  readonly config: ReplicaConfig;
  readonly #raft: Raft;
  readonly #applier: Applier;
  readonly #confirmations = new Confirmations();
  readonly #leadership: Leadership;
  readonly #taking = new SnapshotTaking();
  readonly #receiving = new SnapshotReceiving();
  readonly #persistOwners = new Map<number, PersistOwner>();
  #lastTicket = 0;
  #hasNews = false;
  #tick = 0;
  #wallMs = 0;

  constructor(config: ReplicaConfig, restored: RaftRestored, machine: Machine) {
    this.config = config;
    this.#raft = new Raft(config.raft, restored);
    this.#applier = new Applier(config, machine);
    this.#leadership = new Leadership(config);
    invariant(machine.appliedIndex === this.#raft.snapshotIndex, 'the machine starts where the log does', {
      appliedIndex: machine.appliedIndex,
      snapshotIndex: this.#raft.snapshotIndex,
    });
  }

  get raft(): Raft {
    return this.#raft;
  }

  get machine(): Machine {
    return this.#applier.machine;
  }

  get pendingReadsCount(): number {
    return this.#applier.reads.size;
  }

  get watchesCount(): number {
    return this.#applier.watches.size;
  }

  /** The first output, before any input. Call once. */
  start(wallMs: number): ReplicaOutput {
    this.#wallMs = wallMs;
    const out = new OutputBuilder();
    this.#merge(this.#raft.start(), out);
    this.#advance(out);
    return out;
  }

  step(input: ReplicaInput): ReplicaOutput {
    this.#wallMs = input.wallMs;
    const out = new OutputBuilder();
    this.#dispatch(input, out);
    this.#advance(out);
    return out;
  }

  /** States what must hold between steps; the simulator calls it after each. */
  validate(): void {
    this.#raft.validate();
    invariant(this.machine.appliedIndex <= this.#raft.commitIndex, 'only committed entries are applied', {
      appliedIndex: this.machine.appliedIndex,
      commitIndex: this.#raft.commitIndex,
    });
    this.machine.validate();
  }

  #dispatch(input: ReplicaInput, out: OutputBuilder): void {
    switch (input.kind) {
      case 'tick':
        this.#tick += ticksForLeases(input.count, this.config.raft.heartbeatTicks);
        this.#stepRaft(input, out);
        this.#askAgain(out);
        this.#leaderDuties(out);
        return;
      case 'message':
        this.#receive(input.message, out);
        return;
      case 'connected':
      case 'disconnected':
      case 'transfer':
      case 'snapshot-read':
      case 'storage':
      case 'continue':
        this.#stepRaft(input, out);
        return;
      case 'persisted':
        this.#persisted(input.ticket, out);
        return;
      case 'submit':
        this.#submit(input.batches, out);
        return;
      case 'system':
        this.#submit([{ bytes: this.#systemBatch(input.ticket, input.op), announceDurable: false }], out);
        return;
      case 'read':
        this.#read(input.request, out);
        return;
      case 'watch':
        this.#enqueue({ kind: 'watch', request: input.request }, out);
        return;
      case 'cancel-read':
        this.#applier.reads.cancel('read', input.id);
        this.#confirmations.forget(input.id);
        return;
      case 'unwatch':
        this.#applier.reads.cancel('watch', input.id);
        this.#applier.watches.end(input.id);
        return;
      case 'touch':
        this.#touch(input, out);
        return;
      default:
        unreachable(input);
    }
  }

  /** Applies what is committed, answers what became ready, and goes on with a snapshot. */
  #advance(out: OutputBuilder): void {
    this.#applier.advance(this.#raft, out, (index) => this.#tellDigest(index, out));
    this.#leadership.observe(out.applied, this.#tick);
    this.#applier.answerReady(out);
    this.#continueSnapshot(out);
    if (this.#hasNews || this.machine.appliedIndex < this.#raft.commitIndex) out.more = true;
  }

  #stepRaft(input: RaftInput, out: OutputBuilder): void {
    this.#merge(this.#raft.step(input, this.#wallMs), out);
  }

  #merge(output: ReturnType<Raft['step']>, out: OutputBuilder): void {
    this.#hasNews = output.hasNews;
    if (output.persist !== undefined) {
      const { ticket, batch } = output.persist;
      this.#persist(batch, { kind: 'raft', ticket }, out);
    }
    out.take(output);
    if (output.receivedChunk !== undefined) this.#receiveChunk(output.receivedChunk, out);
    for (const notice of output.notices) this.#notice(notice, out);
  }

  #persist(batch: ReplicaOutput['persists'][number]['batch'], owner: PersistOwner, out: OutputBuilder): void {
    this.#lastTicket += 1;
    this.#persistOwners.set(this.#lastTicket, owner);
    out.persists.push({ ticket: this.#lastTicket, batch });
  }

  #persisted(ticket: number, out: OutputBuilder): void {
    const owner = this.#persistOwners.get(ticket);
    if (owner === undefined) return;
    this.#persistOwners.delete(ticket);
    if (owner.kind === 'raft') {
      this.#stepRaft({ kind: 'persisted', ticket: owner.ticket }, out);
      return;
    }
    const meta = this.#taking.written(owner.chunk);
    if (meta !== undefined) this.#stepRaft({ kind: 'snapshot-taken', meta }, out);
  }

  #notice(notice: RaftNotice, out: OutputBuilder): void {
    out.notices.push(notice);
    switch (notice.kind) {
      case 'role':
        if (notice.role === 'leader') {
          this.#leadership.begin(this.machine.sessions(), this.#tick);
          if (!this.machine.configured) {
            this.#proposeSystem([{ kind: 'configure', limits: this.config.ensembleLimits }], out);
          }
        } else this.#leadership.end();
        return;
      case 'leader':
        this.#askAgain(out);
        return;
      case 'read-index':
        for (const id of notice.ids) this.#confirmed(id, notice.index, out);
        return;
      case 'read-failed':
        for (const id of notice.ids) this.#confirmations.lost(id);
        return;
      case 'transfer-done':
      case 'transfer-failed':
      case 'members':
      case 'member-health':
      case 'admitted':
      case 'storage-full':
      case 'storage-writable':
        return;
      default:
        unreachable(notice);
    }
  }

  #receive(message: ReplicaMessage, out: OutputBuilder): void {
    switch (message.kind) {
      case 'propose':
        this.#proposed(message.from, message.batches, out);
        return;
      case 'propose-refused':
        out.notices.push({ kind: 'propose-refused', reason: message.reason });
        return;
      case 'touch':
        if (this.#raft.role === 'leader') this.#confirm({ ...message, arrivedTick: this.#tick }, out);
        return;
      case 'touch-reply':
        out.notices.push({ kind: 'touched', id: message.id, sessions: message.sessions });
        return;
      case 'digest': {
        const divergence = this.#applier.digests.told(message.index, message.digest);
        if (divergence !== undefined) out.notices.push({ kind: 'divergence', ...divergence });
        return;
      }
      default:
        this.#stepRaft({ kind: 'message', message }, out);
    }
  }

  // --- writes -------------------------------------------------------------------------------------------

  #submit(batches: readonly ProposedBatch[], out: OutputBuilder): void {
    const { leader } = this.#raft;
    if (leader === this.config.raft.id) {
      const refusal = this.#propose(batches, out);
      if (refusal !== undefined) out.notices.push({ kind: 'propose-refused', reason: refusal });
    } else if (leader === undefined) {
      out.notices.push({ kind: 'propose-refused', reason: 'no-leader' });
    } else {
      for (const group of this.#grouped(batches)) {
        out.sendNow.push({ ...this.#header(leader), kind: 'propose', batches: group });
      }
    }
  }

  /** Batches of another member's sessions. */
  #proposed(from: string, batches: readonly ProposedBatch[], out: OutputBuilder): void {
    const refusal = this.#propose(batches, out);
    if (refusal !== undefined) {
      out.sendNow.push({ ...this.#header(from), kind: 'propose-refused', reason: refusal });
    }
  }

  #propose(batches: readonly ProposedBatch[], out: OutputBuilder): 'not-leader' | 'overloaded' | undefined {
    for (const group of this.#grouped(batches)) {
      const verdict = this.#raft.canPropose();
      if (verdict !== 'yes') return verdict;
      const announceDurable = group.some((batch) => batch.announceDurable);
      const body = joinBatches(group.map((batch) => batch.bytes));
      this.#stepRaft({ kind: 'propose', body, announceDurable }, out);
    }
    return undefined;
  }

  #grouped(batches: readonly ProposedBatch[]): ReturnType<typeof groupBatches> {
    const { raft, frameBytesMax } = this.config;
    return groupBatches(batches, { appendBytesMax: raft.appendBytesMax, frameBytesMax });
  }

  #proposeSystem(ops: readonly SystemOp[], out: OutputBuilder): void {
    const batches = ops.map((op) => ({ bytes: this.#systemBatch(0, op), announceDurable: false }));
    this.#propose(batches, out);
  }

  #systemBatch(ticket: number, op: SystemOp): Uint8Array {
    const { id, incarnation } = this.config.raft;
    return encodeSystemBatch({ kind: 'system', origin: id, incarnation, ticket, op });
  }

  // --- reads and touches ----------------------------------------------------------------------------------

  #read(request: ReadRequest, out: OutputBuilder): void {
    const pending: PendingRead = { kind: 'read', request, readIndex: undefined };
    this.#enqueue(pending, out);
    if (request.consistency === 'linearizable') this.#confirm(pending, out);
  }

  #enqueue(pending: Pending, out: OutputBuilder): void {
    if (isReady(pending, this.#applier)) this.#applier.answer(pending, out);
    else this.#applier.reads.add(pending);
  }

  #confirm(waiting: Parameters<Confirmations['ask']>[0], out: OutputBuilder): void {
    this.#stepRaft({ kind: 'read', id: this.#confirmations.ask(waiting) }, out);
  }

  #askAgain(out: OutputBuilder): void {
    if (!this.#confirmations.hasUnasked || this.#raft.leader === undefined) return;
    for (const read of this.#confirmations.takeUnasked()) this.#confirm(read, out);
  }

  #confirmed(id: number, index: number, out: OutputBuilder): void {
    const waiting = this.#confirmations.take(id);
    if (waiting === undefined) return;
    if (waiting.kind === 'read') {
      waiting.readIndex = index;
      this.#applier.markDirty();
      return;
    }
    // A round that began after the touch arrived has been confirmed, so nobody else led meanwhile.
    const sessions = this.#leadership.touch(waiting, this.machine);
    if (waiting.from === this.config.raft.id) out.notices.push({ kind: 'touched', id: waiting.id, sessions });
    else out.sendNow.push({ ...this.#header(waiting.from), kind: 'touch-reply', id: waiting.id, sessions });
  }

  #touch(touch: { readonly id: number; readonly sessions: readonly number[] }, out: OutputBuilder): void {
    const { leader } = this.#raft;
    const from = this.config.raft.id;
    if (leader === from) this.#confirm({ ...touch, kind: 'touch', from, arrivedTick: this.#tick }, out);
    else if (leader !== undefined) {
      out.sendNow.push({ ...this.#header(leader), kind: 'touch', id: touch.id, sessions: touch.sessions });
    }
  }

  // --- what only a leader does -----------------------------------------------------------------------------

  #leaderDuties(out: OutputBuilder): void {
    if (this.#raft.role !== 'leader' || this.#raft.canPropose() !== 'yes') return;
    const due = this.#leadership.due(this.machine, { tick: this.#tick, elapsedMs: this.#raft.elapsedMs() });
    if (due.ops.length === 0) return;
    this.#proposeSystem(due.ops, out);
    this.#leadership.proposed(due, this.#raft.lastIndex);
  }

  #tellDigest(index: number, out: OutputBuilder): void {
    const digest = digestAfter(index, this.machine);
    if (digest === undefined) return;
    const divergence = this.#applier.digests.record(index, digest);
    if (divergence !== undefined) out.notices.push({ kind: 'divergence', ...divergence });
    if (this.#raft.role !== 'leader') return;
    for (const member of Object.keys(this.#raft.membership.members)) {
      if (member !== this.config.raft.id)
        out.sendNow.push({ ...this.#header(member), kind: 'digest', index, digest });
    }
  }

  // --- snapshots -------------------------------------------------------------------------------------------

  #continueSnapshot(out: OutputBuilder): void {
    const isBegun = this.#taking.isActive;
    if (isBegun ? !this.#taking.wantsTurn : !this.#taking.isDue(this.#raft, this.machine, this.config))
      return;
    if (out.applied.length > 0 || (!isBegun && !this.#taking.isPrepared(this.machine))) {
      // That was work enough for one step: the chunk gets a step of its own.
      out.more = true;
      return;
    }
    if (!isBegun) {
      const writer = this.machine.beginSnapshot(this.config.snapshotChunkBytes);
      this.#taking.begin(snapshotMetaOf(this.#raft, this.machine), writer);
    }
    const chunk = this.#taking.nextChunk();
    if (chunk !== undefined) this.#persist({ snapshotChunk: chunk }, { kind: 'snapshot', chunk }, out);
  }

  #receiveChunk(chunk: InstallSnapshot, out: OutputBuilder): void {
    const { accepted, machine } = this.#receiving.feed(chunk);
    // The storage writes one snapshot at a time: an own one that is half written gives way to what arrives.
    if (accepted) this.#taking.abort();
    this.#stepRaft({ kind: 'chunk-judged', meta: chunk.meta, accepted }, out);
    const isInstalled = accepted && this.#raft.snapshotIndex === chunk.meta.index;
    if (machine === undefined || !isInstalled || machine.appliedIndex <= this.machine.appliedIndex) return;
    this.#applier.replaceMachine(machine, out);
  }

  #header(to: string): { from: string; to: string; term: number; incarnation: number } {
    const { id, incarnation } = this.config.raft;
    return { from: id, to, term: this.#raft.term, incarnation };
  }
}
