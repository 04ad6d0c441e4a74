/** The transport port: byte frames between members, at most once, in order per connection. */
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

/** What a transport tells its peer. Calls come from the event loop, never from inside `send`. */
export interface TransportEvents {
  /** A whole frame from a member. The bytes are the receiver's from now on. */
  frame(from: string, bytes: Uint8Array): void;
  /** A connection to this member exists: frames to it have a chance. */
  connected(member: string): void;
  /** The connection broke, or the member's process is gone. Frames under way may be lost. */
  disconnected(member: string): void;
}

/**
 * Carries frames. It may lose, and after a reconnect double or reorder them, but it never invents or alters
 * one on purpose: every frame is checksummed above it.
 */
export interface Transport {
  start(owner: TransportOwner, events: TransportEvents): Promise<void>;
  /**
   * Queues a frame for a member. False: there is no connection or its queue is full, and the frame is dropped.
   * The bytes are handed over: the sender may send them again, but never change them.
   */
  send(to: string, bytes: Uint8Array): boolean;
  /** A faster checksum of the same kind (CRC-32), if the platform has one. */
  readonly checksum?: Checksum;
  /** `abrupt`: drop everything at once, as if the process had died. Safe to call twice. */
  close(options?: { readonly abrupt?: boolean }): Promise<void>;
}
