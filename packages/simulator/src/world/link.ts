/**
 * One direction between two hosts: its conditions, and whether it is cut or clogged. It
 * belongs to the hosts, not to a connection, so it outlives processes.
 */
import type { Task } from './agenda.ts';

/** How a link treats frames; each may be changed at any time. Chances are parts per million of frames. */
export interface LinkConditions {
  /** Least microseconds on the way. */
  delayUsMin: number;
  /** Mean of the exponential part that is added. */
  delayUsMean: number;
  /** Frames that vanish. */
  lossPpm: number;
  /** Frames that arrive twice. */
  duplicatePpm: number;
  /** Frames that are held up, so that later ones overtake them. */
  reorderPpm: number;
  /** Most microseconds that such a frame is held up. */
  reorderUsMax: number;
  /** Frames of which some bits are flipped on the way. */
  corruptPpm: number;
  /** Frames that arrive once more, long after: after restarts and elections, say. */
  replayPpm: number;
  /** Most microseconds until then. */
  replayUsMax: number;
  /** Frames on the way and not read yet, before `send` answers false. */
  queueFramesMax: number;
  /** Bytes of them; a single frame may exceed it. */
  queueBytesMax: number;
}

/** A quiet network of one data centre. */
export const defaultLinkConditions: LinkConditions = Object.freeze({
  delayUsMin: 200,
  delayUsMean: 300,
  lossPpm: 0,
  duplicatePpm: 0,
  reorderPpm: 0,
  reorderUsMax: 20_000,
  corruptPpm: 0,
  replayPpm: 0,
  replayUsMax: 10_000_000,
  queueFramesMax: 8_192,
  queueBytesMax: 64 * 1_024 * 1_024,
});

export class Link {
  readonly from: string;
  readonly to: string;
  readonly conditions: LinkConditions;
  /** Cuts that lie on it now; frames vanish while there is one. */
  cutsCount = 0;
  /** Frames wait while there is one. */
  clogsCount = 0;
  waiting: Task[] = [];
  /** When the last frame arrives that keeps its place: none overtakes it without being reordered. */
  lastArrivalUs = 0;
  /** When it was cut last. */
  cutAtUs = 0;

  constructor(from: string, to: string, conditions: LinkConditions) {
    this.from = from;
    this.to = to;
    this.conditions = conditions;
  }

  get isCut(): boolean {
    return this.cutsCount > 0;
  }

  get isClogged(): boolean {
    return this.clogsCount > 0;
  }
}
