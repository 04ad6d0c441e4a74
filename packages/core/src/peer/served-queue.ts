/**
 * What one connection of a session elsewhere is still to be sent, in order. Messages become frames when there is
 * room for them, long ones in several, so a slow session costs references to records, not their bytes.
 *
 * Bounds: when more than `deliveriesMax` deliveries of watches, or more than `bytesMax` bytes of what they refer
 * to, wait, the stream whose delivery came last overflows: what waits of it is dropped and it is told so. Answers
 * are bounded by what the session may ask at a time; if they too exceed `bytesMax`, the session does not read, and
 * the connection ends.
 */
import type { Transaction } from '../machine/contract.ts';
import type { WatchDelivery } from '../replica/contract.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import type { SessionFrameWriter } from '../wire/session-frame.ts';
import type { EncodedChange, PlacedZnode, SessionAnswer } from '../wire/session-messages.ts';
import { changeBytes, partEnd, textBytes, znodeBytes } from '../wire/session-parts.ts';
import { encodedChange, encodedZnode } from './served-answers.ts';

export interface ServedQueueOptions {
  readonly writer: SessionFrameWriter;
  readonly deliveriesMax: number;
  readonly bytesMax: number;
  readonly frameBytesMax: number;
  /** False: no room; `drained` follows. */
  send(bytes: Uint8Array): boolean;
  /** Calls back after other work had its turn. */
  later(callback: () => void): void;
  /** The stream of this watch was dropped: it must get nothing more. */
  overflowed(id: number): void;
  /** The session does not read its answers. */
  clogged(): void;
}

type Item =
  | { readonly kind: 'message'; readonly message: SessionAnswer; readonly byteCount: number }
  | {
      readonly kind: 'snapshot';
      readonly id: number;
      readonly zxid: number;
      readonly znodes: readonly ZnodeRecord[];
      position: number;
      readonly byteCount: number;
    }
  | {
      readonly kind: 'changes';
      readonly id: number;
      readonly transaction: Transaction;
      readonly changes: readonly EncodedChange[];
      position: number;
      readonly byteCount: number;
    };

/** Bytes after which a message that has parts goes on in the next frame: encoded in about a millisecond. */
const partBytesMax = 256 * 1_024;
/** Bytes that are encoded before other work gets its turn: a few milliseconds. */
const turnBytesMax = 1_024 * 1_024;
/** Each snapshot refers to records that live anyway; what counts is that it waits. */
const snapshotBytes = 1_024;

/** Items that are done and worth a copy of the rest. */
const gapMin = 256;

export class ServedQueue {
  readonly #options: ServedQueueOptions;
  #items: Item[] = [];
  /** Positions before this one are done. */
  #head = 0;
  #deliveriesCount = 0;
  #deliveriesBytes = 0;
  #answersBytes = 0;
  /** A frame that was refused: it goes first, as it is, for it has its number. */
  #refused: Uint8Array | undefined;
  /** No room, or more in a later turn: nothing is sent before that. */
  #isWaiting = false;
  #isClosed = false;

  constructor(options: ServedQueueOptions) {
    this.#options = options;
  }

