/** A session that does what the session behind it does, and writes down each call. See recorder.ts. */
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
  Stat,
  Storable,
  Swapped,
  UpdateOptions,
  Value,
  WaitOptions,
  WatchOptions,
  WatchStream,
  WriteOptions,
  Znode,
} from '@quorate/core';
import { decodeValue, encodeValue, sourceOf } from '@quorate/core/inspect';
import type { Call, Recorded, Result } from './call.ts';
import { answeredWith, failedWith, nothingEnding } from './endings.ts';
import type { Actor, OpenOperation } from './history.ts';
import { recordStream } from './recorded-stream.ts';
import type { SessionTracker } from './session-tracker.ts';

export class RecordedSession implements Session {
  readonly id: string;
  readonly #session: Session;
  readonly #tracker: SessionTracker;
  readonly #actor: Actor;
  /** Of this view: an absolute path. */
  readonly #prefix: string;

  constructor(session: Session, tracker: SessionTracker, actor: Actor, prefix: string) {
    this.id = session.id;
    this.#session = session;
    this.#tracker = tracker;
    this.#actor = actor;
    this.#prefix = prefix;
  }

  get secret(): Uint8Array {
    return this.#session.secret;
  }

  get timeoutMs(): number {
    return this.#session.timeoutMs;
  }

  get state(): SessionState {
    return this.#session.state;
  }

  get signal(): AbortSignal {
    return this.#session.signal;
  }

