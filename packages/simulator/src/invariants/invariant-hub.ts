/**
 * Asks every invariant about everything that happens. The world owns one for each run and calls it; what an
 * invariant throws goes to the caller, and the run is over.
 */
import type { ReplicaInput, ReplicaMessage, ReplicaOutput } from '@quorate/core/inspect';
import type { WriteBatch } from '@quorate/core/ports';
import type { Invariant, InvariantWatch, ObservedPeer, ObservedStep, WorldView } from './invariant.ts';
import { Ledger } from './ledger/ledger.ts';
import { factsOf, type PeerFacts } from './peer-facts.ts';

/** Watches one run. */
export class InvariantHub {
  readonly #view: WorldView;
  readonly #ledger = new Ledger();
  readonly #watches: readonly InvariantWatch[];
  /** Only those that look at steps, and at messages: these lists are walked most. */
  readonly #steppers: readonly InvariantWatch[];
  readonly #listeners: readonly InvariantWatch[];
  readonly #facts = new WeakMap<ObservedPeer, PeerFacts>();

  /** `view` is asked again at every call, so it may be one object whose fields change. */
  constructor(invariants: readonly Invariant[], view: WorldView) {
    this.#view = view;
    this.#watches = invariants.map((invariant) => invariant.watch(this.#ledger));
    this.#steppers = this.#watches.filter((watch) => watch.stepped !== undefined);
    this.#listeners = this.#watches.filter((watch) => watch.sent !== undefined);
  }

  /** A replica was restored; before its first step. */
  opened(peer: ObservedPeer): void {
    this.#facts.set(peer, factsOf(peer.replica));
    for (const watch of this.#watches) watch.opened?.(peer, this.#view);
    this.#ledger.opened(peer);
  }

  /** A replica took a step; `input` is undefined for the start. */
  stepped(peer: ObservedPeer, input: ReplicaInput | undefined, output: ReplicaOutput): void {
    const after = factsOf(peer.replica);
    const before = this.#facts.get(peer) ?? after;
    this.#facts.set(peer, after);
    const step: ObservedStep = { peer, input, output, before, after };
    for (const watch of this.#steppers) watch.stepped?.(step, this.#view);
    this.#ledger.stepped(step);
  }

  /** A peer hands a message to the network. */
  sent(peer: ObservedPeer, message: ReplicaMessage): void {
    const send = { peer, message };
    for (const watch of this.#listeners) watch.sent?.(send, this.#view);
  }

  /** A batch goes to the storage. */
  writing(peer: ObservedPeer, batch: WriteBatch): void {
    for (const watch of this.#watches) watch.writing?.({ peer, batch }, this.#view);
    this.#ledger.writing(peer, batch);
  }

  /** A batch has become durable; before its peer learns of it. */
  stored(peer: ObservedPeer, batch: WriteBatch): void {
    for (const watch of this.#watches) watch.stored?.({ peer, batch }, this.#view);
    this.#ledger.stored(peer, batch);
  }

  /** A life is over. `isWiped`: its disk is empty. */
  crashed(peer: ObservedPeer, facts: { readonly isWiped: boolean }): void {
    for (const watch of this.#watches) watch.crashed?.(peer, this.#view, facts);
    this.#ledger.crashed(peer, facts.isWiped);
  }

  /** A file of this peer lost something that was durable. */
  rotted(peer: ObservedPeer, facts: { readonly file: string }): void {
    for (const watch of this.#watches) watch.rotted?.(peer, this.#view, facts);
  }

  /** A sync of this peer's files has failed. */
  syncFailed(peer: ObservedPeer): void {
    for (const watch of this.#watches) watch.syncFailed?.(peer, this.#view);
  }

  /** Every so often. */
  swept(): void {
    for (const watch of this.#watches) watch.swept?.(this.#view);
  }

  /** After the last step of the run. */
  ended(): void {
    for (const watch of this.#watches) watch.ended?.(this.#view);
  }
}
