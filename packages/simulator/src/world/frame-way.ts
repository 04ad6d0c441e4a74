/**
 * What happens to a frame between `send` and its receiver. Each kind of fault draws from a stream of its own.
 *
 * Frames of one direction keep their order unless one is held up on purpose: peers must bear any order, but a
 * network that mixes everything always would hide what only happens in order.
 */
import type { Task } from './agenda.ts';
import type { ConnectionEnd, Endpoint } from './endpoint.ts';
import type { FaultKind } from './faults.ts';
import type { Life } from './life.ts';
import type { Link } from './link.ts';
import type { RandomStream } from './random-stream.ts';
import type { Time } from './time.ts';
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
    // Drawn for every frame, so that a frame that is lost leaves the others their delays.
    const delayUs = this.delayUs(link);
    if (streams.loss.chance(conditions.lossPpm)) {
      faulted('loss');
      return;
    }
    let copy = bytes.slice();
    if (streams.corrupt.chance(conditions.corruptPpm)) {
      faulted('corrupt');
      copy = this.corrupted(copy);
    }
    end.queuedFrames += 1;
    end.queuedBytes += copy.length;
    this.#plan(link, new FrameTask(this.#options, end, { bytes: copy, isCounted: true }), delayUs);
    if (streams.duplicate.chance(conditions.duplicatePpm)) {
      faulted('duplicate');
      const twin = new FrameTask(this.#options, end, { bytes: copy.slice(), isCounted: false });
      this.#plan(link, twin, delayOn(link, streams.duplicate));
    }
    if (streams.replay.chance(conditions.replayPpm)) {
      const atUs = time.nowUs + 1 + streams.replay.below(conditions.replayUsMax);
      time.add(new ReplayTask(this.#options, end, { bytes: copy.slice(), atUs }));
    }
  }

  /** Microseconds that something takes from one host to another. */
  delayUs(link: Link): number {
    return delayOn(link, this.#options.streams.delay);
  }

  /** When something that keeps its place arrives, if it is sent now. */
  arrivalUs(link: Link): number {
    return this.#inOrder(link, this.delayUs(link));
  }

  #inOrder(link: Link, delayUs: number): number {
    link.lastArrivalUs = Math.max(link.lastArrivalUs, this.#options.time.nowUs + delayUs);
    return link.lastArrivalUs;
  }

  #plan(link: Link, task: Task, delayUs: number): void {
    const { time, streams, faulted } = this.#options;
    const { reorderPpm, reorderUsMax } = link.conditions;
    if (streams.reorder.chance(reorderPpm)) {
      faulted('reorder');
      task.atUs = time.nowUs + delayUs + 1 + streams.reorder.below(reorderUsMax);
    } else {
      task.atUs = this.#inOrder(link, delayUs);
    }
    if (link.isClogged) link.waiting.push(task);
    else time.add(task);
  }

  /** The same bytes, some bits of them flipped; in place. */
  corrupted<T extends Uint8Array>(bytes: T): T {
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
    // The network has been healed meanwhile: what it had kept is gone.
    if (this.#end.link.conditions.replayPpm === 0) return;
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

function delayOn(link: Link, stream: RandomStream): number {
  const { delayUsMin, delayUsMean } = link.conditions;
  return delayUsMin + stream.exponential(delayUsMean);
}
