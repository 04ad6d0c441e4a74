/** A connection between a session without a replica and the peer that serves it: one line with two ends. */
import type { DialerEvents, SessionOwner } from '@quorate/core/ports';
import type { Endpoint } from './endpoint.ts';

/** Who dials: one `startSession`. */
export interface Dialer {
  /** What cuts and faults call it. */
  readonly name: string;
  readonly owner: SessionOwner;
  readonly events: DialerEvents;
  isClosed: boolean;
  /** The latest attempt, and what became of it. An attempt that is no longer the latest is dropped. */
  attempt: number;
  line: Line | undefined;
}

/** One end, with what it has sent and nobody has received yet. */
export interface LineEnd {
  /**
   * `ending`: the other end is gone, and this one will be told in its turn: it gets what was sent before and can
   * send no more. `closed`: it has been told, or it hung up itself.
   */
  state: 'open' | 'ending' | 'closed';
  queuedFramesCount: number;
  queuedBytes: number;
  /** A send was answered false, so `drained` is owed. */
  isWaiting: boolean;
}

export interface Line {
  readonly dialer: Dialer;
  readonly endpoint: Endpoint;
  /** The connection's number at the peer. */
  readonly connection: number;
  readonly sessionEnd: LineEnd;
  readonly peerEnd: LineEnd;
  /** What is on its way is worth nothing any more. */
  isDropped: boolean;
  /** Why it ended, for the session's messages. */
  cause: string;
}

export function openLine(dialer: Dialer, endpoint: Endpoint, connection: number): Line {
  const cause = 'the peer hung up';
  return { dialer, endpoint, connection, sessionEnd: newEnd(), peerEnd: newEnd(), isDropped: false, cause };
}

function newEnd(): LineEnd {
  return { state: 'open', queuedFramesCount: 0, queuedBytes: 0, isWaiting: false };
}
