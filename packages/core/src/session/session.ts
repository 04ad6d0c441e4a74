/**
 * The public session: each method checks its arguments, makes one promise and hands one call to the core. All
 * views of a session (`at`) are this class over one core and differ in their prefix.
 *
 * Methods are not `async`: that would be a second promise a call. What throws inside of a promise's executor
 * rejects it, so nothing is ever thrown at the caller.
 */
import type { SessionQuery } from '../codec/query.ts';
import { formatSessionId, type Stat } from '../codec/stat.ts';
import type { Storable, Value } from '../codec/value.ts';
import type {
  CreateOptions,
  Created,
  DeleteOptions,
  Draft,
  IncrementOptions,
  Operation,
  OperationResult,
  PageOptions,
  ReadOptions,
  Session,
  SessionState,
  SetOptions,
  Swapped,
  UpdateOptions,
  WaitOptions,
  WatchOptions,
  WatchStream,
  WriteOptions,
  Znode,
} from './api-types.ts';
import { badArgument, choice, OpArguments, optionalInteger, optionsOf } from './arguments.ts';
import { Chroot } from './chroot.ts';
import type { SessionObserver } from './observer.ts';
import { WriteCall, type Write, type WriteContext } from './outbox.ts';
import { ReadCall } from './reads.ts';
import {
  toBarrier,
  toCompared,
  toCount,
  toCreated,
  toExisting,
  toListing,
  toNames,
  toNothing,
  toNumber,
  toOperationResults,
  toPaths,
  toPresent,
  toStatOnly,
  toSwapped,
  toZnodes,
  type ReadShape,
} from './results.ts';
import { SessionCore, type SessionCoreOptions } from './session-core.ts';
import { Updater } from './update.ts';
import { openWatch } from './watch-stream.ts';

/** Makes the session of an opening that was answered. The link must be fresh: the session opens it. */
export function createSession(options: SessionCoreOptions): Session {
  return new SessionView(new SessionCore(options), Chroot.whole());
}

/** Tells a tool of the calls of a session, through whichever of its views they are made. */
export function observeSession(session: Session, observer: SessionObserver): void {
  const core = SessionView.coreOf(session);
  if (core === undefined) throw badArgument('session', 'it was not opened by this library');
  core.observe(observer);
}

class SessionView implements Session {
  readonly id: string;
  readonly #core: SessionCore;
  readonly #chroot: Chroot;
  readonly #writeContext: WriteContext;
  readonly #arguments: OpArguments;
  #updater: Updater | undefined;

  constructor(core: SessionCore, chroot: Chroot) {
    this.id = formatSessionId(core.id);
    this.#core = core;
    this.#chroot = chroot;
    this.#writeContext = core.writeContext(chroot);
    this.#arguments = new OpArguments(chroot, core.link.valueBytesMax);
  }

  static coreOf(session: object): SessionCore | undefined {
    return #core in session ? session.#core : undefined;
  }

  get secret(): Uint8Array {
    return this.#core.secret;
  }

  get timeoutMs(): number {
    return this.#core.timeoutMs;
  }

  get state(): SessionState {
    return this.#core.state;
  }

  get signal(): AbortSignal {
    return this.#core.signal;
  }

  create(path: string, value?: unknown, options?: CreateOptions): Promise<Created> {
    return new Promise((resolve, reject) => {
      const op = this.#arguments.create(path, value, options);
      this.#send(new WriteCall(op, toCreated, resolve, reject), options);
    });
  }

  set<T>(path: string, value: Storable<T>, options?: SetOptions): Promise<Stat> {
    return new Promise((resolve, reject) => {
      const op = this.#arguments.set(path, value, options);
      this.#send(new WriteCall(op, toStatOnly, resolve, reject), options);
    });
  }

