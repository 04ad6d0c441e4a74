/** A worker that a hub has started: how it ends is a value, never an event that takes the process down. */
import { type MessagePort, Worker, type WorkerOptions } from 'node:worker_threads';
import { type Introduction, introductionKey } from './introduction.ts';

/** One worker to start. */
export interface WorkerSpec {
  /** The id of the peer in it; `workerTransport().id` there. */
  readonly id: string;
  /** First members of the ensemble, id to address (anything: threads have none). Default: all that start in this call. */
  readonly members?: Readonly<Record<string, string>>;
  /** For the worker's own use: what it finds in `workerData` of node:worker_threads, beside the hub's `quorate`. */
  readonly workerData?: Readonly<Record<string, unknown>>;
  /** True: the process stays alive as long as this worker runs. Default false: an idle peer keeps nothing alive. */
  readonly keepAlive?: boolean;
  /** Further options of the Worker of node:worker_threads, `execArgv` or `resourceLimits` say. */
  readonly options?: Omit<WorkerOptions, 'workerData' | 'transferList' | 'eval'>;
}

/** How a worker ended. */
export interface WorkerExit {
  /** 0 when it ended by itself; what it gave to `process.exit`; 1 when it crashed or was terminated. */
  readonly code: number;
  /** What it threw, if that is how it ended. */
  readonly error?: unknown;
}

/** A worker that {@link WorkerHub.spawn} has started. */
export interface SpawnedWorker extends AsyncDisposable {
  readonly id: string;
  /** The worker itself, to exchange messages of your own with it. */
  readonly worker: Worker;
  /** Resolves when the thread has ended, however it did; never rejects. Waiting for it keeps no process alive. */
  readonly exited: Promise<WorkerExit>;
  /** Ends the thread at once, in whatever it is doing: the others notice as if its process had died. */
  terminate(): Promise<WorkerExit>;
}

export interface ThreadOptions {
  readonly file: URL;
  readonly spec: WorkerSpec;
  readonly members: Readonly<Record<string, string>>;
  /** Goes into the worker. */
  readonly port: MessagePort;
  /** Called once, before `exited` resolves. */
  readonly ended: (exit: WorkerExit) => void;
}

export class SpawnedThread implements SpawnedWorker {
  readonly id: string;
  readonly worker: Worker;
  readonly exited: Promise<WorkerExit>;

  constructor({ file, spec, members, port, ended }: ThreadOptions) {
    const introduction: Introduction = { id: spec.id, members, port };
    this.id = spec.id;
    this.worker = new Worker(file, {
      name: spec.id,
      ...spec.options,
      workerData: { ...spec.workerData, [introductionKey]: introduction },
      transferList: [port],
    });
    if (spec.keepAlive !== true) this.worker.unref();
    let error: unknown;
    // Without a listener, an error in the worker would end this process.
    this.worker.on('error', (thrown: unknown) => {
      error = thrown;
    });
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', (code) => {
        const exit = error === undefined ? { code } : { code, error };
        ended(exit);
        resolve(exit);
      });
    });
  }

  async terminate(): Promise<WorkerExit> {
    // A worker that is not referenced would let the process end while somebody waits for this.
    this.worker.ref();
    await this.worker.terminate();
    return await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate();
  }
}
