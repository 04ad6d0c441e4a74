/**
 * A link under a test's control: its clock stands still, it answers only what the test says, and it writes down
 * in one list what reached it, in order.
 */
import { decodeBatch } from '../../src/codec/batch.ts';
import type { Op } from '../../src/codec/op.ts';
import type { OpError, OpResult, Reply } from '../../src/codec/reply.ts';
import { toStat, type Stat, type StatFields } from '../../src/codec/stat.ts';
import { encodeValue } from '../../src/codec/value-encode.ts';
import { sourceOf } from '../../src/codec/value-source.ts';
import type { Value, ValueSource } from '../../src/codec/value.ts';
import { defaultPeerLimits, type PeerLimits } from '../../src/limits.ts';
import type { Timer } from '../../src/ports/clock.ts';
import type { Session } from '../../src/session/api-types.ts';
import type {
  LinkAnswer,
  LinkDelivery,
  LinkEvents,
  LinkRead,
  LinkWatch,
  SessionLink,
  SubmittedBatch,
  ZnodeView,
} from '../../src/session/link.ts';
import { createSession } from '../../src/session/session.ts';

/** A read or a watch that reached the link. */
export interface Asked<T> {
  readonly asked: T;
  isCancelled: boolean;
}

const tickMs = 10;

export class FakeLink implements SessionLink {
  limits: PeerLimits = defaultPeerLimits;
  valueBytesMax: number = 1024;
  nowMs = 1_000;
  /** What reached the link, in words. */
  readonly log: string[] = [];
  readonly submitted: SubmittedBatch[] = [];
  readonly reads: Asked<LinkRead>[] = [];
  readonly watches: Asked<LinkWatch>[] = [];
  touchCount = 0;
  isPending = false;
  closeCount = 0;
  /** No leader was handed any request after this one. */
  sentThrough: number = Infinity;
  answeredThrough: number;
  #index = 100;
  #events: LinkEvents | undefined;
  #tick: ((nowMs: number) => void) | undefined;

  constructor(nextRequest = 1) {
    this.answeredThrough = nextRequest - 1;
  }

  // --- what the session calls ------------------------------------------------------------------------------

  open(events: LinkEvents): void {
    this.#events = events;
  }

  submit(batch: SubmittedBatch): void {
    this.submitted.push(batch);
    this.log.push(`submit ${batch.firstRequest}+${batch.requestCount}`);
  }

  isUnsent(request: number): boolean {
    return request > this.sentThrough;
  }

  read(read: LinkRead): { cancel(): void } {
    this.log.push(`read ${read.query.kind} after ${read.afterRequest}`);
    return track(this.reads, read);
  }

  watch(watch: LinkWatch): { cancel(): void } {
    this.log.push(`watch ${watch.path} after ${watch.afterRequest}`);
    return track(this.watches, watch);
  }

  touch(): void {
    this.touchCount += 1;
  }

  now(): number {
    return this.nowMs;
  }

