/**
 * One direction of a session's connection: in order and without a loss until the connection ends, as TCP is. What
 * the network loses is sent again and arrives later; behind a cut or a clog everything waits. One task at a time
 * carries the oldest item, so a suspended receiver reads nothing and the queue fills up.
 */
import type { FrameWay, FrameWayOptions } from './frame-way.ts';
import type { Life } from './life.ts';
import type { Link } from './link.ts';
import type { Task } from './agenda.ts';
import { digestOfBytes } from './trace.ts';
import { plainTask } from './time.ts';

/** Who reads a stream. */
export interface StreamReader {
  readonly life: Life;
  connected(): void;
  frame(bytes: Uint8Array): void;
  /** The writer ended the connection, or died. */
  ended(): void;
}

/** Who writes it. */
export interface StreamWriter {
  readonly life: Life;
  /** There is room again after a refusal. */
  drained(): void;
}

type Item =
  | { readonly kind: 'frame'; readonly bytes: Uint8Array; readonly atUs: number }
  | { readonly kind: 'connected' | 'ended'; readonly atUs: number };

export type StreamOptions = Pick<FrameWayOptions, 'time' | 'streams' | 'faulted'> & {
  readonly way: FrameWay;
  readonly link: Link;
  readonly reader: StreamReader;
  readonly writer: StreamWriter;
};

/** Microseconds until a lost packet is sent again: the least time-out of Linux (RFC 6298 would wait for a second). */
const resendUs = 200_000;

export class Stream {
  readonly #options: StreamOptions;
  #items: Item[] = [];
  #queuedBytes = 0;
  #lastArrivalUs = 0;
  #isCarried = false;
  #isRefused = false;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** False: no room. The writer is told when there is. */
  send(bytes: Uint8Array): boolean {
    const { link, streams, faulted, way } = this.#options;
    const { queueFramesMax, queueBytesMax, lossPpm, corruptPpm } = link.conditions;
    const isFull = this.#items.length >= queueFramesMax || this.#queuedBytes + bytes.length > queueBytesMax;
    if (isFull && this.#items.length > 0) {
      this.#isRefused = true;
      faulted('overflow');
      return false;
    }
    let lateUs = 0;
    if (streams.loss.chance(lossPpm)) {
      faulted('loss');
      lateUs = resendUs;
    }
    let copy = bytes.slice();
    if (streams.corrupt.chance(corruptPpm)) {
      faulted('corrupt');
      copy = way.corrupted(copy);
    }
    this.#queuedBytes += copy.length;
    this.#push({ kind: 'frame', bytes: copy, atUs: this.#arrivalUs(lateUs) });
    return true;
  }

  /** The first thing that the reader hears. */
  connect(): void {
    this.#push({ kind: 'connected', atUs: this.#arrivalUs(0) });
  }

  /** The last thing that the reader hears; `isDropped`: what was queued is lost. */
  end(isDropped: boolean): void {
    if (isDropped) this.#items = [];
    this.#push({ kind: 'ended', atUs: this.#arrivalUs(0) });
  }

  /** The way may be open again. */
  settle(): void {
    this.#carry();
  }

  #arrivalUs(lateUs: number): number {
    const { link, time, way } = this.#options;
    this.#lastArrivalUs = Math.max(this.#lastArrivalUs, time.nowUs + way.delayUs(link) + lateUs);
    return this.#lastArrivalUs;
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.#carry();
  }

  /** Plans the arrival of the oldest item, unless it is planned or cannot get through. */
  #carry(): void {
    const [item] = this.#items;
    const { link, reader, time } = this.#options;
    if (item === undefined || this.#isCarried || link.isCut || link.isClogged) return;
    this.#isCarried = true;
    const atUs = Math.max(item.atUs, time.nowUs + 1);
    const payload = item.kind === 'frame' ? digestOfBytes(item.bytes) : 0;
    const describe = (): string =>
      item.kind === 'frame' ? `a frame of a session, ${item.bytes.length} bytes` : item.kind;
    const task: Task = {
      ...plainTask,
      atUs,
      kind: 'session',
      life: reader.life,
      payload,
      describe,
      run: () => this.#arrived(item),
    };
    time.add(task);
  }

  #arrived(item: Item): void {
    const { link, reader } = this.#options;
    this.#isCarried = false;
    // Replaced meanwhile by the end of the connection, or lost on the way and to be sent again.
    if (this.#items[0] !== item || link.isCut) {
      this.#carry();
      return;
    }
    this.#items.shift();
    this.#carry();
    switch (item.kind) {
      case 'connected':
        reader.connected();
        return;
      case 'ended':
        reader.ended();
        return;
      case 'frame':
        this.#queuedBytes -= item.bytes.length;
        this.#drain();
        reader.frame(item.bytes);
    }
  }

  /** Half empty: a writer that is told at every frame would come and go. */
  #drain(): void {
    const { link, time, way, writer } = this.#options;
    if (!this.#isRefused) return;
    const { queueFramesMax, queueBytesMax } = link.conditions;
    if (this.#items.length * 2 > queueFramesMax || this.#queuedBytes * 2 > queueBytesMax) return;
    this.#isRefused = false;
    const atUs = time.nowUs + way.delayUs(link);
    time.add({ ...plainTask, atUs, kind: 'session', life: writer.life, run: () => writer.drained() });
  }
}
