/**
 * One replica alone, stepped by hand, so that every synchronous slice of our own code can be timed by itself.
 * Its disk is an array that remembers only how much was written.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import {
  BatchBuilder,
  encodeSystemBatch,
  Machine,
  type Op,
  Replica,
  type ReplicaInput,
  type ReplicaOutput,
} from '@quorate/core/inspect';
import { defaultEnsembleLimits, defaultPeerLimits } from '@quorate/core/inspect';
import { ThreadClock } from './thread-clock.ts';

interface Collection {
  readonly startMs: number;
  readonly ms: number;
}

interface Slice extends Collection {
  /** Of it, what the thread was executed; NaN where nobody counts that. */
  readonly executedMs: number;
}

/** In milliseconds. */
export interface Judgement {
  readonly median: number;
  readonly most: number;
  readonly longest: number;
  /** The longest of the times that slices were really executed. */
  readonly executed: number;
  readonly collection: number;
}

export class Solo {
  readonly replica: Replica;
  readonly #builder = new BatchBuilder();
  readonly #collections: Collection[] = [];
  readonly #clock = new ThreadClock();
  readonly #observer: PerformanceObserver;
  #inputs: ReplicaInput[] = [];
  /** Completed writes of snapshot chunks: told one at a time, by `turn`, as a disk would. */
  #chunksWritten: ReplicaInput[] = [];
  #request = 0;
  #sessionId = 0;
  slices: Slice[] = [];
  snapshotBytes = 0;
  snapshotsCount = 0;

  constructor(snapshotAfterEntries: number) {
    const raft = {
      ...defaultPeerLimits,
      id: 'a',
      incarnation: 1,
      members: { a: '' },
      heartbeatTicks: 5,
      electionTicks: 25,
      tickMs: 10,
      randomU32: () => 7,
    };
    const config = {
      ...defaultPeerLimits,
      ensembleLimits: defaultEnsembleLimits,
      raft,
      snapshotAfterEntries,
      // Only the number of entries decides when the snapshot begins.
      snapshotAfterBytes: Number.MAX_SAFE_INTEGER,
    };
    const restored = { hardState: undefined, snapshot: undefined, entries: [] };
    this.replica = new Replica(config, restored, new Machine());
    this.#observer = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries())
        this.#collections.push({ startMs: startTime, ms: duration });
    });
    this.#observer.observe({ entryTypes: ['gc'] });
    this.#perform(this.replica.start(0));
    this.settle();
    this.#openSession();
  }

  /** Writes as one entry; returns when they are applied. */
  write(ops: readonly Op[]): void {
    for (const op of ops) this.#builder.add(op);
    const firstRequest = this.#request + 1;
    const header = {
      sessionId: this.#sessionId,
      holder: 1,
      firstRequest,
      acknowledgedThrough: this.#request,
    };
    const bytes = this.#builder.finish(header);
    this.#request += ops.length;
    this.#step({ kind: 'submit', wallMs: 0, batches: [{ bytes, announceDurable: false }] });
    this.settle();
  }

  /** The disk has written one more chunk of a snapshot, if one was under way. */
  turn(): void {
    const written = this.#chunksWritten.shift();
    if (written !== undefined) this.#inputs.push(written);
    this.settle();
  }

  settle(): void {
    for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift())
      this.#step(input);
  }

  /** A chunk waits for its write to be told. */
  get isTakingSnapshot(): boolean {
    return this.#chunksWritten.length > 0;
  }

  /** Slices and collections from here on are those that count. */
  forgetSlices(): void {
    this.slices = [];
    this.#collections.length = 0;
  }

  /** The slices so far without the collections that fell into them, and the longest of those. */
  async judge(): Promise<Judgement> {
    // The observer hears of collections only when the event loop turns.
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    const own = this.slices.map((slice) => slice.ms - this.#collectedIn(slice));
    // How much of a collection was executed is unknown, so this is a bound from above for slices that had one.
    const executed = this.slices.map((slice, at) => Math.min(slice.executedMs, own[at] ?? 0));
    const sorted = own.sort((a, b) => a - b);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return {
      median: at(0.5),
      most: at(0.999),
      longest: at(1),
      executed: Math.max(...executed),
      collection: Math.max(0, ...this.#collections.map(({ ms }) => ms)),
    };
  }

  #collectedIn({ startMs, ms }: Slice): number {
    return this.#collections
      .filter((collection) => collection.startMs >= startMs && collection.startMs <= startMs + ms)
      .reduce((sum, collection) => sum + collection.ms, 0);
  }

  close(): void {
    this.#observer.disconnect();
  }

  #openSession(): void {
    const op = {
      kind: 'open-session',
      secretHash: new Uint8Array(32),
      timeoutMs: Number.POSITIVE_INFINITY,
    } as const;
    const bytes = encodeSystemBatch({ kind: 'system', origin: 'a', incarnation: 1, ticket: 1, op });
    this.#step({ kind: 'submit', wallMs: 0, batches: [{ bytes, announceDurable: false }] });
    this.settle();
    this.#sessionId = this.replica.machine.sessions()[0]?.sessionId ?? 0;
  }

  #step(input: ReplicaInput): void {
    const executedBefore = this.#clock.read();
    const startMs = performance.now();
    const output = this.replica.step(input);
    const ms = performance.now() - startMs;
    this.slices.push({ startMs, ms, executedMs: this.#clock.read() - executedBefore });
    this.#perform(output);
  }

  #perform(output: ReplicaOutput): void {
    for (const { ticket, batch } of output.persists) {
      const isChunk = batch.snapshotChunk !== undefined;
      (isChunk ? this.#chunksWritten : this.#inputs).push({ kind: 'persisted', wallMs: 0, ticket });
      if (batch.snapshotChunk === undefined) continue;
      this.snapshotBytes += batch.snapshotChunk.bytes.length;
      if (batch.snapshotChunk.last) this.snapshotsCount += 1;
    }
    if (output.more) this.#inputs.push({ kind: 'continue', wallMs: 0 });
  }
}
