/** What an author of a transport hands to the suite: how to make a network of it, and how to disturb one. */
import type { Transport } from '@quorate/core/ports';

/**
 * What not every transport, or not every harness, can do:
 *
 * - `sessions`: carries sessions that have no replica (`startSession`, `sendToSession`, `hangUpSession`);
 * - `break`: a connection can break while both of its ends live;
 * - `burst`: what the suite sends in one turn waits until that turn ends: nobody reads meanwhile;
 * - `stall`: a member can be made to read nothing for a while, and go on later;
 * - `crash`: a member's process or thread can end without a call of `close`.
 */
export type TransportCapability = 'sessions' | 'break' | 'burst' | 'stall' | 'crash';

/** A network of its own for one case. */
export interface TestNetwork {
  /** Member to address, as `openPeer({ members })` takes them. */
  readonly addresses: Readonly<Record<string, string>>;
  /** A transport for one life of this member. A member that starts again takes a new one. */
  transport(member: string): Transport;
  /** With `sessions`: a transport for a session that knows the members' addresses. */
  sessionTransport?(): Transport;
  /** With `break`: breaks what connects the two. Both are told, and may find each other again. */
  break?(a: string, b: string): void;
  /** With `stall`: from now on the member reads nothing. Answers how to end that. */
  stall?(member: string): Promise<() => void>;
  /** With `crash`: ends the member's process or thread. */
  crash?(member: string): Promise<void>;
  /** Gives back what the network holds beside the transports, which are closed before. */
  close(): Promise<void>;
}

/** A transport under test. */
export interface TransportHarness {
  /** A network on which members of these ids can start; none has yet. */
  open(members: readonly string[]): Promise<TestNetwork>;
  /** What this transport or harness cannot do, each with the reason; cases that need it are skipped. */
  readonly cannot?: Readonly<Partial<Record<TransportCapability, string>>>;
  /**
   * Most bytes that may wait from one member to another before `send` answers false, default 128 MiB. Give the
   * transport's own bound and one frame: the smaller it is, the more the suite proves.
   */
  readonly waitingBytesMax?: number;
  /** Most frames that may wait from one member to another, default 1,000,000. */
  readonly waitingFramesMax?: number;
  /** How long the suite waits for what must happen, default 10,000 ms. Not a measure of speed. */
  readonly patienceMs?: number;
  /** How long the suite watches that something does not happen, default 50 ms. */
  readonly quietMs?: number;
}