  onTick(callback: (nowMs: number) => void): Timer {
    this.#tick = callback;
    return { cancel: () => (this.#tick = undefined), keepAlive: () => undefined };
  }

  pending(isPending: boolean): void {
    this.isPending = isPending;
  }

  close(): void {
    this.closeCount += 1;
  }

  // --- what a test says ------------------------------------------------------------------------------------

  /** The session still looks at the clock. */
  get isTicking(): boolean {
    return this.#tick !== undefined;
  }

  get events(): LinkEvents {
    if (this.#events === undefined) throw new TypeError('the session has not opened the link');
    return this.#events;
  }

  /** Time passes with a tick every 10 ms. */
  pass(ms: number): void {
    const end = this.nowMs + ms;
    while (this.nowMs < end) {
      this.nowMs = Math.min(end, this.nowMs + tickMs);
      this.#tick?.(this.nowMs);
    }
  }

  /** Time passes without a tick: the event loop stood still. */
  stall(ms: number): void {
    this.nowMs += ms;
  }

  /** Answers the next requests in one reply each; all in one entry of the log. Returns its index. */
  reply(...results: readonly (OpResult | OpError)[]): number {
    const firstRequest = this.answeredThrough + 1;
    this.answeredThrough += results.length;
    return this.replyAgain(firstRequest, ...results);
  }

  /** Answers requests, whether or not they were answered before. */
  replyAgain(firstRequest: number, ...results: readonly (OpResult | OpError)[]): number {
    this.#index += 1;
    const replies: Reply[] = results.map((result) => ({ zxid: this.#index, result }));
    this.events.replies(firstRequest, replies, { index: this.#index });
    return this.#index;
  }

  /** Settles the read that came as number `position`, from 0. */
  answer(position: number, answer: LinkAnswer): void {
    this.reads.at(position)?.asked.settle(answer, this.#index);
  }

  /** Delivers to the newest watch. */
  deliver(delivery: LinkDelivery): void {
    this.watches.at(-1)?.asked.deliver(delivery);
  }

  /** The ops of everything submitted, decoded from its bytes as they are now. */
  ops(): readonly Op[] {
    return this.submitted.flatMap((batch) => this.decode(batch).ops);
  }

  decode(batch: SubmittedBatch | undefined): Extract<ReturnType<typeof decodeBatch>, { kind: 'session' }> {
    if (batch === undefined) throw new TypeError('no such batch');
    const decoded = decodeBatch(batch.bytes, 0, batch.bytes.length);
    if (decoded?.kind !== 'session') throw new TypeError('not a batch of a session');
    return decoded;
  }
}

function track<T>(list: Asked<T>[], asked: T): { cancel(): void } {
  const entry: Asked<T> = { asked, isCancelled: false };
  list.push(entry);
  return { cancel: () => (entry.isCancelled = true) };
}

export interface OpenedSession {
  readonly link: FakeLink;
  readonly session: Session;
}

/** A session over a fresh fake link. */
export function openFake(
  options: {
    readonly timeoutMs?: number;
    readonly nextRequest?: number;
    readonly secret?: Uint8Array;
    readonly limits?: Partial<PeerLimits>;
  } = {},
): OpenedSession {
  const { timeoutMs = 10_000, nextRequest = 1 } = options;
  const link = new FakeLink(nextRequest);
  link.limits = { ...defaultPeerLimits, ...options.limits };
  const session = createSession({
    link,
    id: 77,
    holder: 1,
    secret: options.secret ?? Uint8Array.of(1, 2, 3),
    timeoutMs,
    nextRequest,
  });
  return { link, session };
}

/** Lets everything run that is already due: batches are handed over in a microtask. */
export async function turn(): Promise<void> {
  for (let round = 0; round < 10; round += 1) await Promise.resolve();
}

export function statFields(fields: Partial<StatFields> = {}): StatFields {
  return {
    czxid: 1,
    mzxid: 1,
    pzxid: 1,
    ctime: 0,
    mtime: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    owner: 0,
    dataLength: 1,
    childrenCount: 0,
    ...fields,
  };
}

export function stat(fields: Partial<StatFields> = {}): Stat {
  return toStat(statFields(fields));
}

export function encoded(value: unknown): ValueSource {
  return sourceOf(encodeValue(value));
}

export function view(value: Value, fields: Partial<StatFields> = {}): ZnodeView {
  return { value, stat: stat(fields) };
}

export const none: OpResult = { kind: 'none' };
export const statResult: OpResult = { kind: 'stat', stat: statFields() };

export function created(path: string): OpResult {
  return { kind: 'created', path, stat: statFields(), created: true };
}

export function refused(code: OpError['code'], details: OpError['details'] = {}): OpError {
  return { kind: 'error', code, details };
}

/** What a promise became, without waiting for it longer than a turn. */
export async function settled<T>(promise: Promise<T>): Promise<T | 'pending'> {
  return Promise.race([promise, turn().then(() => 'pending' as const)]);
}