  message(message: SessionAnswer, byteCount: number): void {
    if (this.#isClosed) return;
    this.#answersBytes += byteCount;
    if (this.#answersBytes > this.#options.bytesMax && this.#isWaiting) {
      this.#options.clogged();
      return;
    }
    this.#push({ kind: 'message', message, byteCount });
  }

  snapshot(delivery: Extract<WatchDelivery, { kind: 'snapshot' }>): void {
    const { id, zxid, znodes } = delivery;
    this.#deliver({ kind: 'snapshot', id, zxid, znodes, position: 0, byteCount: snapshotBytes });
  }

  changes({ id, transaction }: Extract<WatchDelivery, { kind: 'changes' }>): void {
    const changes = transaction.changes.map(encodedChange);
    let byteCount = 0;
    for (const change of changes) {
      const measured = changeBytes(change);
      if (measured > this.#options.frameBytesMax) {
        this.#fail(id, { limit: 'frameBytesMax', limitValue: this.#options.frameBytesMax, measured });
        return;
      }
      byteCount += measured;
    }
    this.#deliver({ kind: 'changes', id, transaction, changes, position: 0, byteCount });
  }

  /** Nothing of this watch is sent any more. */
  dropWatch(id: number): void {
    const kept: Item[] = [];
    for (const item of this.#items.slice(this.#head)) {
      if (item.kind === 'message' || item.id !== id) kept.push(item);
      else this.#forget(item);
    }
    this.#items = kept;
    this.#head = 0;
  }

  drained(): void {
    this.#isWaiting = false;
    this.#pump();
  }

  close(): void {
    this.#isClosed = true;
    this.#items = [];
    this.#head = 0;
    this.#refused = undefined;
  }

  #deliver(item: Extract<Item, { kind: 'snapshot' | 'changes' }>): void {
    if (this.#isClosed) return;
    this.#deliveriesCount += 1;
    this.#deliveriesBytes += item.byteCount;
    const { deliveriesMax, bytesMax } = this.#options;
    if (this.#isWaiting && this.#deliveriesCount > deliveriesMax) {
      this.#forget(item);
      this.#overflow(item.id, { limit: 'watchQueueMax', limitValue: deliveriesMax });
    } else if (this.#isWaiting && this.#deliveriesBytes > bytesMax) {
      this.#forget(item);
      this.#overflow(item.id, { limit: 'sessionBytesInFlightMax', limitValue: bytesMax });
    } else this.#push(item);
  }

  #overflow(id: number, bound: { readonly limit: string; readonly limitValue: number }): void {
    this.#options.overflowed(id);
    this.dropWatch(id);
    const details = { ...bound, measured: bound.limitValue + 1 };
    this.message({ kind: 'watch-failed', id, code: 'WATCH_OVERFLOW', details }, 0);
  }

  #fail(id: number, details: { limit: string; limitValue: number; measured: number }): void {
    this.#options.overflowed(id);
    this.message({ kind: 'watch-failed', id, code: 'LIMIT_EXCEEDED', details }, 0);
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.#pump();
  }

  #pump(): void {
    let byteCount = 0;
    while (!this.#isWaiting && !this.#isClosed) {
      const frame = this.#refused ?? this.#nextFrame();
      if (frame === undefined) return;
      this.#refused = undefined;
      if (!this.#options.send(frame)) {
        this.#refused = frame;
        this.#isWaiting = true;
        return;
      }
      byteCount += frame.length;
      if (byteCount > turnBytesMax) this.#goOnLater();
    }
  }

  #goOnLater(): void {
    this.#isWaiting = true;
    this.#options.later(() => this.drained());
  }

  #nextFrame(): Uint8Array | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    const { message, isLast } = this.#nextMessage(item);
    if (isLast) {
      this.#head += 1;
      this.#forget(item);
      this.#closeGap();
    }
    return this.#options.writer.answer(message);
  }

  /** Lets go of what is done when it is the larger part. */
  #closeGap(): void {
    if (this.#head < this.#items.length && (this.#head < gapMin || 2 * this.#head < this.#items.length))
      return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }

  /** The next part of an item. */
  #nextMessage(item: Item): { readonly message: SessionAnswer; readonly isLast: boolean } {
    const bytesMax = Math.min(partBytesMax, this.#options.frameBytesMax);
    switch (item.kind) {
      case 'message':
        return { message: item.message, isLast: true };
      case 'snapshot': {
        const { id, zxid, znodes, position } = item;
        const end = partEnd(znodes, position, { bytesMax, bytesOf: recordBytes });
        item.position = end;
        const isLast = end === znodes.length;
        const part: PlacedZnode[] = [];
        for (const record of znodes.slice(position, end)) {
          part.push({ path: record.path, znode: encodedZnode(record) });
        }
        return { message: { kind: 'page', id, zxid, isLast, znodes: part }, isLast };
      }
      case 'changes': {
        const { id, transaction, changes, position } = item;
        const end = partEnd(changes, position, { bytesMax, bytesOf: changeBytes });
        item.position = end;
        const isLast = end === changes.length;
        const part = changes.slice(position, end);
        return { message: { kind: 'changes', id, zxid: transaction.zxid, isLast, changes: part }, isLast };
      }
    }
  }

  #forget(item: Item): void {
    if (item.kind === 'message') this.#answersBytes -= item.byteCount;
    else {
      this.#deliveriesCount -= 1;
      this.#deliveriesBytes -= item.byteCount;
    }
  }
}

function recordBytes(record: ZnodeRecord): number {
  return textBytes(record.path) + znodeBytes(encodedZnode(record));
}
