/**
 * What must be durable, in order, with at most one write under way: while the disk is busy the next batch
 * gathers (group commit). Messages that promise durability leave only behind every write before them.
 */
import { CoordinationError } from '../errors.ts';
import type { ReplicaMessage } from '../replica/contract.ts';
import type { Persist } from '../raft/output.ts';
import type { Storage, WriteBatch } from '../ports/storage.ts';

interface Item {
  batch: WriteBatch;
  readonly tickets: number[];
  readonly messages: ReplicaMessage[];
}

export interface PersistQueueEvents {
  /** These tickets are durable. */
  persisted(tickets: readonly number[]): void;
  /** Everything before these messages is durable. */
  send(messages: readonly ReplicaMessage[]): void;
  /** A write failed: the storage is poisoned, nothing of it or behind it happened. */
  failed(cause: unknown): void;
  /** There is no room for the next write: everything waits for `retry`. */
  full(cause: unknown): void;
  /** There was room again. */
  writable(): void;
}

export class PersistQueue {
  readonly #storage: Storage;
  readonly #events: PersistQueueEvents;
  #waiting: Item[] = [];
  #isWriting = false;
  /** What there was no room for: it is the next one to be written, whatever waits behind it. */
  #refused: Item | undefined;
  #isFull = false;
  #isStopped = false;

  constructor(storage: Storage, events: PersistQueueEvents) {
    this.#storage = storage;
    this.#events = events;
  }

  /** Writes that wait for the one under way, for status(). */
  get length(): number {
    return this.#waiting.length + (this.#isWriting ? 1 : 0);
  }

  /** What is to be written waits for {@link start}; messages with nothing to wait for leave at once. */
  push(persists: readonly Persist[], messages: readonly ReplicaMessage[]): void {
    for (const { ticket, batch } of persists) this.#gather(ticket, batch);
    if (messages.length > 0) {
      const last = this.#waiting.at(-1);
      if (last !== undefined) last.messages.push(...messages);
      else if (!this.#isWriting) this.#events.send(messages);
      else this.#waiting.push({ batch: {}, tickets: [], messages: [...messages] });
    }
  }

  /** Starts the next write, unless one is under way. */
  start(): void {
    this.#writeNext();
  }

  /** Tries again what there was no room for; nothing happens if all is well. */
  retry(): void {
    const item = this.#refused;
    if (item === undefined || this.#isStopped) return;
    this.#refused = undefined;
    this.#write(item);
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting = [];
  }

  #gather(ticket: number, batch: WriteBatch): void {
    const last = this.#waiting.at(-1);
    const joined = last === undefined ? undefined : joinBatch(last.batch, batch);
    if (last === undefined || joined === undefined) {
      this.#waiting.push({ batch, tickets: [ticket], messages: [] });
    } else {
      last.batch = joined;
      last.tickets.push(ticket);
    }
  }

  #writeNext(): void {
    if (this.#isWriting || this.#isStopped) return;
    const item = this.#waiting.shift();
    if (item === undefined) return;
    if (item.tickets.length === 0) {
      this.#events.send(item.messages);
      this.#writeNext();
      return;
    }
    this.#isWriting = true;
    this.#write(item);
  }

  #write(item: Item): void {
    const failed = (cause: unknown): void => this.#failed(item, cause);
    try {
      this.#storage.write(item.batch).then(() => this.#written(item), failed);
    } catch (cause) {
      failed(cause);
    }
  }

  #failed(item: Item, cause: unknown): void {
    if (this.#isStopped) return;
    if (!(cause instanceof CoordinationError) || cause.code !== 'STORAGE_FULL') {
      this.#events.failed(cause);
      return;
    }
    this.#refused = item;
    if (this.#isFull) return;
    this.#isFull = true;
    this.#events.full(cause);
  }

  #written(item: Item): void {
    if (this.#isStopped) return;
    this.#isWriting = false;
    if (this.#isFull) this.#events.writable();
    this.#isFull = false;
    if (item.messages.length > 0) this.#events.send(item.messages);
    this.#events.persisted(item.tickets);
    this.#writeNext();
  }
}

/**
 * One batch that does what the two do in turn, or undefined. Only what is on the way of a write is joined
 * (hard state and appended entries); snapshots and truncations keep a write of their own.
 */
export function joinBatch(first: WriteBatch, second: WriteBatch): WriteBatch | undefined {
  const isPlain =
    first.compactThrough === undefined &&
    second.compactThrough === undefined &&
    second.snapshotChunk === undefined &&
    second.install === undefined &&
    second.truncateFrom === undefined;
  if (!isPlain) return undefined;
  const hardState = second.hardState ?? first.hardState;
  const entries = [...(first.entries ?? []), ...(second.entries ?? [])];
  return {
    ...first,
    ...(hardState === undefined ? {} : { hardState }),
    ...(entries.length === 0 ? {} : { entries }),
  };
}
