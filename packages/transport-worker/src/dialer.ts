/** A session's end of the transport: one connection at a time, to a peer in whatever thread. */
import type { MessagePort } from 'node:worker_threads';
import type { DialerEvents, SessionDialer, SessionOwner } from '@quorate/core/ports';
import { ChannelEnd } from './channel-end.ts';
import type { Notice, Request } from './introduction.ts';
import { channelLimits, closeMsMax, dialMsMax } from './limits.ts';

/** One call of `dial` and what became of it. */
interface Attempt {
  readonly number: number;
  readonly peer: string;
  readonly expiry: NodeJS.Timeout;
  channel: ChannelEnd | undefined;
  isConnected: boolean;
}

export class WorkerDialer implements SessionDialer {
  readonly #port: MessagePort;
  readonly #owner: SessionOwner;
  readonly #events: DialerEvents;
  #attempt: Attempt | undefined;
  #attemptCount = 0;
  #keepsAlive = false;
  #closing: Promise<void> | undefined;
  /** Connections that were hung up and still have something to write. */
  readonly #ending = new Set<ChannelEnd>();

  constructor(port: MessagePort, owner: SessionOwner, events: DialerEvents) {
    this.#port = port;
    this.#owner = owner;
    this.#events = events;
    port.on('message', (notice: Notice) => this.#noticed(notice));
    port.on('close', () => this.#failed(this.#attempt, 'the hub is closed'));
    port.unref();
  }

  dial(peer: string): void {
    if (this.#closing !== undefined) return;
    this.hangUp();
    this.#attemptCount += 1;
    // The hub answers at once, but the peer's thread may be in a loop without end.
    const expiry = setTimeout(() => this.#failed(attempt, 'the peer does not answer'), dialMsMax);
    expiry.unref();
    const number = this.#attemptCount;
    const attempt: Attempt = { number, peer, expiry, channel: undefined, isConnected: false };
    this.#attempt = attempt;
    const request: Request = { kind: 'dial', ensemble: this.#owner.ensemble, peer, attempt: number };
    this.#port.postMessage(request);
  }

  send(bytes: Uint8Array): boolean {
    const attempt = this.#attempt;
    if (attempt?.channel === undefined || !attempt.isConnected) return false;
    return bytes.length <= this.#owner.frameBytesMax && attempt.channel.send(bytes);
  }

  hangUp(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt === undefined) return;
    clearTimeout(attempt.expiry);
    const { channel } = attempt;
    if (channel === undefined) return;
    this.#ending.add(channel);
    void channel.end().then(() => this.#ending.delete(channel));
  }

  keepAlive(alive: boolean): void {
    this.#keepsAlive = alive;
    if (this.#closing !== undefined) return;
    if (alive) this.#port.ref();
    else this.#port.unref();
    this.#attempt?.channel?.keepAlive(alive);
  }

  close(): Promise<void> {
    this.hangUp();
    this.#port.close();
    this.#closing ??= this.#endAll();
    return this.#closing;
  }

  async #endAll(): Promise<void> {
    const expiry = setTimeout(() => {
      for (const channel of this.#ending) channel.destroy();
    }, closeMsMax);
    await Promise.all([...this.#ending].map((channel) => channel.end()));
    clearTimeout(expiry);
  }

  #noticed(notice: Notice): void {
    const attempt = this.#attempt;
    if (notice.kind === 'unreachable') {
      if (attempt?.number === notice.attempt) this.#failed(attempt, notice.reason);
      return;
    }
    if (notice.kind !== 'dialled') return;
    if (attempt?.number !== notice.attempt) {
      notice.port.close();
      return;
    }
    attempt.channel = new ChannelEnd(notice.port, channelLimits, {
      greeted: () => this.#connected(attempt),
      frame: (bytes) => this.#tell(attempt, (events) => events.frame(bytes)),
      drained: () => this.#tell(attempt, (events) => events.drained()),
      closed: () => this.#failed(attempt, 'the peer hung up, or its thread is gone'),
    });
    attempt.channel.keepAlive(this.#keepsAlive);
  }

  #connected(attempt: Attempt): void {
    clearTimeout(attempt.expiry);
    attempt.isConnected = true;
    this.#tell(attempt, (events) => events.connected(attempt.peer));
  }

  #failed(attempt: Attempt | undefined, cause: string): void {
    if (attempt === undefined || this.#attempt !== attempt) return;
    this.#attempt = undefined;
    clearTimeout(attempt.expiry);
    attempt.channel?.destroy();
    this.#guarded(attempt, (events) => events.disconnected(attempt.peer, cause));
  }

  /** Nothing of an attempt is told once it was given up. */
  #tell(attempt: Attempt, call: (events: DialerEvents) => void): void {
    if (this.#attempt === attempt) this.#guarded(attempt, call);
  }

  /** A listener that throws has a bug, which must not cost others their frames. */
  #guarded(attempt: Attempt, call: (events: DialerEvents) => void): void {
    try {
      call(this.#events);
    } catch (error) {
      this.#owner.logger.error({ peer: attempt.peer, err: error }, 'a listener of the transport threw');
    }
  }
}
