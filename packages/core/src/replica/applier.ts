/**
 * Applies committed entries to the machine, a bounded number of commands per step, and answers what waits for
 * them: reads at their exact place between their session's writes, watches with what each entry changed.
 */
import type { Machine } from '../machine/machine.ts';
import type { Raft } from '../raft/raft.ts';
import type { WatchDelivery } from './contract.ts';
import { Digests } from './digests.ts';
import type { OutputBuilder } from './output-builder.ts';
import { type Pending, PendingReads, type Progress } from './pending-reads.ts';
import { WatchHub } from './watch-hub.ts';

/** Why a read fails that was overtaken by a later write of its own session. */
const placeGone = 'a received snapshot skipped the place of this read; ask again';

export interface ApplierConfig {
  readonly applyCommandsPerStepMax: number;
  readonly watchSnapshotZnodesMax: number;
  readonly pageNamesMax: number;
}

export class Applier implements Progress {
  readonly #config: ApplierConfig;
  #machine: Machine;
  /** Something may have become ready since the last look. */
  #isDirty = false;
  readonly reads: PendingReads = new PendingReads();
  readonly watches: WatchHub;
  readonly digests: Digests = new Digests();

  constructor(config: ApplierConfig, machine: Machine) {
    this.#config = config;
    this.#machine = machine;
    this.watches = new WatchHub(config.watchSnapshotZnodesMax);
  }

  get machine(): Machine {
    return this.#machine;
  }

  get zxid(): number {
    return this.#machine.zxid;
  }

  get appliedIndex(): number {
    return this.#machine.appliedIndex;
  }

  lastRequestOf(sessionId: number): number {
    return this.#machine.lastRequestOf(sessionId) ?? Number.POSITIVE_INFINITY;
  }

  markDirty(): void {
    this.#isDirty = true;
  }

  advance(raft: Raft, out: OutputBuilder, applied: (index: number) => void): void {
    if (this.#machine.appliedIndex >= raft.commitIndex) return;
    const deliver = (delivery: WatchDelivery): void => void out.watches.push(delivery);
    const hooks = {
      waitingSessions: this.reads.waitingSessions,
      isWatched: (): boolean => this.watches.size > 0,
      requestApplied: (sessionId: number, request: number): void => {
        const ready = this.reads.takeAfterRequest(sessionId, request, this.#machine.zxid);
        for (const pending of ready) this.answer(pending, out);
      },
    };
    let commandCount = 0;
    while (
      this.#machine.appliedIndex < raft.commitIndex &&
      commandCount < this.#config.applyCommandsPerStepMax
    ) {
      const index = this.#machine.appliedIndex + 1;
      const result = this.#machine.apply(raft.entryAt(index), hooks);
      commandCount += result.commandCount + 1;
      if (result.items.length > 0) out.applied.push({ items: result.items, index });
      for (const transaction of result.transactions) this.watches.publish(transaction, deliver);
      applied(index);
      this.#isDirty = true;
    }
  }

  /** Answers everything that this step made ready. */
  answerReady(out: OutputBuilder): void {
    if (!this.#isDirty || this.reads.size === 0) return;
    this.#isDirty = false;
    for (const pending of this.reads.takeReady(this)) this.answer(pending, out);
  }

  answer(pending: Pending, out: OutputBuilder): void {
    if (pending.kind === 'watch') {
      this.watches.begin(this.#machine, pending.request, (delivery) => void out.watches.push(delivery));
      return;
    }
    const { id, query } = pending.request;
    const answer = this.#machine.query(query, { pageNamesMax: this.#config.pageNamesMax });
    out.reads.push({ kind: 'answer', id, zxid: this.#machine.zxid, answer });
  }

  /** A received snapshot takes the machine's place. Watches get what happened between from its history. */
  replaceMachine(machine: Machine, out: OutputBuilder): void {
    const before = this.#machine.zxid;
    this.#machine = machine;
    this.digests.clear();
    this.watches.carryOver(machine, before, (delivery) => void out.watches.push(delivery));
    for (const { request } of this.reads.takeSkipped(this)) {
      const answer = { kind: 'failed', code: 'UNAVAILABLE', details: { reason: placeGone } } as const;
      out.reads.push({ kind: 'answer', id: request.id, zxid: machine.zxid, answer });
    }
    this.#isDirty = true;
    out.notices.push({ kind: 'installed', zxid: machine.zxid });
  }
}
