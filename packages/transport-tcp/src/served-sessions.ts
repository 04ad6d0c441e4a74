/** The connections of sessions that this member serves. They have bounds of their own and take no member's place. */
import type { ServedSessionEvents } from '@quorate/core/ports';
import type { Candidate } from './acceptance.ts';
import type { FrameConnection } from './frame-connection.ts';
import type { TcpLimits } from './limits.ts';
import type { OpenConnections } from './open-connections.ts';

export interface ServedSessionsOptions {
  readonly connections: OpenConnections;
  readonly limits: TcpLimits;
  /** Calls a listener that may throw. */
  readonly tell: (call: (events: ServedSessionEvents) => void) => void;
}

export class ServedSessions {
  readonly #options: ServedSessionsOptions;
  readonly #byNumber = new Map<number, FrameConnection>();
  readonly #countByHost = new Map<string, number>();
  #lastNumber = 0;
  /** Also those that were hung up on and have not closed yet. */
  #openCount = 0;

  constructor(options: ServedSessionsOptions) {
    this.#options = options;
  }

  /** False: there is no place, and it has been refused. `host` is undefined where addresses say nothing. */
  offer(candidate: Candidate, host: string | undefined): boolean {
    const { sessionsMax, sessionsPerAddressMax } = this.#options.limits;
    const fromHost = host === undefined ? 0 : (this.#countByHost.get(host) ?? 0);
    if (this.#openCount >= sessionsMax || fromHost >= sessionsPerAddressMax) {
      candidate.refuse('refused');
      return false;
    }
    this.#open(candidate, host);
    return true;
  }

  send(connection: number, bytes: Uint8Array): boolean {
    return this.#byNumber.get(connection)?.send(bytes) ?? false;
  }

  /** Nothing is told of it from now on. Its place is free when the other end has closed, too. */
  hangUp(connection: number): void {
    this.#byNumber.get(connection)?.end();
    this.#byNumber.delete(connection);
  }

  #open(candidate: Candidate, host: string | undefined): void {
    const { connections, limits, tell } = this.#options;
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const acquainted = candidate.accept();
    const tellOpen = (call: (events: ServedSessionEvents) => void): void => {
      if (this.#byNumber.has(number)) tell(call);
    };
    const connection = connections.open(acquainted, limits.sessionQueueBytesMax, {
      frame: (bytes) => tellOpen((events) => events.frame(number, bytes)),
      drained: () => tellOpen((events) => events.drained(number)),
      closed: () => {
        this.#count(host, -1);
        tellOpen((events) => events.closed(number));
        this.#byNumber.delete(number);
      },
    });
    this.#byNumber.set(number, connection);
    this.#count(host, 1);
    tell((events) => events.opened(number));
    connection.begin(acquainted.rest);
  }

  #count(host: string | undefined, change: 1 | -1): void {
    this.#openCount += change;
    if (host === undefined) return;
    const count = (this.#countByHost.get(host) ?? 0) + change;
    if (count === 0) this.#countByHost.delete(host);
    else this.#countByHost.set(host, count);
  }
}
