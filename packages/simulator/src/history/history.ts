/**
 * Everything that was recorded in one run, under one order of positions. Records are open while their operation
 * is under way; `operations()` and the others give plain values of what is known now.
 */
import type { Call, Ending } from './call.ts';
import type { OperationRecord, SessionRecord } from './operation.ts';
import type { FencedAccess, LockRecord, QueueRecord } from './resource-record.ts';
import type { RecordedBatch, RecordedDelivery, WatchEnding, WatchRecord } from './watch-record.ts';

/** How a history counts. */
export interface HistoryOptions {
  /** The clock of the world: milliseconds for people to read. */
  readonly nowMs: () => number;
  /**
   * The next position in the total order; default: a counter. Processes that write one history together hand in
   * a clock that all of them share, in integers fine enough that no two positions of one process are equal.
   */
  readonly nextPosition?: () => number;
}

/** An operation under way; the recorder fills it in. */
export interface OpenOperation
  extends Omit<OperationRecord, 'trace' | 'ending' | 'returnedAt' | 'returnedAtMs'> {
  returnedAt: number;
  returnedAtMs: number;
  ending: Ending;
  /** As the session knows it: its number may come late. */
  observed: { readonly request?: number } | undefined;
  zxid: number | undefined;
  answeredAt: number;
  base: unknown;
}

/** A stream that is still recorded. */
export interface OpenWatch extends Omit<WatchRecord, 'batches' | 'deliveries' | 'endedAt' | 'ending'> {
  endedAt: number;
  readonly batches: RecordedBatch[];
  readonly deliveries: RecordedDelivery[];
  ending: WatchEnding;
}

/** A session whose states are still recorded. */
export interface OpenSession extends Omit<SessionRecord, 'states'> {
  readonly states: { readonly state: string; readonly at: number; readonly atMs: number }[];
}

/** Who does something. */
export interface Actor {
  readonly client: string;
  readonly session: string;
  readonly member: string | undefined;
}

/** See the file's comment. */
export class History {
  readonly #nowMs: () => number;
  readonly #nextPosition: () => number;
  readonly #operations: OpenOperation[] = [];
  readonly #watches: OpenWatch[] = [];
  readonly #sessions: OpenSession[] = [];
  readonly #locks: LockRecord[] = [];
  readonly #accesses: FencedAccess[] = [];
  readonly #queues: QueueRecord[] = [];
  #count = 0;

  constructor(options: HistoryOptions) {
    this.#nowMs = options.nowMs;
    this.#nextPosition = options.nextPosition ?? (() => this.#count++);
  }

  /** Takes the next position. */
  mark(): number {
    return this.#nextPosition();
  }

  /** Adds a call that begins now. */
  begin(actor: Actor, call: Call): OpenOperation {
    const operation: OpenOperation = {
      id: this.#operations.length,
      ...actor,
      call,
      calledAt: this.mark(),
      returnedAt: Infinity,
      calledAtMs: this.#nowMs(),
      returnedAtMs: Infinity,
      ending: { kind: 'pending' },
      observed: undefined,
      zxid: undefined,
      answeredAt: Infinity,
      base: undefined,
    };
    this.#operations.push(operation);
    return operation;
  }

  /** The client hears how its call ended. */
  end(operation: OpenOperation, ending: Ending): void {
    operation.returnedAt = this.mark();
    operation.returnedAtMs = this.#nowMs();
    operation.ending = ending;
  }

  /** Adds a watch that begins now. */
  beginWatch(actor: Actor, watch: Pick<WatchRecord, 'path' | 'options'>): OpenWatch {
    const record: OpenWatch = {
      id: this.#watches.length,
      ...actor,
      ...watch,
      calledAt: this.mark(),
      batches: [],
      deliveries: [],
      endedAt: Infinity,
      ending: { kind: 'open' },
    };
    this.#watches.push(record);
    return record;
  }

  /** Adds a session that is recorded from now on. */
  beginSession(actor: Actor, timeoutMs: number): OpenSession {
    const session: OpenSession = { ...actor, timeoutMs, openedAt: this.mark(), states: [] };
    this.#sessions.push(session);
    return session;
  }

  /** A session is in another state now. */
  enterState(session: OpenSession, state: string): void {
    session.states.push({ state, at: this.mark(), atMs: this.#nowMs() });
  }

  addLock(record: LockRecord): void {
    this.#locks.push(record);
  }

  addAccess(access: FencedAccess): void {
    this.#accesses.push(access);
  }

  addQueue(record: QueueRecord): void {
    this.#queues.push(record);
  }

  get operationsCount(): number {
    return this.#operations.length;
  }

  /** In the order of their calls. */
  operations(): readonly OperationRecord[] {
    return this.#operations.map(({ observed, zxid, answeredAt, base, ...operation }) => {
      const request = observed?.request;
      return {
        ...operation,
        trace: { request: request === 0 ? undefined : request, zxid, answeredAt, base },
      };
    });
  }

  watches(): readonly WatchRecord[] {
    return this.#watches.map((watch) => ({
      ...watch,
      batches: [...watch.batches],
      deliveries: [...watch.deliveries],
    }));
  }

  sessions(): readonly SessionRecord[] {
    return this.#sessions.map((session) => ({ ...session, states: [...session.states] }));
  }

  locks(): readonly LockRecord[] {
    return [...this.#locks];
  }

  accesses(): readonly FencedAccess[] {
    return [...this.#accesses];
  }

  queues(): readonly QueueRecord[] {
    return [...this.#queues];
  }
}
