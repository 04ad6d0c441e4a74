/**
 * One connection that was accepted, until both ends know each other. It may say little and must be quick; what
 * is refused learns no reason. One that is silent costs a socket and a timer: the work of a channel, which for TLS
 * is most of it, begins with the first byte. The last word, whether there is a place for it, is its owner's.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Channels, ignoreErrors } from './channel.ts';
import type { Acquainted } from './dial.ts';
import { AcceptorHandshake, type AcceptorTerms, type ChannelFacts, type Counterpart } from './handshake.ts';
import {
  encodeAccept,
  encodeRefuse,
  type Introduction,
  nonceBytes,
  type RefuseCode,
} from './handshake-messages.ts';
import { type Refusal, refusal } from './refusal.ts';
import { type Stop, talk } from './talk.ts';

export interface AcceptanceOptions {
  readonly channels: Channels;
  readonly raw: Socket;
  readonly introduction: Omit<Introduction, 'nonce'>;
  readonly terms: Omit<AcceptorTerms, 'introduction'>;
  readonly handshakeMsMax: number;
}

/** Somebody who is known now and waits for an answer. */
export interface Candidate {
  readonly counterpart: Counterpart;
  accept(): Acquainted;
  refuse(code: RefuseCode): void;
}

export interface AcceptanceEvents {
  /** Answer at once. */
  proven(candidate: Candidate): void;
  refused(cause: Refusal, claimedMember: string | undefined): void;
  /** It is no handshake any more: accepted, refused or left. Told once, before `proven` and `refused`. */
  over(): void;
}

export class Acceptance {
  readonly #options: AcceptanceOptions;
  readonly #events: AcceptanceEvents;
  /** What was accepted; its channel's socket may be another one around it. */
  readonly #raw: Socket;
  readonly #timer: NodeJS.Timeout;
  #handshake: AcceptorHandshake | undefined;
  #stopTalking: Stop | undefined;
  #isOver = false;

  constructor(options: AcceptanceOptions, events: AcceptanceEvents) {
    this.#options = options;
    this.#events = events;
    const { channels, raw, handshakeMsMax } = options;
    this.#timer = setTimeout(() => {
      this.#refuse(refusal('too-slow', 'it did not finish its handshake in time'));
    }, handshakeMsMax);
    this.#timer.unref();
    this.#raw = raw;
    ignoreErrors(raw);
    raw.unref();
    const left = (): void => this.#over();
    raw.once('close', left);
    // Read and kept in its buffer, from which the channel takes it.
    raw.once('readable', () => {
      raw.off('close', left);
      if (!this.#isOver) this.#secure(channels);
    });
  }

  /** Ends it without a word, because there is no more room for strangers. */
  cancel(): void {
    this.#over();
    this.#raw.destroy();
  }

  #secure(channels: Channels): void {
    channels.accept(this.#raw, {
      open: (socket, facts) => this.#listen(socket, facts),
      failed: (cause) => {
        if (typeof cause === 'string') this.#over();
        else this.#refuse(cause);
      },
    });
  }

  #listen(socket: Socket, facts: ChannelFacts): void {
    if (this.#isOver) return;
    const { introduction, terms } = this.#options;
    const nonce = randomBytes(nonceBytes);
    const handshake = new AcceptorHandshake(facts, { ...terms, introduction: { ...introduction, nonce } });
    this.#handshake = handshake;
    this.#stopTalking = talk(socket, handshake, {
      proven: (counterpart, rest) => {
        this.#over();
        this.#events.proven({
          counterpart,
          accept: () => {
            socket.write(encodeAccept());
            return { socket, counterpart, rest };
          },
          refuse: (code) => this.#farewell(socket, code),
        });
      },
      refused: (step) => this.#refuse(step.refusal, socket),
      left: () => this.#over(),
    });
  }

  #refuse(cause: Refusal, channel?: Socket): void {
    if (this.#isOver) return;
    this.#over();
    // Without a channel there is nobody to talk to.
    if (channel === undefined) this.#raw.destroy();
    else this.#farewell(channel, cause.kind === 'version' ? 'version' : 'refused');
    this.#events.refused(cause, this.#handshake?.claimedMember);
  }

  #farewell(socket: Socket, code: RefuseCode): void {
    socket.end(encodeRefuse(code));
    // Somebody who never reads must not keep it open.
    socket.setTimeout(this.#options.handshakeMsMax, () => socket.destroy());
    socket.resume();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#stopTalking?.();
    this.#events.over();
  }
}
