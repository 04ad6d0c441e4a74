/**
 * Every bound of this transport, with its unit and its reason. Those in {@link TcpLimits} are options of one
 * transport; the constants below belong to the format or to its safety and are the same everywhere.
 */
import { CoordinationError } from '@quorate/core';

/** Bounds of one transport. Members may differ in them. */
export interface TcpLimits {
  /** Frames waiting for one connection. Default 8,192; more are dropped and `send` answers false. */
  readonly queueFramesMax: number;
  /** Bytes waiting for one member. Default 64 MiB; a single frame may exceed it. Memory while a member is slow. */
  readonly queueBytesMax: number;
  /** Bytes waiting for one session. Default 4 MiB; a single frame may exceed it. Low, because sessions are many. */
  readonly sessionQueueBytesMax: number;
  /** Connections of sessions. Default 1,024. Members have places of their own: one each, always. */
  readonly sessionsMax: number;
  /** Connections of sessions from one address. Default 60, as ZooKeeper's maxClientCnxns. Unix sockets have none. */
  readonly sessionsPerAddressMax: number;
  /**
   * Connections that have not proven yet who they are. Default 256, which is 1 MiB of their words. When it is
   * reached the oldest is ended, so that a flood cannot keep a member out by waiting.
   */
  readonly handshakesMax: number;
  /** The same for one address. Default 64. */
  readonly handshakesPerAddressMax: number;
  /** Milliseconds from a connection's first moment until both ends have proven who they are. Default 5,000. */
  readonly handshakeMsMax: number;
  /**
   * Milliseconds in which a frame that has begun, or bytes that wait for the network, must make progress: 256 KiB
   * or their end. Default 30,000. Too short: slow links break; too long: dead ones hold their memory.
   */
  readonly stallMsMax: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

export const defaultTcpLimits: TcpLimits = Object.freeze({
  queueFramesMax: 8_192,
  queueBytesMax: 64 * MiB,
  sessionQueueBytesMax: 4 * MiB,
  sessionsMax: 1_024,
  sessionsPerAddressMax: 60,
  handshakesMax: 256,
  handshakesPerAddressMax: 64,
  handshakeMsMax: 5_000,
  stallMsMax: 30_000,
});

/** All that one end may say before it is known: three names of 256 characters, and room. */
export const handshakeBytesMax: number = 4 * KiB;
/** Progress that {@link TcpLimits.stallMsMax} asks for, and the most that is handed to a socket at a time. */
export const progressBytes: number = 256 * KiB;
/** Frames up to this are copied into one buffer with their neighbours; a copy is cheaper than a write's overhead. */
export const gatheredFrameBytesMax: number = 16 * KiB;
/** The first wait before dialling again; each further one is twice as long. Half of each is drawn at random. */
export const backOffMsMin = 20;
/** The longest wait: a member that comes back is found within a second. */
export const backOffMsMax = 1_000;
/** A connection that lived this long was a good one: dialling begins anew without a wait. */
export const steadyMs = 1_000;
/** How long a graceful close waits for what is queued. */
export const closeMsMax = 1_000;
/** How long a connection that a better one has replaced may still deliver what was under way. */
export const retireMsMax = 5_000;
/** Of one address and reason, one refusal is logged and told in this time; the others are counted. */
export const refusalMsMin = 60_000;
/** Addresses and reasons remembered for that; the oldest is forgotten first. */
export const refusalsRememberedMax = 1_024;
/** A pre-shared key shorter than this can be guessed. */
export const pskBytesMin = 16;
/** What fits into sockaddr_un on every system; longer paths would be cut off silently. */
export const unixPathBytesMax = 103;

/** The limits given, with the defaults for the others. @throws CoordinationError `BAD_ARGUMENTS`. */
export function checkedLimits(given: Partial<TcpLimits>): TcpLimits {
  for (const [name, value] of Object.entries(given)) {
    const reason = Object.hasOwn(defaultTcpLimits, name)
      ? 'not an integer from 1 to 2^31 - 1'
      : 'there is no such limit';
    const isFine = Number.isInteger(value) && value >= 1 && value < 2 ** 31;
    if (isFine && Object.hasOwn(defaultTcpLimits, name)) continue;
    throw new CoordinationError('BAD_ARGUMENTS', { details: { argument: `limits.${name}`, reason } });
  }
  return Object.freeze({ ...defaultTcpLimits, ...given });
}
