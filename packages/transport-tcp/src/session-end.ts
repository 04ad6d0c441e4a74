/**
 * A session's end of the transport: dials one peer at a time for a process that is no member. Each `dial` is
 * answered once, from the event loop, and only while it is the latest.
 */
import { randomBytes } from 'node:crypto';
import type { DialerEvents, SessionDialer, SessionOwner } from '@quorate/core/ports';
import { CoordinationError } from '@quorate/core';
import { type Address, parseAddress } from './address.ts';
import type { Channels } from './channel.ts';
import { type Acquainted, Dial, type DialFailure } from './dial.ts';
import type { FrameConnection } from './frame-connection.ts';
import { lifeBytes } from './handshake-messages.ts';
import type { TcpLimits } from './limits.ts';
import { OpenConnections } from './open-connections.ts';

export interface SessionEndOptions {
  readonly channels: Channels;
  readonly limits: TcpLimits;
  /** Throws `BAD_ARGUMENTS` for an address that must not be dialled. */
  readonly checkReach: (addresses: readonly Address[]) => void;
}

export class SessionEnd implements SessionDialer {
  readonly #options: SessionEndOptions;
  readonly #owner: SessionOwner;
  readonly #events: DialerEvents;
  readonly #addresses: ReadonlyMap<string, Address>;
  readonly #connections: OpenConnections;
  readonly #life = randomBytes(lifeBytes);
  /** Counts attempts: whatever belongs to an earlier one is told to nobody. */
  #attempt = 0;
  #dial: Dial | undefined;
  #current: FrameConnection | undefined;
  #isKeptAlive = false;
  #isClosed = false;

  /** @throws CoordinationError `BAD_ARGUMENTS` for addresses that cannot be used. */
  constructor(options: SessionEndOptions, owner: SessionOwner, events: DialerEvents) {
    this.#options = options;
    this.#owner = owner;
    this.#events = events;
    this.#addresses = new Map(
      Object.entries(owner.peers).map(([id, text]) => [id, parseAddress(`peers.${id}`, text)] as const),
    );
    options.checkReach([...this.#addresses.values()]);
    this.#connections = new OpenConnections(owner.frameBytesMax, options.limits);
  }

  dial(peer: string): void {
    if (this.#isClosed) return;
    this.hangUp();
    const attempt = this.#attempt;
    const address = this.#addresses.get(peer);
    if (address === undefined) {
      const cause = new CoordinationError('BAD_ARGUMENTS', {
        details: { argument: 'peer', reason: `there is no address of ${JSON.stringify(peer)}` },
      });
      setImmediate(() => this.#tell(attempt, () => this.#events.disconnected(peer, cause)));
      return;
    }
    const { ensemble, frameBytesMax } = this.#owner;
    this.#dial = new Dial(
      {
        channels: this.#options.channels,
        target: { member: peer, address, role: 'session' },
        introduction: { ensemble, member: '', incarnation: 0, frameBytesMax, life: this.#life },
        handshakeMsMax: this.#options.limits.handshakeMsMax,
      },
      {
        acquainted: (acquainted) => this.#establish(peer, attempt, acquainted),
        failed: (failure) => {
          this.#dial = undefined;
          this.#tell(attempt, () => this.#events.disconnected(peer, causeOf(failure)));
        },
      },
    );
    this.#dial.keepAlive(this.#isKeptAlive);
  }

  send(bytes: Uint8Array): boolean {
    return this.#current?.send(bytes) ?? false;
  }

  hangUp(): void {
    this.#attempt += 1;
    this.#dial?.cancel();
    this.#dial = undefined;
    // What was sent before still arrives.
    this.#current?.end();
    this.#current?.keepAlive(false);
    this.#current = undefined;
  }

  keepAlive(alive: boolean): void {
    this.#isKeptAlive = alive;
    this.#dial?.keepAlive(alive);
    this.#current?.keepAlive(alive);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.hangUp();
    await this.#connections.close(false);
  }

  #establish(peer: string, attempt: number, acquainted: Acquainted): void {
    this.#dial = undefined;
    const { sessionQueueBytesMax } = this.#options.limits;
    const connection = this.#connections.open(acquainted, sessionQueueBytesMax, {
      frame: (bytes) => this.#tell(attempt, () => this.#events.frame(bytes)),
      drained: () => this.#tell(attempt, () => this.#events.drained()),
      closed: (reason) => {
        if (attempt === this.#attempt) this.#current = undefined;
        this.#tell(attempt, () => this.#events.disconnected(peer, reason));
      },
    });
    connection.keepAlive(this.#isKeptAlive);
    this.#current = connection;
    this.#tell(attempt, () => this.#events.connected(peer));
    connection.begin(acquainted.rest);
  }

  /** A listener that throws has a bug, which must not cost the session its connection. */
  #tell(attempt: number, call: () => void): void {
    if (attempt !== this.#attempt || this.#isClosed) return;
    try {
      call();
    } catch (error) {
      this.#owner.logger.error({ err: error }, 'a listener of the transport threw');
    }
  }
}

function causeOf(failure: DialFailure): unknown {
  switch (failure.kind) {
    case 'unreachable':
      return failure.reason;
    case 'refused': {
      const { code, reason } = failure.refusal;
      return new CoordinationError(code, { details: { reason } });
    }
    case 'superseded':
      return 'the peer has another connection';
  }
}
