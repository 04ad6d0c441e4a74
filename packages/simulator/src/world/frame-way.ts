/**
 * What happens to a frame between `send` and its receiver. Each kind of fault draws from a stream of its own.
 *
 * Frames of one direction keep their order unless one is held up on purpose: peers must bear any order, but a
 * network that mixes everything always would hide what only happens in order.
 */
import type { Task } from './agenda.ts';
import type { ConnectionEnd, Endpoint } from './endpoint.ts';
import type { FaultKind } from './faults.ts';
import type { Time } from './host-clock.ts';
import type { Life } from './life.ts';
import type { RandomStream } from './random-stream.ts';
import { digestOfBytes } from './trace.ts';

/** One stream for each thing that is drawn. */
export interface NetworkStreams {
  readonly delay: RandomStream;
  readonly loss: RandomStream;
  readonly duplicate: RandomStream;
  readonly reorder: RandomStream;
  readonly corrupt: RandomStream;
  readonly replay: RandomStream;
  readonly connect: RandomStream;
}

export interface FrameWayOptions {
  readonly time: Time;
  readonly streams: NetworkStreams;
  readonly faulted: (kind: FaultKind) => void;
  /** Who is this member now. */
  readonly endpointOf: (ensemble: string, member: string) => Endpoint | undefined;
  /** For a trace that is read. */
  readonly describe: (bytes: Uint8Array) => string;
}

/** Bits that are flipped at most in a frame that is damaged. */
const flippedBitsMax = 8;

export class FrameWay {
  readonly #options: FrameWayOptions;

  constructor(options: FrameWayOptions) {
    this.#options = options;
  }

  /** Takes a frame of an end that may send. The bytes are copied: the sender's memory is its own. */
  send(end: ConnectionEnd, bytes: Uint8Array): void {
    const { time, streams, faulted } = this.#options;
    const { link } = end;
    const { conditions } = link;
    if (end.connection.isBroken || link.isCut) return;
    if (streams.loss.chance(conditions.lossPpm)) {
      faulted('loss');
      return;
    }
    let copy = bytes.slice();
    if (streams.corrupt.chance(conditions.corruptPpm)) {
      faulted('corrupt');
      copy = this.#corrupted(copy);
    }
    end.queuedFrames += 1;
    end.queuedBytes += copy.length;
    this.#plan(end, new FrameTask(this.#options, end, { bytes: copy, isCounted: true }));
    if (streams.duplicate.chance(conditions.duplicatePpm)) {
      faulted('duplicate');
      this.#plan(end, new FrameTask(this.#options, end, { bytes: copy.slice(), isCounted: false }));
    }
    if (streams.replay.chance(conditions.replayPpm)) {
      const atUs = time.nowUs + 1 + streams.replay.below(conditions.replayUsMax);
      time.add(new ReplayTask(this.#options, end, { bytes: copy.slice(), atUs }));
    }
  }

  /** Microseconds that something takes from one host to another. */
  delayUs(end: Pick<ConnectionEnd, 'link'>): number {
    const { delayUsMin, delayUsMean } = end.link.conditions;
    return delayUsMin + this.#options.streams.delay.exponential(delayUsMean);
  }

  /** When something that keeps its place arrives, if it is sent now. */
  arrivalUs(end: Pick<ConnectionEnd, 'link'>): number {
    const { link } = end;
    link.lastArrivalUs = Math.max(link.lastArrivalUs, this.#options.time.nowUs + this.delayUs(end));
    return link.lastArrivalUs;
  }

  #plan(end: ConnectionEnd, task: Task): void {
    const { time, streams, faulted } = this.#options;
    const { conditions } = end.link;
    if (streams.reorder.chance(conditions.reorderPpm)) {
      faulted('reorder');
      task.atUs = time.nowUs + this.delayUs(end) + 1 + streams.reorder.below(conditions.reorderUsMax);
    } else {
      task.atUs = this.arrivalUs(end);
    }
    if (end.link.isClogged) end.link.waiting.push(task);
    else time.add(task);
  }

  #corrupted<T extends Uint8Array>(bytes: T): T {
    if (bytes.length === 0) return bytes;
    const { corrupt } = this.#options.streams;
    const count = corrupt.between(1, flippedBitsMax);
    for (let flip = 0; flip < count; flip += 1) {
      const at = corrupt.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << corrupt.below(8));
    }
    return bytes;
  }
}

class FrameTask implements Task {
  atUs = 0;
  sequence = 0;
  isCancelled = false;
  readonly kind = 'frame';
  readonly isTimer = false;
  readonly life: Life;
  readonly payload: number;
  readonly #options: FrameWayOptions;
  readonly #end: ConnectionEnd;
  readonly #bytes: Uint8Array;
  readonly #isCounted: boolean;

  constructor(
    options: FrameWayOptions,
    end: ConnectionEnd,
    frame: { bytes: Uint8Array; isCounted: boolean },
  ) {
    this.#options = options;
    this.#end = end;
    this.#bytes = frame.bytes;
    this.#isCounted = frame.isCounted;
    this.life = end.other.life;
    this.payload = digestOfBytes(frame.bytes);
  }

  run(): void {
    const end = this.#end;
    if (this.#isCounted) {
      end.queuedFrames -= 1;
      end.queuedBytes -= this.#bytes.length;
    }
    if (end.connection.isDropped || end.link.isCut) return;
    // Nothing precedes the connection, and nothing follows its end.
    const received = end.other.ends.get(end.owner.member);
    if (received?.connection !== end.connection || !received.isUp) return;
    end.other.events.frame(end.owner.member, this.#bytes);
  }

  describe(): string {
    return `${this.#end.owner.member} > ${this.#end.other.member} ${this.#options.describe(this.#bytes)}`;
  }
}

/** An old frame that reaches whoever is the member by then, if it is connected to the sender's member. */
class ReplayTask implements Task {
  readonly atUs: number;
  sequence = 0;
  isCancelled = false;
  readonly kind = 'frame';
  readonly isTimer = false;
  readonly payload: number;
  readonly #options: FrameWayOptions;
  readonly #end: ConnectionEnd;
  readonly #bytes: Uint8Array;

  constructor(options: FrameWayOptions, end: ConnectionEnd, frame: { bytes: Uint8Array; atUs: number }) {
    this.#options = options;
    this.#end = end;
    this.#bytes = frame.bytes;
    this.atUs = frame.atUs;
    this.payload = digestOfBytes(frame.bytes);
  }

  get life(): Life | undefined {
    return this.#receiver?.life;
  }

  run(): void {
    const { member } = this.#end.owner;
    const receiver = this.#receiver;
    if (receiver?.ends.get(member)?.isUp !== true || this.#end.link.isCut) return;
    this.#options.faulted('replay');
    receiver.events.frame(member, this.#bytes);
  }

  describe(): string {
    const { owner, other } = this.#end;
    return `${owner.member} > ${other.member} once more: ${this.#options.describe(this.#bytes)}`;
  }

  get #receiver(): Endpoint | undefined {
    const { ensemble, member } = this.#end.other;
    return this.#options.endpointOf(ensemble, member);
  }
}
