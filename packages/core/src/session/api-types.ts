/**
 * The session's public types: what a user passes, gets and implements against. Only types, so that recipes and
 * tests can name them without loading anything. Units are in the names; every default is said at its field.
 */
import type { CreateKind } from '../codec/op.ts';
import type { Stat } from '../codec/stat.ts';
import type { Storable, Value } from '../codec/value.ts';

/** Every call that can wait takes these. */
export interface WaitOptions {
  /**
   * Milliseconds after which the call fails instead of waiting on: positive, or `Infinity`. Default: the
   * session's time-out; 10,000 for a lasting session. Shorter gives up while a leader is elected; noticed
   * within a tick of the peer.
   */
  readonly deadlineMs?: number;
  /** Rejects the call with the signal's reason. A write may still apply: an abort is not an undo. */
  readonly signal?: AbortSignal;
}

/** Every write takes these. */
export interface WriteOptions extends WaitOptions {
  /**
   * `'majority'` (default) settles when a majority has the write durably. `'all'` waits for every voter; past
   * the deadline it fails with `NOT_FULLY_REPLICATED`, and the write is applied.
   */
  readonly acknowledge?: 'majority' | 'all';
}

/** Every read takes these. */
export interface ReadOptions extends WaitOptions {
  /**
   * `'session'` (default): never older than anything this session saw or wrote; needs no majority.
   * `'linearizable'`: sees every write that was answered anywhere before the call; needs a majority, and later
   * calls of the session wait until it is answered.
   */
  readonly consistency?: 'session' | 'linearizable';
}

/** A part of a listing, in byte order of the names. */
export interface PageOptions {
  /** Only names after this one; it need not exist. */
  readonly after?: string;
  /** At most so many names, from 1. Without it, more than `pageNamesMax` names are `LIMIT_EXCEEDED`. */
  readonly limit?: number;
}

/** How a session is opened. */
export interface SessionOptions extends WaitOptions {
  /**
   * Milliseconds without a sign of life after which the ensemble ends the session. Default 10,000, clamped by
   * the ensemble (1,000 to 3,600,000); `Infinity` is lasting. Short finds a dead owner soon; too short ends
   * sessions whose process paused for garbage collection.
   */
  readonly timeoutMs?: number;
  /** Takes over a session that is still alive, from another process or after a restart. */
  readonly resume?: { readonly id: string; readonly secret: Uint8Array };
}

/** Options of `create`. */
export interface CreateOptions extends WriteOptions {
  /** Default `'persistent'`. */
  readonly kind?: CreateKind;
  /** Appends the parent's create counter to the name, as ten digits. Default false. */
  readonly sequential?: boolean;
  /** For kind `'ttl'`, and needed there: deleted when unchanged and childless for so many milliseconds. */
  readonly ttlMs?: number;
  /** Creates missing parents in the same step, as persistent znodes or as containers. Default false. */
  readonly parents?: boolean | 'container';
  /** A znode that exists already is no error: the answer says `created: false`. Default false. */
  readonly ifAbsent?: boolean;
}

/** Options of `set`. */
export interface SetOptions extends WriteOptions {
  /** Must be the znode's version, else `BAD_VERSION`. Absent or -1: any. */
  readonly version?: number;
  /** Creates a missing znode (persistent). Default false. */
  readonly create?: boolean;
}

/** Options of `delete`. */
export interface DeleteOptions extends WriteOptions {
  /** Must be the znode's version, else `BAD_VERSION`. Absent or -1: any. */
  readonly version?: number;
  /** Deletes everything below it too, in one step. Default false: `NOT_EMPTY`. */
  readonly recursive?: boolean;
  /** A missing znode is no error. Default false. */
  readonly ifExists?: boolean;
}

/** Options of `increment`. */
export interface IncrementOptions extends WriteOptions {
  /** Starts a missing znode from 0. Default false: `NO_NODE`. */
  readonly create?: boolean;
}

/** Options of `update`. */
export interface UpdateOptions<T> extends WriteOptions {
  /** What the recipe starts from when the znode is missing; without it, that is `NO_NODE`. */
  readonly initial?: Storable<T>;
}

/** A znode as it was read: deeply frozen. */
export interface Znode<T = Value> {
  readonly value: T;
  readonly stat: Stat;
}

/** What `create` answers. */
export interface Created {
  /** With its number, if the znode is sequential. */
  readonly path: string;
  readonly stat: Stat;
  /** False when `ifAbsent` found the znode there already. */
  readonly created: boolean;
}

/** What `compareAndSwap` answers. */
export interface Swapped {
  readonly swapped: boolean;
  /** The value before; the expected one if it was swapped. */
  readonly previous: Value;
  readonly stat: Stat;
}

