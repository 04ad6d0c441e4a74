/**
 * The connection of one session to whichever peer serves it: dials peers in turn, greets, watches over silence,
 * and moves on when a connection is lost or of no use. What is said over it is the link's business
 * (remote-link.ts): the line only says what reached the peer in order, and when everything starts over.
 */
import { CoordinationError } from '../errors.ts';
import type { Checksum } from '../ports/checksum.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { DialerEvents, SessionDialer } from '../ports/transport.ts';
import { protocolError } from '../wire/fields.ts';
import { SessionFrameReader, SessionFrameWriter } from '../wire/session-frame.ts';
import type { Greeting, SessionAnswer, SessionRequest, Welcome } from '../wire/session-messages.ts';
import type { BackOff } from './back-off.ts';
import { openingMsMax, type LineTiming } from './timing.ts';

export interface LineOptions {
  readonly backOff: BackOff;
  readonly clock: Clock;
  readonly checksum: Checksum;
  readonly logger: Logger;
  readonly frameBytesMax: number;
}

export interface LineEvents {
  /** What to say first on a connection. */
  greeting(): Greeting;
  timing(): LineTiming;
  /** A peer serves the session from now on. `greetedAtMs`: when its greeting was sent. */
  opened(welcome: Welcome, greetedAtMs: number): void;
  /** Only while it is served. Throws `PROTOCOL` for an answer that makes no sense. */
  answer(answer: Exclude<SessionAnswer, Welcome | { kind: 'refused' }>): void;
  /** There is room for requests again. */
  drained(): void;
  /** The session is not served any more; another peer is looked for. */
  lost(): void;
  /** An attempt was in vain. True: no other peer is to be tried. */
  failed(peer: string, cause: unknown): boolean;
}

type State =
  | { readonly kind: 'waiting'; readonly dialAtMs: number }
  | { readonly kind: 'dialling'; readonly peer: string; readonly sinceMs: number }
  | { readonly kind: 'greeting'; readonly peer: string; readonly sinceMs: number; readonly limitMs: number }
  | { readonly kind: 'open'; readonly peer: string; readonly sinceMs: number }
  | { readonly kind: 'closed' };

/** Frames of one connection in both directions. */
interface Frames {
  readonly reader: SessionFrameReader;
  readonly writer: SessionFrameWriter;
}

/** A connection that served so long was worth something. */
const servedMsMin = 1_000;
/** For a transport that does not keep its promise to answer a dial. */
const diallingMsMax = 10_000;

export class Line implements DialerEvents {
  readonly #options: LineOptions;
  readonly #events: LineEvents;
  #dialer: SessionDialer | undefined;
  #state: State = { kind: 'waiting', dialAtMs: 0 };
  #frames: Frames;
  /** A frame that the transport had no room for: it goes first, for it has its number. */
  #refused: Uint8Array | undefined;
  #heardAtMs = 0;
  #pingedAtMs = 0;

  constructor(options: LineOptions, events: LineEvents) {
    this.#options = options;
    this.#events = events;
    this.#frames = this.#newFrames();
  }

  get isOpen(): boolean {
    return this.#state.kind === 'open';
  }

  /** The peer that serves the session, or is tried. */
  get peer(): string | undefined {
    return 'peer' in this.#state ? this.#state.peer : undefined;
  }

  /** Whether a request can be sent now. */
  get hasRoom(): boolean {
    return this.isOpen && this.#refused === undefined;
  }

