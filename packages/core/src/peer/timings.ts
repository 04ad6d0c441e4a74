/**
 * The terms of the timing model T_election = N x T_heartbeat / 2, measured. Samples are taken one at a time, so a
 * busy leader pays one comparison per message and no memory.
 */
import type { ReplicaMessage, ReplicaNotice } from '../replica/contract.ts';
import type { PeerTimings } from './peer-types.ts';

interface Sample {
  readonly index: number;
  readonly atMs: number;
}

export class Timings {
  readonly #heartbeatMs: number;
  readonly #electionTimeoutMs: number;
  #leaderLostAtMs: number | undefined;
  #electionMs: number | undefined;
  #propagation: (Sample & { readonly to: string }) | undefined;
  #propagationMs: number | undefined;
  #commit: Sample | undefined;
  #commitMs: number | undefined;

  constructor(heartbeatMs: number, electionTimeoutMs: number) {
    this.#heartbeatMs = heartbeatMs;
    this.#electionTimeoutMs = electionTimeoutMs;
  }

  noticed(notice: ReplicaNotice, nowMs: number): void {
    if (notice.kind !== 'leader') return;
    if (notice.leader === undefined) this.#leaderLostAtMs ??= nowMs;
    else if (this.#leaderLostAtMs !== undefined) {
      this.#electionMs = nowMs - this.#leaderLostAtMs;
      this.#leaderLostAtMs = undefined;
    }
  }

  sent(messages: readonly ReplicaMessage[], nowMs: number): void {
    for (const message of messages) {
      if (message.kind !== 'append' || message.entries.length === 0) continue;
      const index = message.previousIndex + message.entries.length;
      this.#propagation ??= { to: message.to, index, atMs: nowMs };
      this.#commit ??= { index, atMs: nowMs };
      return;
    }
  }

  received(message: ReplicaMessage, nowMs: number): void {
    const sample = this.#propagation;
    if (sample === undefined || message.kind !== 'append-reply' || message.from !== sample.to) return;
    if (message.accepted && message.matchIndex >= sample.index) {
      this.#propagationMs = (nowMs - sample.atMs) / 2;
      this.#propagation = undefined;
    }
  }

  committed(commitIndex: number, nowMs: number): void {
    if (this.#commit === undefined || commitIndex < this.#commit.index) return;
    this.#commitMs = nowMs - this.#commit.atMs;
    this.#commit = undefined;
  }

  /** A new leadership measures anew: samples of the old one never complete. */
  reset(): void {
    this.#propagation = undefined;
    this.#commit = undefined;
  }

  read(votersCount: number): PeerTimings {
    const syncMs = sum(this.#electionMs, this.#propagationMs);
    return Object.freeze({
      heartbeatMs: this.#heartbeatMs,
      electionTimeoutMs: this.#electionTimeoutMs,
      electionModelMs: (votersCount * this.#heartbeatMs) / 2,
      electionMs: this.#electionMs,
      propagationMs: this.#propagationMs,
      commitMs: this.#commitMs,
      syncMs,
      consistencyMs: sum(syncMs, this.#commitMs),
    });
  }
}

function sum(first: number | undefined, second: number | undefined): number | undefined {
  return first === undefined || second === undefined ? undefined : first + second;
}