  create(path: string, value?: unknown, options?: CreateOptions): Promise<Created> {
    return this.#record(
      { kind: 'create', path: this.#absolute(path), value: value ?? null, options: plain(options) },
      options,
      () => this.#session.create(path, value as Value, options),
      ({ path: created, ...rest }) => ({ kind: 'created', path: this.#absolute(created), ...rest }),
    );
  }

  set<T>(path: string, value: Storable<T>, options?: SetOptions): Promise<Stat> {
    return this.#record(
      { kind: 'set', path: this.#absolute(path), value, options: plain(options) },
      options,
      () => this.#session.set(path, value, options),
      (stat) => ({ kind: 'stat', stat }),
    );
  }

  delete(path: string, options?: DeleteOptions): Promise<void> {
    return this.#record(
      { kind: 'delete', path: this.#absolute(path), options: plain(options) },
      options,
      () => this.#session.delete(path, options),
      () => ({ kind: 'nothing' }),
    );
  }

  compareAndSet<T, U = T>(
    path: string,
    expected: Storable<T>,
    value: Storable<U>,
    options?: WriteOptions,
  ): Promise<boolean> {
    return this.#record(
      { kind: 'compareAndSet', path: this.#absolute(path), expected, value, options: plain(options) },
      options,
      () => this.#session.compareAndSet(path, expected, value, options),
      (swapped) => ({ kind: 'compared', swapped }),
    );
  }

  compareAndSwap<T, U = T>(
    path: string,
    expected: Storable<T>,
    value: Storable<U>,
    options?: WriteOptions,
  ): Promise<Swapped> {
    return this.#record(
      { kind: 'compareAndSwap', path: this.#absolute(path), expected, value, options: plain(options) },
      options,
      () => this.#session.compareAndSwap(path, expected, value, options),
      (swapped) => ({ kind: 'swapped', ...swapped }),
    );
  }

  increment(path: string, by?: number, options?: IncrementOptions): Promise<number>;
  increment(path: string, by: bigint, options?: IncrementOptions): Promise<bigint>;
  increment(path: string, by: number | bigint = 1, options?: IncrementOptions): Promise<number | bigint> {
    return this.#record<number | bigint>(
      { kind: 'increment', path: this.#absolute(path), by, options: plain(options) },
      options,
      () => this.#session.increment(path, by as number, options),
      (value) => ({ kind: 'number', value }),
    );
  }

  update<T>(
    path: string,
    // A recipe may return nothing: `void` is what such a function's type says.
    // oxlint-disable-next-line typescript/no-invalid-void-type
    recipe: (draft: Draft<T>) => T | void,
    options?: UpdateOptions<T>,
  ): Promise<Znode<T>> {
    const { initial, ...rest } = plain(options ?? {});
    return this.#record(
      { kind: 'update', path: this.#absolute(path), initial, options: rest },
      options,
      (operation) => this.#session.update<T>(path, this.#traced(operation, recipe), options),
      (znode) => ({ kind: 'znode', value: znode.value as Value, stat: znode.stat }),
    );
  }

  multi(operations: readonly Operation[], options?: WriteOptions): Promise<readonly OperationResult[]> {
    const absolute = operations.map((operation) => ({ ...operation, path: this.#absolute(operation.path) }));
    return this.#record(
      { kind: 'multi', operations: absolute, options: plain(options) },
      options,
      () => this.#session.multi(operations, options),
      (results) => ({ kind: 'multi', results: results.map((result) => this.#absoluteResult(result)) }),
    );
  }

  get<T = Value>(path: string, options?: ReadOptions): Promise<Znode<T>> {
    return this.#record(
      { kind: 'get', path: this.#absolute(path), options: plain(options) },
      options,
      () => this.#session.get<T>(path, options),
      (znode) => ({ kind: 'znode', value: znode.value as Value, stat: znode.stat }),
    );
  }

  getMany<T = Value>(
    paths: readonly string[],
    options?: ReadOptions,
  ): Promise<readonly (Znode<T> | undefined)[]> {
    return this.#record(
      { kind: 'getMany', paths: paths.map((path) => this.#absolute(path)), options: plain(options) },
      options,
      () => this.#session.getMany<T>(paths, options),
      (znodes) => ({ kind: 'znodes', znodes: znodes as readonly (Znode | undefined)[] }),
    );
  }

  exists(path: string, options?: ReadOptions): Promise<Stat | undefined> {
    return this.#record(
      { kind: 'exists', path: this.#absolute(path), options: plain(options) },
      options,
      () => this.#session.exists(path, options),
      (stat) => ({ kind: 'existence', stat }),
    );
  }

  children(path: string, options?: ReadOptions & PageOptions): Promise<readonly string[]> {
    return this.#record(
      { kind: 'children', path: this.#absolute(path), options: plain(options) },
      options,
      () => this.#session.children(path, options),
      (names) => ({ kind: 'names', names }),
    );
  }

  list<T = Value>(
    path: string,
    options?: ReadOptions & PageOptions,
  ): Promise<readonly ({ readonly name: string } & Znode<T>)[]> {
    return this.#record(
      { kind: 'list', path: this.#absolute(path), options: plain(options) },
      options,
      () => this.#session.list<T>(path, options),
      (items) => ({ kind: 'listing', items: items as readonly ({ readonly name: string } & Znode)[] }),
    );
  }

  count(path: string, options?: ReadOptions): Promise<number> {
    return this.#record(
      { kind: 'count', path: this.#absolute(path), options: plain(options) },
      options,
      () => this.#session.count(path, options),
      (count) => ({ kind: 'count', count }),
    );
  }

  ephemerals(options?: ReadOptions & { readonly under?: string }): Promise<readonly string[]> {
    const { under = '/', ...rest } = plain(options ?? {});
    return this.#record(
      { kind: 'ephemerals', under: this.#absolute(under), options: rest },
      options,
      () => this.#session.ephemerals(options),
      (names) => ({ kind: 'names', names: names.map((path) => this.#absolute(path)) }),
    );
  }

  watch<T = Value>(path: string, options?: WatchOptions): WatchStream<T> {
    const { history } = this.#tracker;
    const record = history.beginWatch(this.#actor, { path: this.#absolute(path), options: plain(options) });
    const stream = this.#tracker.watch(record, () => this.#session.watch<T>(path, options));
    return recordStream({ stream, record, history, absolute: (each) => this.#absolute(each) });
  }

  sync(options?: WaitOptions): Promise<void> {
    return this.#record(
      { kind: 'sync' },
      options,
      () => this.#session.sync(options),
      () => ({ kind: 'nothing' }),
    );
  }

  at(prefix: string): Session {
    const view = this.#session.at(prefix);
    return new RecordedSession(view, this.#tracker, this.#actor, this.#absolute(prefix));
  }

  on(event: 'state', listener: (state: SessionState) => void): () => void {
    return this.#session.on(event, listener);
  }

  close(): Promise<void> {
    return this.#tracker.operation(this.#actor, { kind: 'close' }, () => this.#session.close(), {
      // It resolves also where no majority was in reach.
      answered: () => nothingEnding,
      failed: (reason) => failedWith(reason, undefined),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #record<T>(
    call: Call,
    options: WaitOptions | undefined,
    run: (operation: OpenOperation) => Promise<T>,
    toResult: (answer: T) => Result,
  ): Promise<T> {
    return this.#tracker.operation(this.#actor, call, run, {
      answered: (answer) => answeredWith(toResult(answer)),
      failed: (reason) => failedWith(reason, options?.signal),
    });
  }

  /** Tells on which value the recipe runs, and that the write which follows is this operation's. */
  #traced<T>(
    operation: OpenOperation,
    // oxlint-disable-next-line typescript/no-invalid-void-type
    recipe: (draft: Draft<T>) => T | void,
    // oxlint-disable-next-line typescript/no-invalid-void-type
  ): (draft: Draft<T>) => T | void {
    // What is no recipe is refused by the session, in its own words.
    if (typeof recipe !== 'function') return recipe;
    return (draft) => {
      this.#tracker.recipe(operation, decodeValue(sourceOf(encodeValue(draft))).value);
      return recipe(draft);
    };
  }

  #absolute(path: string): string {
    if (this.#prefix === '/') return path;
    return path === '/' ? this.#prefix : this.#prefix + path;
  }

  #absoluteResult(result: OperationResult): OperationResult {
    return result.kind === 'create' ? { ...result, path: this.#absolute(result.path) } : result;
  }
}

/** What a record keeps of the options. */
function plain<O extends { readonly signal?: AbortSignal }>(options: O | undefined): Recorded<O> {
  if (options === undefined) return {} as Recorded<O>;
  const { signal: _, ...rest } = options;
  return rest;
}