  delete(path: string, options?: DeleteOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const op = this.#arguments.delete(path, options);
      this.#send(new WriteCall(op, toNothing, resolve, reject), options);
    });
  }

  compareAndSet<T, U = T>(
    path: string,
    expected: Storable<T>,
    value: Storable<U>,
    options?: WriteOptions,
  ): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const op = this.#arguments.compare(path, expected, value);
      this.#send(new WriteCall(op, toCompared, resolve, reject), options);
    });
  }

  compareAndSwap<T, U = T>(
    path: string,
    expected: Storable<T>,
    value: Storable<U>,
    options?: WriteOptions,
  ): Promise<Swapped> {
    return new Promise((resolve, reject) => {
      const op = this.#arguments.compare(path, expected, value);
      this.#send(new WriteCall(op, toSwapped, resolve, reject), options);
    });
  }

  increment(path: string, by?: number, options?: IncrementOptions): Promise<number>;
  increment(path: string, by: bigint, options?: IncrementOptions): Promise<bigint>;
  increment(path: string, by?: number | bigint, options?: IncrementOptions): Promise<number | bigint> {
    return new Promise((resolve, reject) => {
      const op = this.#arguments.increment(path, by, options);
      this.#send(new WriteCall(op, toNumber, resolve, reject), options);
    });
  }

  multi(operations: readonly Operation[], options?: WriteOptions): Promise<readonly OperationResult[]> {
    return new Promise((resolve, reject) => {
      const op = this.#arguments.multi(operations);
      this.#send(new WriteCall(op, toOperationResults, resolve, reject), options);
    });
  }

  update<T>(
    path: string,
    // oxlint-disable-next-line typescript/no-invalid-void-type
    recipe: (draft: Draft<T>) => T | void,
    options?: UpdateOptions<T>,
  ): Promise<Znode<T>> {
    return new Promise((resolve) => {
      const asked: Record<keyof UpdateOptions<T>, unknown> | undefined = optionsOf(options);
      if (typeof recipe !== 'function') throw badArgument('recipe', 'a recipe is a function');
      const request = {
        path: this.#chroot.absolute(path),
        recipe: recipe as (draft: unknown) => unknown,
        initial: asked?.initial === undefined ? undefined : this.#arguments.value(asked.initial, 'initial'),
        acknowledgeAll: waitsForAll(asked),
        wait: this.#core.admit(asked),
      };
      this.#updater ??= new Updater(this.#core, this.#chroot, this.#arguments);
      resolve(this.#updater.run(request) as Promise<Znode<T>>);
    });
  }

  get<T = Value>(path: string, options?: ReadOptions): Promise<Znode<T>> {
    return new Promise((resolve, reject) => {
      const query = { kind: 'get', path: this.#chroot.absolute(path) } as const;
      this.#ask({ query, shape: toPresent as ReadShape<Znode<T>>, resolve, reject }, options);
    });
  }

  getMany<T = Value>(
    paths: readonly string[],
    options?: ReadOptions,
  ): Promise<readonly (Znode<T> | undefined)[]> {
    return new Promise((resolve, reject) => {
      if (!Array.isArray(paths)) throw badArgument('paths', 'getMany takes an array of paths');
      const absolute = paths.map((path: unknown) => this.#chroot.absolute(path, 'paths'));
      const shape = toZnodes as ReadShape<readonly (Znode<T> | undefined)[]>;
      this.#ask({ query: { kind: 'get-many', paths: absolute }, shape, resolve, reject }, options);
    });
  }

  exists(path: string, options?: ReadOptions): Promise<Stat | undefined> {
    return new Promise((resolve, reject) => {
      const query = { kind: 'get', path: this.#chroot.absolute(path) } as const;
      this.#ask({ query, shape: toExisting, resolve, reject }, options);
    });
  }

  children(path: string, options?: ReadOptions & PageOptions): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const query = { kind: 'children', path: this.#chroot.absolute(path), ...pageOf(options) } as const;
      this.#ask({ query, shape: toNames, resolve, reject }, options);
    });
  }

  list<T = Value>(
    path: string,
    options?: ReadOptions & PageOptions,
  ): Promise<readonly ({ readonly name: string } & Znode<T>)[]> {
    return new Promise((resolve, reject) => {
      const query = { kind: 'list', path: this.#chroot.absolute(path), ...pageOf(options) } as const;
      const shape = toListing as ReadShape<readonly ({ readonly name: string } & Znode<T>)[]>;
      this.#ask({ query, shape, resolve, reject }, options);
    });
  }

  count(path: string, options?: ReadOptions): Promise<number> {
    return new Promise((resolve, reject) => {
      const query = { kind: 'count', path: this.#chroot.absolute(path) } as const;
      this.#ask({ query, shape: toCount, resolve, reject }, options);
    });
  }

  ephemerals(options?: ReadOptions & { readonly under?: string }): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const under = this.#chroot.absolute(optionsOf(options)?.under ?? '/', 'under');
      this.#ask({ query: { kind: 'ephemerals', under }, shape: toPaths, resolve, reject }, options);
    });
  }

  watch<T = Value>(path: string, options?: WatchOptions): WatchStream<T> {
    return openWatch(this.#core, this.#chroot, { path, options }) as WatchStream<T>;
  }

  sync(options?: WaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const asked = {
        ...(optionsOf(options) as WaitOptions | undefined),
        consistency: 'linearizable',
      } as const;
      this.#ask({ query: { kind: 'barrier' }, shape: toBarrier, resolve, reject }, asked);
    });
  }

  at(prefix: string): Session {
    return new SessionView(this.#core, this.#chroot.below(prefix));
  }

  on(event: 'state', listener: (state: SessionState) => void): () => void {
    if (event !== 'state') throw badArgument('event', 'a session has the event "state"');
    if (typeof listener !== 'function') throw badArgument('listener', 'a listener is a function');
    return this.#core.onState(listener);
  }

  close(): Promise<void> {
    return this.#core.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #send(write: Write, options: WriteOptions | undefined): void {
    const asked: Record<keyof WriteOptions, unknown> | undefined = optionsOf(options);
    write.acknowledgeAll = waitsForAll(asked);
    this.#core.write(write, this.#writeContext, this.#core.admit(asked));
  }

  #ask<T>(asking: Asking<T>, options: ReadOptions | undefined): void {
    const asked: Record<keyof ReadOptions, unknown> | undefined = optionsOf(options);
    const consistency = choice(asked?.consistency, 'consistency', ['session', 'linearizable']);
    const question = { query: asking.query, consistency, chroot: this.#chroot };
    const read = new ReadCall(question, asking.shape, asking.resolve, asking.reject);
    this.#core.read(read, this.#core.admit(asked));
  }
}

interface Asking<T> {
  readonly query: SessionQuery;
  readonly shape: ReadShape<T>;
  readonly resolve: (result: T) => void;
  readonly reject: (reason: unknown) => void;
}

function waitsForAll(options: { readonly acknowledge?: unknown } | undefined): boolean {
  return options !== undefined && choice(options.acknowledge, 'acknowledge', ['majority', 'all']) === 'all';
}

function pageOf(options: (ReadOptions & PageOptions) | undefined): {
  readonly after: string | undefined;
  readonly limit: number | undefined;
} {
  const asked: Record<keyof PageOptions, unknown> | undefined = optionsOf(options);
  const after = asked?.after;
  if (after !== undefined && typeof after !== 'string') throw badArgument('after', 'it is a name');
  return { after, limit: optionalInteger(asked?.limit, 'limit', 1) };
}
