/** The hub: starts workers, and introduces the members and sessions of all threads to each other. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { CoordinationError } from '@quorate/core';
import type { Logger, Transport } from '@quorate/core/ports';
import { Endpoint } from './endpoint.ts';
import { Registry } from './registry.ts';
import { SpawnedThread, type SpawnedWorker, type WorkerExit, type WorkerSpec } from './spawned-worker.ts';

/** How a hub behaves; each field has a default. */
export interface WorkerHubOptions {
  /** Hears of workers that crash, as errors. Default: they are warnings of the process. */
  readonly logger?: Logger;
}

/**
 * Joins the peers of several threads. Frames go from thread to thread directly, so a main thread that is busy delays
 * nobody; only a peer that starts, or a session that dials, needs the hub for a moment.
 */
export interface WorkerHub extends AsyncDisposable {
  /** Starts a worker for a peer. */
  spawn(file: URL, spec: WorkerSpec): SpawnedWorker;
  /** Starts a worker for each of these peers; unless they say otherwise, they are each other's members. */
  spawn(file: URL, specs: readonly WorkerSpec[]): readonly SpawnedWorker[];
  /**
   * A transport for this thread: for a peer of this id, or for a session without a replica. A peer or a session that
   * starts again takes a new one.
   */
  transport(id?: string): Transport;
  /** Terminates all workers and leaves nothing behind. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * A hub in this thread, which is usually the main one.
 *
 * @example
 * const hub = workerHub();
 * hub.spawn(new URL('./peer.js', import.meta.url), [{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
 */
export function workerHub(options: WorkerHubOptions = {}): WorkerHub {
  return new Hub(options);
}

class Hub implements WorkerHub {
  readonly #options: WorkerHubOptions;
  readonly #registry = new Registry();
  readonly #workers = new Set<SpawnedThread>();
  #closing: Promise<void> | undefined;

  constructor(options: WorkerHubOptions) {
    this.#options = options;
  }

  spawn(file: URL, spec: WorkerSpec): SpawnedWorker;
  spawn(file: URL, specs: readonly WorkerSpec[]): readonly SpawnedWorker[];
  spawn(file: URL, spec: WorkerSpec | readonly WorkerSpec[]): SpawnedWorker | readonly SpawnedWorker[] {
    const specs = isList(spec) ? spec : [spec];
    this.#checkSpecs(file, specs);
    const members = Object.fromEntries(specs.map(({ id }) => [id, '']));
    const workers = specs.map((one) => this.#start(file, one, one.members ?? members));
    const [only] = workers;
    return isList(spec) || only === undefined ? workers : only;
  }

  transport(id?: string): Transport {
    const openPort = (): MessagePort => {
      const { port1, port2 } = new MessageChannel();
      if (this.#closing === undefined) this.#registry.admit(port1);
      else port1.close();
      return port2;
    };
    return new Endpoint({ openPort, keepsThreadAlive: false, member: id });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
    this.#registry.close();
  }

  #start(file: URL, spec: WorkerSpec, members: Readonly<Record<string, string>>): SpawnedThread {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (port: MessagePort) => this.#registry.admit(port, port1));
    port1.unref();
    const ended = (exit: WorkerExit): void => {
      this.#workers.delete(worker);
      this.#registry.dismissThread(port1);
      port1.close();
      if (exit.error !== undefined) this.#report(spec.id, exit.error);
    };
    const worker = new SpawnedThread({ file, spec, members, port: port2, ended });
    this.#workers.add(worker);
    return worker;
  }

  #report(id: string, error: unknown): void {
    const { logger } = this.#options;
    const text = `the worker of peer ${JSON.stringify(id)} has crashed`;
    if (logger !== undefined) logger.error({ id, err: error }, text);
    else
      process.emitWarning(error instanceof Error ? (error.stack ?? text) : String(error), { detail: text });
  }

  #checkSpecs(file: URL, specs: readonly WorkerSpec[]): void {
    if (this.#closing !== undefined) throw badArgument('hub', 'it is closed');
    if (!(file instanceof URL)) throw badArgument('file', 'not a URL; use new URL(name, import.meta.url)');
    const ids = new Set<string>();
    for (const { id } of specs) {
      if (typeof id !== 'string' || id === '')
        throw badArgument('id', 'not a text with at least one character');
      if (ids.has(id)) throw badArgument('id', `${JSON.stringify(id)} is there twice`);
      ids.add(id);
    }
  }
}

function isList(spec: WorkerSpec | readonly WorkerSpec[]): spec is readonly WorkerSpec[] {
  return Array.isArray(spec);
}

function badArgument(argument: string, reason: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENTS', { details: { argument, reason } });
}
