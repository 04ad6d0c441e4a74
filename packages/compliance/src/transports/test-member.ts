/**
 * A member that does nothing but listen: a started transport, and all that it was told. It notices by itself
 * what no transport may ever do, so each case checks that besides its own sentence.
 */
import type { Logger, ServedSessionEvents, Transport, TransportEvents } from '@quorate/core/ports';

/** What a transport told its owner. */
export type Told =
  | { readonly kind: 'connected'; readonly member: string }
  | { readonly kind: 'frame'; readonly from: string; readonly bytes: Uint8Array }
  | { readonly kind: 'disconnected'; readonly member: string };

/** What a transport told of sessions' connections. */
export type Served =
  | { readonly kind: 'opened' | 'drained' | 'closed'; readonly connection: number }
  | { readonly kind: 'frame'; readonly connection: number; readonly bytes: Uint8Array };

/** Whether a call of any transport of this world is on the stack: no event may come then. */
export class CallStack {
  isInCall = false;

  call<T>(call: () => T): T {
    const wasInCall = this.isInCall;
    this.isInCall = true;
    try {
      return call();
    } finally {
      this.isInCall = wasInCall;
    }
  }
}

export interface TestMemberOptions {
  readonly ensemble?: string;
  readonly incarnation?: number;
  readonly frameBytesMax?: number;
  /** False: it serves no sessions. Default true. */
  readonly serves?: boolean;
  /** Called after it was recorded; may throw. */
  readonly onTold?: (told: Told) => void;
  readonly onServed?: (served: Served) => void;
}

/** The suite's own choice: large enough for every case, small enough to be tried at its limit. */
export const frameBytesMaxDefault = 1_048_576;

export class TestMember {
  readonly id: string;
  readonly told: Told[] = [];
  readonly served: Served[] = [];
  /** What the transport must never do, in words. */
  readonly violations: string[] = [];
  readonly #transport: Transport;
  readonly #options: TestMemberOptions;
  readonly #stack: CallStack;
  #isClosed = false;
  readonly #connected = new Set<string>();
  readonly #connections = new Map<number, 'open' | 'closed'>();

  constructor(id: string, transport: Transport, options: TestMemberOptions & { readonly stack: CallStack }) {
    this.id = id;
    this.#stack = options.stack;
    this.#transport = transport;
    this.#options = options;
  }

  start(members: Readonly<Record<string, string>>, logger: Logger): Promise<void> {
    const { ensemble = 'compliance', incarnation = 1, frameBytesMax = frameBytesMaxDefault } = this.#options;
    const owner = { member: this.id, ensemble, incarnation, members, frameBytesMax, logger };
    return this.#stack.call(() => this.#transport.start(owner, this.#events()));
  }

  send(to: string, bytes: Uint8Array): boolean {
    return this.#stack.call(() => this.#transport.send(to, bytes));
  }

  sendToSession(connection: number, bytes: Uint8Array): boolean {
    return this.#stack.call(() => this.#transport.sendToSession?.(connection, bytes) ?? false);
  }

  hangUpSession(connection: number): void {
    this.#connections.set(connection, 'closed');
    this.#stack.call(() => this.#transport.hangUpSession?.(connection));
  }

  close(options?: { readonly abrupt?: boolean }): Promise<void> {
    this.#isClosed = true;
    return this.#stack.call(() => this.#transport.close(options));
  }

  isConnectedTo(member: string): boolean {
    return this.#connected.has(member);
  }

  /** How often it was told so. */
  count(kind: 'connected' | 'disconnected', member: string): number {
    return this.told.filter((told) => told.kind === kind && told.member === member).length;
  }

  framesFrom(member: string): readonly Uint8Array[] {
    return this.told.flatMap((told) => (told.kind === 'frame' && told.from === member ? [told.bytes] : []));
  }

  framesOn(connection: number): readonly Uint8Array[] {
    return this.served.flatMap((served) =>
      served.kind === 'frame' && served.connection === connection ? [served.bytes] : [],
    );
  }

  connectionsOpened(): readonly number[] {
    return this.served.flatMap(({ kind, connection }) => (kind === 'opened' ? [connection] : []));
  }

  hasClosed(connection: number): boolean {
    return this.served.some((served) => served.kind === 'closed' && served.connection === connection);
  }

  #events(): TransportEvents {
    const sessions: ServedSessionEvents = {
      opened: (connection) => this.#serve({ kind: 'opened', connection }),
      frame: (connection, bytes) => this.#serve({ kind: 'frame', connection, bytes }),
      drained: (connection) => this.#serve({ kind: 'drained', connection }),
      closed: (connection) => this.#serve({ kind: 'closed', connection }),
    };
    return {
      frame: (from, bytes) => this.#tell({ kind: 'frame', from, bytes }),
      connected: (member) => this.#tell({ kind: 'connected', member }),
      disconnected: (member) => this.#tell({ kind: 'disconnected', member }),
      ...((this.#options.serves ?? true) ? { sessions } : {}),
    };
  }

  #tell(told: Told): void {
    this.told.push(told);
    this.#judgeEvent(`${told.kind} ${told.kind === 'frame' ? told.from : told.member}`);
    this.#judgeOrder(told);
    this.#options.onTold?.(told);
  }

  #serve(served: Served): void {
    this.served.push(served);
    this.#judgeEvent(`session ${served.kind} ${served.connection}`);
    this.#judgeConnection(served);
    this.#options.onServed?.(served);
  }

  #judgeEvent(event: string): void {
    if (this.#stack.isInCall)
      this.violations.push(`${this.id} was told of "${event}" inside a call of a transport`);
    if (this.#isClosed) this.violations.push(`${this.id} was told of "${event}" after its close`);
  }

  #judgeOrder(told: Told): void {
    if (told.kind === 'connected') {
      if (this.#connected.has(told.member))
        this.violations.push(`${told.member} connected twice at ${this.id}`);
      this.#connected.add(told.member);
    } else if (told.kind === 'disconnected') {
      if (!this.#connected.delete(told.member)) {
        this.violations.push(`${told.member} disconnected at ${this.id} without having been connected`);
      }
    } else if (!this.#connected.has(told.from)) {
      this.violations.push(`${this.id} got a frame of ${told.from}, which was not connected`);
    }
  }

  #judgeConnection({ kind, connection }: Served): void {
    const state = this.#connections.get(connection);
    const expected = kind === 'opened' ? undefined : 'open';
    if (state !== expected) {
      this.violations.push(
        `session connection ${connection} of ${this.id}: ${kind} while ${state ?? 'unknown'}`,
      );
    }
    this.#connections.set(connection, kind === 'closed' ? 'closed' : 'open');
  }
}
