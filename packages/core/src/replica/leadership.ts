/**
 * What a leader does for the ensemble besides replicating: it notices sessions that fell silent and znodes
 * that are due (containers without children, TTLs), and proposes their end. Each proposal is conditional and
 * apply is its judge, so a deposed leader's proposals harm nobody.
 */
import type { SystemOp } from '../codec/op.ts';
import type { SessionView } from '../machine/contract.ts';
import type { Machine } from '../machine/machine.ts';
import type { PendingTouch } from './confirmations.ts';
import type { AppliedOutput } from './contract.ts';
import { Leases } from './leases.ts';

/** Ends proposed in one entry: apply of one entry must stay short. */
const endsPerEntryMax = 256;

export interface DueEnds {
  readonly ops: readonly SystemOp[];
  readonly expiring: readonly number[];
}

export class Leadership {
  readonly #leases: Leases;
  readonly #heartbeatTicks: number;
  #isLeader = false;
  #lastSweepTick = 0;
  /** The entry with the last proposals; the next sweep waits until it is applied. */
  #sweepIndex = 0;

  constructor(config: { readonly raft: { readonly tickMs: number; readonly heartbeatTicks: number } }) {
    this.#leases = new Leases(config.raft.tickMs);
    this.#heartbeatTicks = config.raft.heartbeatTicks;
  }

  begin(sessions: readonly SessionView[], tick: number): void {
    this.#isLeader = true;
    this.#sweepIndex = 0;
    this.#leases.reset(sessions, tick);
  }

  end(): void {
    this.#isLeader = false;
  }

  /** Learns from what was applied: new sessions, sessions that were heard, sessions that are gone. */
  observe(applied: readonly AppliedOutput[], tick: number): void {
    if (!this.#isLeader) return;
    for (const { items } of applied) {
      for (const item of items) {
        switch (item.kind) {
          case 'replies':
            this.#leases.heard(item.sessionId, tick);
            break;
          case 'system':
            if (item.reply.result.kind === 'session') {
              this.#leases.grant(item.reply.result.sessionId, item.reply.result.timeoutMs, tick);
            }
            break;
          case 'session-ended':
            this.#leases.forget(item.sessionId);
            break;
          case 'gap':
          case 'refused':
            break;
        }
      }
    }
  }

  /** A confirmed touch: answers which of its sessions may live on. */
  touch(touch: PendingTouch, machine: Machine): readonly number[] {
    if (!this.#isLeader) return [];
    const alive = touch.sessions.filter(
      (sessionId) => machine.lastRequestOf(sessionId) !== undefined && !this.#leases.isExpiring(sessionId),
    );
    for (const sessionId of alive) this.#leases.heard(sessionId, touch.arrivedTick);
    return alive;
  }

  /** What is to be proposed now, looked for once a heartbeat. */
  due(machine: Machine, now: { readonly tick: number; readonly elapsedMs: number }): DueEnds {
    if (now.tick - this.#lastSweepTick < this.#heartbeatTicks) return { ops: [], expiring: [] };
    this.#lastSweepTick = now.tick;
    const ops: SystemOp[] = [];
    const expiring: number[] = [];
    for (const sessionId of this.#leases.due(now.tick, machine.appliedIndex)) {
      const lastRequest = machine.lastRequestOf(sessionId);
      if (lastRequest === undefined || expiring.length >= endsPerEntryMax) continue;
      ops.push({ kind: 'expire-session', sessionId, lastRequest });
      expiring.push(sessionId);
    }
    if (machine.appliedIndex >= this.#sweepIndex && ops.length < endsPerEntryMax) {
      ops.push(...machine.dueReaps(now.elapsedMs, endsPerEntryMax - ops.length));
    }
    return { ops, expiring };
  }

  /** The proposals stand in the log at `index`. */
  proposed(due: DueEnds, index: number): void {
    this.#sweepIndex = index;
    for (const sessionId of due.expiring) this.#leases.markExpiring(sessionId, index);
  }
}