/** What the recipe of `update` may change: the value without `readonly`. Replace byte arrays, do not edit them. */
export type Draft<T> = [Value, T] extends [T, Value]
  ? DraftValue // Value itself has no depth: a mapped type would never come to its end.
  : T extends null | undefined | boolean | number | bigint | string | symbol | Uint8Array
    ? T
    : T extends (...args: never[]) => unknown
      ? T
      : T extends object
        ? { -readonly [K in keyof T]: Draft<T[K]> }
        : T;

/** A {@link Value} without `readonly`. */
export type DraftValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | DraftValue[]
  | { [key: string]: DraftValue };

/** Options of `watch`. */
export interface WatchOptions {
  /** `'node'` (default): this znode; `'children'`: which children exist, and their values; `'subtree'`: it and all below. */
  readonly scope?: 'node' | 'children' | 'subtree';
  /** Resumes just after this zxid, without a snapshot. `COMPACTED` if the history no longer reaches back so far. */
  readonly from?: number;
  /** When the queue is full: `'error'` (default) fails with `WATCH_OVERFLOW`, `'resync'` begins again with a snapshot. */
  readonly overflow?: 'error' | 'resync';
  /** Batches of changes that may wait for the consumer. Default: the limit `watchQueueMax`. */
  readonly queueMax?: number;
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** One znode's change by one operation, or its state in the first snapshot (`'present'`). */
export interface WatchEvent<T = Value> {
  readonly kind: 'present' | 'created' | 'changed' | 'deleted';
  readonly path: string;
  /** The new value; absent when deleted. */
  readonly value?: T;
  /** The value before; absent for `'present'` and `'created'`. */
  readonly previous?: T;
  /** Of the new state; for `'deleted'` the last one. */
  readonly stat?: Stat;
}

/** All events of one transaction, or one page of the first snapshot. */
export interface WatchBatch<T = Value> {
  readonly zxid: number;
  readonly kind: 'snapshot' | 'changes';
  /** False while more pages of the same snapshot follow. */
  readonly last: boolean;
  readonly events: readonly WatchEvent<T>[];
}

/** A subscription: iterate it once; leaving the loop unsubscribes. Errors appear in the iteration. */
export interface WatchStream<T = Value> extends AsyncIterable<WatchBatch<T>>, AsyncDisposable {
  /** Unsubscribes; the iteration ends. Safe to call twice. */
  close(): void;
}

/** An operation of `multi`, made by `op`. */
export type Operation =
  | { readonly kind: 'check'; readonly path: string; readonly version: number }
  | {
      readonly kind: 'create';
      readonly path: string;
      readonly value: unknown;
      readonly options: OperationOptions<CreateOptions>;
    }
  | {
      readonly kind: 'set';
      readonly path: string;
      readonly value: unknown;
      readonly options: OperationOptions<SetOptions>;
    }
  | { readonly kind: 'delete'; readonly path: string; readonly options: OperationOptions<DeleteOptions> }
  | {
      readonly kind: 'compareAndSet';
      readonly path: string;
      readonly expected: unknown;
      readonly value: unknown;
    }
  | {
      readonly kind: 'increment';
      readonly path: string;
      readonly by: number | bigint;
      readonly options: OperationOptions<IncrementOptions>;
    };

/** The options of a method without those of the whole call. */
export type OperationOptions<O extends WriteOptions> = Omit<O, keyof WriteOptions>;

/** What one operation of a `multi` answered; `kind` is the operation's. */
export type OperationResult =
  | {
      readonly kind: 'check' | 'delete';
      readonly path?: undefined;
      readonly stat?: undefined;
      readonly created?: undefined;
      readonly value?: undefined;
    }
  | {
      readonly kind: 'create';
      readonly path: string;
      readonly stat: Stat;
      readonly created: boolean;
      readonly value?: undefined;
    }
  | {
      readonly kind: 'set' | 'compareAndSet';
      readonly path?: undefined;
      readonly stat: Stat;
      readonly created?: undefined;
      readonly value?: undefined;
    }
  | {
      readonly kind: 'increment';
      readonly path?: undefined;
      readonly stat: Stat;
      readonly created?: undefined;
      readonly value: number | bigint;
    };

/** `connected`; `suspended`: no leader within reach, it may still be alive; the other two are final. */
export type SessionState = 'connected' | 'suspended' | 'expired' | 'closed';

/**
 * One participant of the ensemble. Its calls take effect in the order in which they are made, reads as well as
 * writes; none needs to be awaited for that.
 *
 * @example
 * const session = await peer.openSession();
 * await session.create('/config', { port: 80 });
 * await session.update<{ port: number }>('/config', (draft) => { draft.port += 1; });
 */
export interface Session extends AsyncDisposable {
  /** Never reused. */
  readonly id: string;
  /** What `resume` needs beside the id; a fresh copy. Keep it as you would keep a password. */
  readonly secret: Uint8Array;
  /** As granted; `Infinity` for a lasting session. */
  readonly timeoutMs: number;
  readonly state: SessionState;
  /** Aborts when the session ends, with the error that later calls fail with. */
  readonly signal: AbortSignal;

