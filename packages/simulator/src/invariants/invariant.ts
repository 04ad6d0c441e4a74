/**
 * What an invariant is: a statement about the whole ensemble that must hold in every run, and the code that
 * notices when it does not. Each lives in a file of its own and knows nothing of the world but what is here.
 *
 * Incremental ones keep a little state and look at one step (`stepped`, `sent`, `stored`); those that cost the
 * whole state look every so often (`swept`) and at the end. Time is the world's, in milliseconds. The world tells
 * what happens to an InvariantHub (invariant-hub.ts), which asks every invariant.
 */
import type { Replica, ReplicaInput, ReplicaMessage, ReplicaOutput } from '@quorate/core/inspect';
import type { StoredState, WriteBatch } from '@quorate/core/ports';
import type { Ledger } from './ledger/ledger.ts';
import type { PeerFacts } from './peer-facts.ts';

/** One life of a member: from its start to its crash, stop or the end of the run. */
export interface ObservedPeer {
  readonly member: string;
  /** Counts the starts of all members; never used twice in a run. */
  readonly life: number;
  readonly incarnation: number;
  readonly replica: Replica;
  /** What its storage held when it started. */
  readonly stored: StoredState;
}

/** One step of a peer's replica. */
export interface ObservedStep {
  readonly peer: ObservedPeer;
  /** Undefined for the start. */
  readonly input: ReplicaInput | undefined;
  /** Not yet performed. */
  readonly output: ReplicaOutput;
  /** As the replica was, and as it is now: most invariants need no more. */
  readonly before: PeerFacts;
  readonly after: PeerFacts;
}

/** A message at the moment in which a peer hands it to the network. */
export interface ObservedSend {
  readonly peer: ObservedPeer;
  readonly message: ReplicaMessage;
}

/** A batch that has become durable. */
export interface ObservedWrite {
  readonly peer: ObservedPeer;
  readonly batch: WriteBatch;
}

/** What may be asked at any moment. */
export interface WorldView {
  readonly nowMs: number;
  /** Voters of the ensemble as it was founded. */
  readonly members: readonly string[];
  /** Those that run now, paused ones too, in the order of their members. */
  readonly peers: readonly ObservedPeer[];
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  /**
   * In the liveness phase: the members whose faults have ended for good and that are a majority; empty before.
   * `healedAtMs` is when that was.
   */
  readonly core: readonly string[];
  readonly healedAtMs: number | undefined;
}

/** The state of one invariant in one run; every method is optional. Throw {@link InvariantBroken} to report. */
export interface InvariantWatch {
  opened?(peer: ObservedPeer, view: WorldView): void;
  stepped?(step: ObservedStep, view: WorldView): void;
  sent?(send: ObservedSend, view: WorldView): void;
  /** A batch goes to the storage, which may fail or be cut off: a beginning of it may be durable from now on. */
  writing?(write: ObservedWrite, view: WorldView): void;
  stored?(write: ObservedWrite, view: WorldView): void;
  /** Memory is gone, and what was not durable; `isWiped`: its disk as well. */
  crashed?(peer: ObservedPeer, view: WorldView, facts: { readonly isWiped: boolean }): void;
  /** Something that was durable of this peer is not as it was written any more. */
  rotted?(peer: ObservedPeer, view: WorldView, facts: { readonly file: string }): void;
  /** The process of this peer hears that a sync of its files has failed. */
  syncFailed?(peer: ObservedPeer, view: WorldView): void;
  /** Every so often: may look at whole states. */
  swept?(view: WorldView): void;
  /** After the last step of the run. */
  ended?(view: WorldView): void;
}

/** A statement with the way to watch it. */
export interface Invariant {
  /** As in the field: `ElectionSafety`, `LogMatching` ... */
  readonly name: string;
  /** One sentence that must be true. */
  readonly statement: string;
  /** Where the statement comes from: paper and section, or our semantics. */
  readonly source: string;
  /** `ledger`: what all invariants of the run know together, as it was before what is being told. */
  watch(ledger: Ledger): InvariantWatch;
}

/** A statement that does not hold in this run. */
export class InvariantBroken extends Error {
  readonly invariant: string;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(invariant: string, problem: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(`${invariant}: ${problem}`);
    this.name = 'InvariantBroken';
    this.invariant = invariant;
    this.facts = facts;
  }
}
