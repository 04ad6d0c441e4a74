/** The transport port: byte frames between members, at most once, in order per connection. */
import type { ErrorCode } from '../errors.ts';
import type { Checksum } from './checksum.ts';
import type { Logger } from './logger.ts';

/** Who starts a transport, and for whom it delivers. */
export interface TransportOwner {
  readonly member: string;
  readonly ensemble: string;
  readonly incarnation: number;
  /** First members of the ensemble, id to address. The transport connects to all of them but itself. */
  readonly members: Readonly<Record<string, string>>;
  readonly frameBytesMax: number;
  readonly logger: Logger;
}

/** A connection that was refused before it carried a frame: a wrong key, an unknown member, another ensemble. */
export interface RefusedConnection {
  /** Who the other end said it was, or should have been; unproven. Undefined if it said nothing. */
  readonly member: string | undefined;
  /** Where it is, as far as the transport knows. */
  readonly address: string;
  /** `AUTH_FAILED`, `PROTOCOL` or `UNSUPPORTED_VERSION`. */
  readonly code: ErrorCode;
  /** For operators, in words. */
  readonly reason: string;
}

/** What a transport tells its peer. Calls come from the event loop, never from inside `send`. */
export interface TransportEvents {
  /** A whole frame from a member. The bytes never change: who gets them may keep them, and must not write into them. */
  frame(from: string, bytes: Uint8Array): void;
  /** A connection to this member exists: frames to it have a chance. */
  connected(member: string): void;
  /** The connection broke, or the member's process is gone. Frames under way may be lost. */
  disconnected(member: string): void;
  /** A connection was refused, by this end or by the other. Told seldom enough to be logged: a transport limits the rate. */
  refused?(facts: RefusedConnection): void;
  /** Present if the peer serves sessions that have no replica of their own. */
  readonly sessions?: ServedSessionEvents;
}

/**
 * What a member's transport tells its peer about connections of sessions (`connect()`), which may not send
 * consensus frames. A connection is named by a number that is never used twice in the life of the transport.
 * Calls come from the event loop, never from inside a call of the peer.
 */
export interface ServedSessionEvents {
  opened(connection: number): void;
  /** A whole frame. The bytes never change: who gets them may keep them, and must not write into them. */
  frame(connection: number, bytes: Uint8Array): void;
  /** There is room again after `sendToSession` answered false. Once for any number of refusals. */
  drained(connection: number): void;
  /** The connection is gone; nothing of it follows. Not told of a connection that this peer hung up itself. */
  closed(connection: number): void;
}

/** Who looks for a peer to be served by. */
export interface SessionOwner {
  readonly ensemble: string;
  /** Peers that may serve, id to address. */
  readonly peers: Readonly<Record<string, string>>;
  readonly frameBytesMax: number;
  readonly logger: Logger;
}

/** What a transport tells a session without a replica. Calls come from the event loop, never from inside a call. */
export interface DialerEvents {
  /** The peer that was dialled answers: frames have a chance. */
  connected(peer: string): void;
  frame(bytes: Uint8Array): void;
  /** There is room again after `send` answered false. */
  drained(): void;
  /**
   * Could not connect, was refused, or the connection broke. `cause` is for messages, unless it is a
   * CoordinationError (`AUTH_FAILED`, `UNSUPPORTED_VERSION`): then trying again in the same way is in vain.
   */
  disconnected(peer: string, cause: unknown): void;
}

/** The session's end of a transport: one connection at a time. */
export interface SessionDialer {
  /**
   * Tries to connect once, in bounded time; answered by `connected` or `disconnected`. Ends what was there
   * before, of which nothing follows.
   */
  dial(peer: string): void;
  /** False: there is no connection or its queue is full (`drained` follows), and the frame is dropped. */
  send(bytes: Uint8Array): boolean;
  /** Ends the connection, after what is queued for it has been written; no event follows. */
  hangUp(): void;
  /** Whether an idle connection keeps the process alive; false at first. */
  keepAlive(alive: boolean): void;
  /** Hangs up and gives back what the transport holds for this session. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Carries frames. It may lose, and after a reconnect double or reorder them, but it never invents or alters
 * one on purpose: every frame is checksummed above it.
 */
export interface Transport {
  start(owner: TransportOwner, events: TransportEvents): Promise<void>;
  /**
   * Queues a frame for a member. False: there is no connection or its queue is full, and the frame is dropped.
   * The bytes are handed over: the sender may send them again, to others too, but nobody ever changes them.
   */
  send(to: string, bytes: Uint8Array): boolean;
  /**
   * The peer has nothing more to send for now: what is queued for members may leave at once. A hint: without it, frames
   * leave at the end of this turn of the event loop at the latest, one write for all that a member is sent in it.
   */
  flush?(): void;
  /** A frame for a session's connection. False: its queue is full (`drained` follows) or it is gone; dropped. */
  sendToSession?(connection: number, bytes: Uint8Array): boolean;
  /** Ends a session's connection, after what is queued for it has been written; no event of it follows. */
  hangUpSession?(connection: number): void;
  /** For `connect()`, instead of `start`: this transport carries sessions of a process that is no member. */
  startSession?(owner: SessionOwner, events: DialerEvents): Promise<SessionDialer>;
  /** A faster checksum of the same kind (CRC-32), if the platform has one. */
  readonly checksum?: Checksum;
  /** `abrupt`: drop everything at once, as if the process had died. Safe to call twice. */
  close(options?: { readonly abrupt?: boolean }): Promise<void>;
}
