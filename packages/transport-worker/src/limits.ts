/** Every bound of this transport, with its unit and reason. */

/** What one direction of a connection between two threads may hold. */
export interface ChannelLimits {
  /**
   * Bytes that are on their way to a thread that has not handed them out yet. A MessagePort has no bound of its
   * own: posting to a busy thread grows the memory of the process without end.
   */
  readonly windowBytesMax: number;
  /** Frames on their way, as above: each costs more than its bytes. */
  readonly windowFramesMax: number;
  /** Bytes that wait at the sender for the window to open. More are refused. */
  readonly queueBytesMax: number;
  /** Frames that wait at the sender. */
  readonly queueFramesMax: number;
}

/**
 * The window holds several of a leader's appends (1 MiB each), so a receiver always has the next one when it has
 * done one; the queue holds all that a leader sends ahead to one follower (8 MiB) and a largest frame.
 */
export const channelLimits: ChannelLimits = Object.freeze({
  windowBytesMax: 4_194_304,
  windowFramesMax: 2_048,
  queueBytesMax: 33_554_432,
  queueFramesMax: 8_192,
});

/** Milliseconds until a peer that was dialled and does not answer counts as gone: longer than a long pause of its thread. */
export const dialMsMax = 5_000;

/** Milliseconds that a graceful close waits for threads that read slowly, before it drops what is left for them. */
export const closeMsMax = 1_000;

/** Milliseconds that a member which starts waits for the end of its last life, before it is refused as a second one. */
export const succeedMsMax = 1_000;
