/**
 * What a watch has delivered and its consumer has not pulled yet. Deliveries are kept as the link gave them and
 * become batches when pulled: a consumer that is slow costs references, not decoded values.
 *
 * Invariants: batches leave in the order of deliveries; at most `queueMax` deliveries of changes wait; after a
 * failure nothing more is delivered, what was queued before it still leaves, then the failure, once, then the end.
 */
import { CoordinationError } from '../errors.ts';
import type { WatchBatch, WatchEvent } from './api-types.ts';
import type { Step } from './call-order.ts';
import type { Chroot } from './chroot.ts';
import type { LinkChange, LinkDelivery } from './link.ts';
import { failure, plainZnode } from './results.ts';
import type { SessionCore, SessionPart } from './session-core.ts';

/** Checked options of one watch. */
export interface WatchSettings {
  /** Absolute. */
  readonly path: string;
  readonly chroot: Chroot;
  readonly scope: 'node' | 'children' | 'subtree';
  readonly from: number | undefined;
  readonly overflow: 'error' | 'resync';
  readonly queueMax: number;
  readonly signal: AbortSignal | undefined;
}

/** Znodes in one batch of a snapshot: one is decoded in about a millisecond. */
export const snapshotPageZnodes = 1_000;

type Snapshot = Extract<LinkDelivery, { kind: 'snapshot' }>;
type Changes = Extract<LinkDelivery, { kind: 'changes' }>;

interface Waiter {
  readonly resolve: (result: IteratorResult<WatchBatch, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

const finished: IteratorResult<WatchBatch, undefined> = Object.freeze({ done: true, value: undefined });

export class WatchFeed implements Step, SessionPart {
  readonly isBarrier = false;
  readonly #core: SessionCore;
  readonly #settings: WatchSettings;
  #queue: (Snapshot | Changes)[] = [];
  #head = 0;
  /** The snapshot whose pages are being pulled. */
  #paging: { readonly snapshot: Snapshot; position: number } | undefined;
  #waiters: Waiter[] = [];
  /** Subscribed, or about to be. */
  #isOpen = true;
  /** The queue overflowed: subscribe again when the consumer has pulled the rest. */
  #isStale = false;
  #from: number | undefined;
  /** Deliveries of an earlier registration are ignored. */
  #registration = 0;
  #handle: { cancel(): void } | undefined;
  #failure: { readonly reason: unknown } | undefined;

  constructor(core: SessionCore, settings: WatchSettings) {
    this.#core = core;
    this.#settings = settings;
    this.#from = settings.from;
    core.addPart(this);
    core.observer?.watched(this);
    settings.signal?.addEventListener('abort', this);
    core.enter(this);
  }

  get isWanted(): boolean {
    return this.#isOpen;
  }

  /** Registers with the link, in the session's order. */
  pass(): void {
    const { path, scope } = this.#settings;
    const { link, outbox } = this.#core;
    outbox.flush();
    this.#registration += 1;
    const registration = this.#registration;
    const handle = link.watch({
      path,
      scope,
      from: this.#from,
      afterRequest: outbox.lastRequest,
      deliver: (delivery) => {
        if (registration === this.#registration) this.#deliver(delivery);
      },
    });
    if (registration === this.#registration) this.#handle = handle;
    else handle.cancel();
  }

  next(): Promise<IteratorResult<WatchBatch, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#core.hold();
      this.#serve();
    });
  }

  /** Unsubscribes, drops what is queued, and ends the iteration. */
  close(): void {
    this.#unsubscribe();
    this.#dropQueue();
    this.#paging = undefined;
    this.#failure = undefined;
    this.#serve();
  }

  sessionEnded(error: CoordinationError): void {
    this.#fail(error);
  }

  /** The signal's listener: the reason comes at once, ahead of what is queued. */
  handleEvent(): void {
    this.#dropQueue();
    this.#paging = undefined;
    this.#fail(this.#settings.signal?.reason);
  }

  #deliver(delivery: LinkDelivery): void {
    switch (delivery.kind) {
      case 'snapshot':
        this.#queue.push(delivery);
        break;
      case 'changes':
        if (
          this.#queue.length - this.#head >= this.#settings.queueMax &&
          this.#changesCount() >= this.#settings.queueMax
        ) {
          this.#overflow();
          return;
        }
        this.#queue.push(delivery);
        break;
      case 'resumed':
        return;
      case 'failed':
        if (delivery.code === 'WATCH_OVERFLOW' && this.#settings.overflow === 'resync') {
          // It overflowed on its way here, which is no different.
          this.#overflow();
          return;
        }
        this.#fail(failure(delivery.code, delivery.details, this.#settings.chroot));
        return;
    }
    this.#core.observer?.delivered(this, delivery);
    this.#serve();
  }