  /** Creates a znode. `NODE_EXISTS`, `NO_NODE` (of the parent), `NO_CHILDREN_FOR_EPHEMERALS`. */
  create(path: string, value?: undefined, options?: CreateOptions): Promise<Created>;
  create<T>(path: string, value: Storable<T>, options?: CreateOptions): Promise<Created>;
  /** Replaces the value. `NO_NODE`, `BAD_VERSION`. */
  set<T>(path: string, value: Storable<T>, options?: SetOptions): Promise<Stat>;
  /** Deletes a znode. `NO_NODE`, `BAD_VERSION`, `NOT_EMPTY`. */
  delete(path: string, options?: DeleteOptions): Promise<void>;
  /** Replaces the value if it is the expected one; false if it is another. `NO_NODE`. */
  compareAndSet<T, U = T>(
    path: string,
    expected: Storable<T>,
    value: Storable<U>,
    options?: WriteOptions,
  ): Promise<boolean>;
  /** As `compareAndSet`, and answers the value before. `NO_NODE`. */
  compareAndSwap<T, U = T>(
    path: string,
    expected: Storable<T>,
    value: Storable<U>,
    options?: WriteOptions,
  ): Promise<Swapped>;
  /** Adds to an integer and answers the sum; `by` is 1 by default. `NO_NODE`, `NOT_A_NUMBER`, `OVERFLOW`. */
  increment(path: string, by?: number, options?: IncrementOptions): Promise<number>;
  increment(path: string, by: bigint, options?: IncrementOptions): Promise<bigint>;
  /**
   * Changes the value by a synchronous recipe on a draft of it, and runs it again if somebody else was faster.
   * A recipe may return a new value instead. What it throws is what the call rejects with. `NO_NODE`.
   */
  update<T>(
    path: string,
    // A recipe may return nothing: `void` is what such a function's type says.
    // oxlint-disable-next-line typescript/no-invalid-void-type
    recipe: (draft: Draft<T>) => T | void,
    options?: UpdateOptions<T>,
  ): Promise<Znode<T>>;
  /** All of the operations or none; a failure has the code of the first that failed and its `details.index`. */
  multi(operations: readonly Operation[], options?: WriteOptions): Promise<readonly OperationResult[]>;

  /** Reads a znode. `NO_NODE` if it is missing. */
  get<T = Value>(path: string, options?: ReadOptions): Promise<Znode<T>>;
  /** Reads several znodes at one point in the order; undefined where one is missing. */
  getMany<T = Value>(
    paths: readonly string[],
    options?: ReadOptions,
  ): Promise<readonly (Znode<T> | undefined)[]>;
  /** The stat, or undefined if the znode is missing. */
  exists(path: string, options?: ReadOptions): Promise<Stat | undefined>;
  /** Names of the children in byte order. `NO_NODE`, `LIMIT_EXCEEDED`. */
  children(path: string, options?: ReadOptions & PageOptions): Promise<readonly string[]>;
  /** The children with value and stat, in byte order. `NO_NODE`, `LIMIT_EXCEEDED`. */
  list<T = Value>(
    path: string,
    options?: ReadOptions & PageOptions,
  ): Promise<readonly ({ readonly name: string } & Znode<T>)[]>;
  /** How many znodes are below it, at any depth. `NO_NODE`. */
  count(path: string, options?: ReadOptions): Promise<number>;
  /** Paths of this session's ephemeral znodes, in byte order; `under` restricts them to one subtree. */
  ephemerals(options?: ReadOptions & { readonly under?: string }): Promise<readonly string[]>;
  /** Watches a path, which may be missing. Never throws: errors appear in the iteration. */
  watch<T = Value>(path: string, options?: WatchOptions): WatchStream<T>;
  /** After it, this session's reads see every write that was answered anywhere before the call. */
  sync(options?: WaitOptions): Promise<void>;

  /** The same session with paths below `prefix`, in results and errors too. Nests. */
  at(prefix: string): Session;
  /** Calls back at each change of `state`; the answer stops that. A throwing listener harms nobody. */
  on(event: 'state', listener: (state: SessionState) => void): () => void;
  /**
   * Ends the session and so removes its ephemerals. Resolves within the session's time-out, at most 5 s, also
   * without a majority: then the ensemble ends it by expiry. Safe to call twice.
   */
  close(): Promise<void>;
}