  start(dialer: SessionDialer): void {
    this.#dialer = dialer;
    if (this.#state.kind === 'closed') void closeQuietly(dialer);
    else this.#dial();
  }

  /** Only while there is room. */
  send(request: SessionRequest): void {
    const frame = this.#frames.writer.request(request);
    if (this.#dialer?.send(frame) !== true) this.#refused = frame;
  }

  /** Leaves this peer for another one. */
  move(cause: string): void {
    if (this.#state.kind === 'closed' || this.#state.kind === 'waiting') return;
    this.#dialer?.hangUp();
    this.#over(cause);
  }

  keepAlive(alive: boolean): void {
    this.#dialer?.keepAlive(alive);
  }

  close(): void {
    if (this.#state.kind === 'closed') return;
    this.#state = { kind: 'closed' };
    if (this.#dialer === undefined) return;
    this.#dialer.hangUp();
    void closeQuietly(this.#dialer);
  }

  tick(nowMs: number): void {
    const state = this.#state;
    switch (state.kind) {
      case 'waiting':
        if (nowMs >= state.dialAtMs) this.#dial();
        return;
      case 'dialling':
        if (nowMs - state.sinceMs > diallingMsMax) this.move('the transport has not answered');
        return;
      case 'greeting':
        if (nowMs - state.sinceMs > state.limitMs) this.move('the peer has not answered');
        return;
      case 'open':
        this.#watchOverSilence(nowMs);
        return;
      case 'closed':
        return;
    }
  }

  // --- what the transport tells ----------------------------------------------------------------------------

  connected(peer: string): void {
    if (this.#state.kind !== 'dialling' || this.#state.peer !== peer) return;
    const nowMs = this.#options.clock.now();
    const greeting = this.#events.greeting();
    const limitMs = greeting.kind === 'attach' ? this.#events.timing().silenceMs : openingMsMax;
    this.#frames = this.#newFrames();
    this.#refused = undefined;
    this.#state = { kind: 'greeting', peer, sinceMs: nowMs, limitMs };
    this.#heardAtMs = nowMs;
    this.send(greeting);
  }

  disconnected(_peer: string, cause: unknown): void {
    if (this.#state.kind !== 'closed' && this.#state.kind !== 'waiting') this.#over(cause);
  }

  drained(): void {
    const frame = this.#refused;
    if (frame === undefined) return;
    this.#refused = undefined;
    if (this.#dialer?.send(frame) !== true) this.#refused = frame;
    else if (this.isOpen) this.#events.drained();
  }

  frame(bytes: Uint8Array): void {
    if (this.#state.kind !== 'greeting' && this.#state.kind !== 'open') return;
    this.#heardAtMs = this.#options.clock.now();
    try {
      this.#receive(this.#frames.reader.answer(bytes));
    } catch (error) {
      if (!(error instanceof CoordinationError)) throw error;
      this.#options.logger.warn({ peer: this.peer, reason: error.message }, 'a peer broke the protocol');
      this.#dialer?.hangUp();
      this.#over(error);
    }
  }

  #receive(answer: SessionAnswer): void {
    const state = this.#state;
    switch (answer.kind) {
      case 'refused':
        this.#dialer?.hangUp();
        this.#over(new CoordinationError(answer.code, { details: answer.details }));
        return;
      case 'welcome': {
        if (state.kind !== 'greeting') throw protocolError('a connection has one welcome');
        const { peer, sinceMs } = state;
        this.#state = { kind: 'open', peer, sinceMs: this.#heardAtMs };
        this.#events.opened(answer, sinceMs);
        return;
      }
      default:
        if (state.kind !== 'open') throw protocolError(`a ${answer.kind} came before the welcome`);
        this.#events.answer(answer);
    }
  }

  // --- from peer to peer -----------------------------------------------------------------------------------

  #dial(): void {
    if (this.#dialer === undefined) return;
    const peer = this.#options.backOff.next();
    this.#state = { kind: 'dialling', peer, sinceMs: this.#options.clock.now() };
    this.#dialer.dial(peer);
  }

  /** This connection, or the attempt at one, is over. */
  #over(cause: unknown): void {
    const state = this.#state;
    if (!('peer' in state)) return;
    const { backOff, clock, logger } = this.#options;
    const nowMs = clock.now();
    if (state.kind === 'open') {
      if (nowMs - state.sinceMs >= servedMsMin) backOff.served();
      else backOff.servedBriefly();
    }
    const waitMs = backOff.failed();
    this.#state = { kind: 'waiting', dialAtMs: nowMs + waitMs };
    logger.debug({ peer: state.peer, cause }, 'a session looks for another peer');
    if (state.kind === 'open') this.#events.lost();
    if (this.#events.failed(state.peer, cause)) this.close();
    else if (waitMs === 0) this.#dial();
  }

  #watchOverSilence(nowMs: number): void {
    const { pulseMs, silenceMs } = this.#events.timing();
    if (nowMs - this.#heardAtMs > silenceMs) {
      this.move('the peer is silent');
      return;
    }
    const quietSinceMs = Math.max(this.#heardAtMs, this.#pingedAtMs);
    if (nowMs - quietSinceMs < pulseMs || !this.hasRoom) return;
    this.#pingedAtMs = nowMs;
    this.send({ kind: 'ping', id: 0 });
  }

  #newFrames(): Frames {
    const { checksum, frameBytesMax } = this.#options;
    return {
      reader: new SessionFrameReader(checksum, frameBytesMax),
      writer: new SessionFrameWriter(checksum),
    };
  }
}

/** Nobody could do anything about a transport that cannot be closed. */
async function closeQuietly(dialer: SessionDialer): Promise<void> {
  try {
    await dialer.close();
  } catch {
    // See above.
  }
}