  /** A snapshot that waits does not count: it is one however large the tree is. */
  #changesCount(): number {
    const hasSnapshot = this.#queue[this.#head]?.kind === 'snapshot';
    return this.#queue.length - this.#head - (hasSnapshot ? 1 : 0);
  }

  #overflow(): void {
    const { overflow, queueMax } = this.#settings;
    if (overflow === 'error') {
      const details = { limit: 'watchQueueMax', limitValue: queueMax, measured: queueMax + 1 };
      this.#fail(new CoordinationError('WATCH_OVERFLOW', { details }));
      return;
    }
    // The snapshot to come has all of it. It is asked for when the consumer has come so far: earlier, a slow
    // consumer would make the peer prepare one snapshot after another that nobody reads.
    this.#cancel();
    this.#dropQueue();
    this.#from = undefined;
    this.#isStale = true;
    this.#serve();
  }

  #serve(): void {
    while (this.#waiters.length > 0) {
      const result = this.#pull();
      if (result === undefined) break;
      const waiter = this.#waiters.shift();
      this.#core.release();
      if (result.kind === 'failed') waiter?.reject(result.reason);
      else waiter?.resolve(result.result);
    }
    if (this.#waiters.length > 0 && this.#isStale && this.#isOpen) {
      this.#isStale = false;
      this.#core.enter(this);
    }
  }

  /** What the iteration gets next; undefined: nothing yet. */
  #pull():
    | { readonly kind: 'result'; readonly result: IteratorResult<WatchBatch, undefined> }
    | { readonly kind: 'failed'; readonly reason: unknown }
    | undefined {
    try {
      const batch = this.#nextBatch();
      if (batch !== undefined) return { kind: 'result', result: { done: false, value: batch } };
    } catch (error) {
      // A value that cannot be decoded: what follows it would have a gap.
      this.#dropQueue();
      this.#paging = undefined;
      this.#fail(error);
    }
    if (this.#failure !== undefined) {
      const { reason } = this.#failure;
      this.#failure = undefined;
      return { kind: 'failed', reason };
    }
    return this.#isOpen ? undefined : { kind: 'result', result: finished };
  }

  #nextBatch(): WatchBatch | undefined {
    if (this.#paging === undefined) {
      const delivery = this.#queue[this.#head];
      if (delivery === undefined) return undefined;
      this.#head += 1;
      if (this.#head === this.#queue.length) this.#dropQueue();
      else if (this.#head >= 256 && this.#head * 2 >= this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      if (delivery.kind === 'changes') return changesBatch(delivery, this.#settings.chroot);
      this.#paging = { snapshot: delivery, position: 0 };
    }
    return this.#nextPage(this.#paging);
  }

  #nextPage(paging: { readonly snapshot: Snapshot; position: number }): WatchBatch {
    const { snapshot } = paging;
    const { chroot } = this.#settings;
    const end = Math.min(paging.position + snapshotPageZnodes, snapshot.count);
    const views = snapshot.page(paging.position, end);
    const last = end === snapshot.count;
    paging.position = end;
    if (last) this.#paging = undefined;
    const events = views.map((view) =>
      Object.freeze({ kind: 'present', path: chroot.relative(view.path), ...plainZnode(view) } as const),
    );
    return Object.freeze({ zxid: snapshot.zxid, kind: 'snapshot', last, events: Object.freeze(events) });
  }

  #fail(reason: unknown): void {
    if (!this.#isOpen) return;
    this.#unsubscribe();
    this.#failure = { reason };
    this.#serve();
  }

  #unsubscribe(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#isStale = false;
    this.#core.observer?.ended(this);
    this.#settings.signal?.removeEventListener('abort', this);
    this.#core.removePart(this);
    this.#core.order.remove(this);
    this.#cancel();
  }

  #cancel(): void {
    this.#registration += 1;
    const handle = this.#handle;
    this.#handle = undefined;
    handle?.cancel();
  }

  #dropQueue(): void {
    this.#queue = [];
    this.#head = 0;
  }
}

function changesBatch(delivery: Changes, chroot: Chroot): WatchBatch {
  const events: WatchEvent[] = [];
  for (let position = 0; position < delivery.count; position += 1) {
    events.push(Object.freeze(toEvent(delivery.change(position), chroot)));
  }
  return Object.freeze({ zxid: delivery.zxid, kind: 'changes', last: true, events: Object.freeze(events) });
}

function toEvent(change: LinkChange, chroot: Chroot): WatchEvent {
  const path = chroot.relative(change.path);
  const { before, after } = change;
  if (after === undefined) {
    if (before === undefined) {
      throw new CoordinationError('PROTOCOL', { details: { path, reason: 'a change has neither side' } });
    }
    return { kind: 'deleted', path, previous: before.value, stat: before.stat };
  }
  if (before === undefined) return { kind: 'created', path, value: after.value, stat: after.stat };
  return { kind: 'changed', path, value: after.value, previous: before.value, stat: after.stat };
}
