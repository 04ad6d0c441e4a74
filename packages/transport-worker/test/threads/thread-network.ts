/**
 * A network whose members' transports live in threads of their own. What the suite holds are stand-ins: a call goes
 * to the thread and is waited for, standing still, so that `send` has its answer at once; events come as messages.
 */
import type { TestNetwork } from '@quorate/compliance';
import { CoordinationError } from '@quorate/core';
import type {
  DialerEvents,
  SessionOwner,
  Transport,
  TransportEvents,
  TransportOwner,
} from '@quorate/core/ports';
import type { Thread, ThreadEvent, Threads } from './thread.ts';

let lastLife = 0;
let lastNetwork = 0;

class ThreadTransport implements Transport {
  readonly #thread: Thread;
  readonly #network: number;
  readonly #life: number;
  readonly #waiting = new Map<ThreadEvent['kind'], () => void>();
  #state: 'new' | 'started' | 'closed' = 'new';
  #closing: Promise<void> | undefined;
  #events: TransportEvents | undefined;

  constructor(thread: Thread, network: number) {
    lastLife += 1;
    this.#life = lastLife;
    this.#thread = thread;
    this.#network = network;
    thread.on((event) => {
      if (event.life === this.#life) this.#told(event);
    });
  }

  async start(owner: TransportOwner, events: TransportEvents): Promise<void> {
    this.#events = events;
    this.#state = 'started';
    const { logger: _logger, ...plain } = owner;
    const serves = events.sessions !== undefined;
    this.#thread.post({ kind: 'start', life: this.#life, owner: inNetwork(plain, this.#network), serves });
    await Promise.race([this.#next('started'), this.#next('refused').then(refuse)]);
  }

  send(to: string, bytes: Uint8Array): boolean {
    return this.#call('send', { to, bytes });
  }

  sendToSession(connection: number, bytes: Uint8Array): boolean {
    return this.#call('sendToSession', { connection, bytes });
  }

  hangUpSession(connection: number): void {
    this.#call('hangUpSession', { connection });
  }

  close(options?: { readonly abrupt?: boolean }): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async stall(): Promise<void> {
    this.#thread.stall(this.#life);
    await this.#next('stalled');
  }

  resume(): void {
    this.#thread.resume();
  }

  async crash(): Promise<void> {
    this.#state = 'closed';
    await this.#thread.crash();
  }

  async #close(options: { readonly abrupt?: boolean } | undefined): Promise<void> {
    const wasStarted = this.#state === 'started' && this.#thread.isAlive;
    this.#state = 'closed';
    if (!wasStarted) return;
    // It must not stand still when it is asked.
    this.#thread.resume();
    this.#thread.post({ kind: 'close', life: this.#life, options });
    await this.#next('closed');
  }

  #call(kind: string, args: Readonly<Record<string, unknown>>): boolean {
    return this.#state === 'started' && this.#thread.call({ kind, life: this.#life, ...args });
  }

  #next(kind: ThreadEvent['kind']): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(kind, resolve);
    });
  }

  #told(event: ThreadEvent): void {
    this.#waiting.get(event.kind)?.();
    if (this.#state !== 'started' || this.#events === undefined) return;
    try {
      hand(event, this.#events);
    } catch {
      // A listener of the suite that throws on purpose.
    }
  }
}

/**
 * The hub outlives the networks, and hears of the end of a member after that member has: so in each network ensembles have
 * other names, and nobody meets who was left of the one before.
 */
function inNetwork<O extends { readonly ensemble: string }>(owner: O, network: number): O {
  return { ...owner, ensemble: `${owner.ensemble} of network ${network}` };
}

/** A session's end in this network. */
function sessionTransport({ hub }: Threads, network: number): Transport {
  const transport = hub.transport();
  const startSession = transport.startSession?.bind(transport);
  return Object.assign(transport, {
    startSession: (owner: SessionOwner, events: DialerEvents) =>
      startSession?.(inNetwork(owner, network), events),
  });
}

function refuse(): never {
  throw new CoordinationError('PEER_CLOSED');
}

function hand(event: ThreadEvent, events: TransportEvents): void {
  if (event.kind === 'frame') events.frame(event.from, event.bytes);
  if (event.kind === 'connected') events.connected(event.member);
  if (event.kind === 'disconnected') events.disconnected(event.member);
  if (event.kind === 'session-opened') events.sessions?.opened(event.connection);
  if (event.kind === 'session-frame') events.sessions?.frame(event.connection, event.bytes);
  if (event.kind === 'session-drained') events.sessions?.drained(event.connection);
  if (event.kind === 'session-closed') events.sessions?.closed(event.connection);
}

export function openThreadNetwork(threads: Threads, members: readonly string[]): TestNetwork {
  lastNetwork += 1;
  const network = lastNetwork;
  const latest = new Map<string, ThreadTransport>();
  return {
    addresses: Object.fromEntries(members.map((member) => [member, ''])),
    transport(member) {
      const transport = new ThreadTransport(threads.of(member), network);
      latest.set(member, transport);
      return transport;
    },
    sessionTransport: () => sessionTransport(threads, network),
    async stall(member) {
      await latest.get(member)?.stall();
      return () => latest.get(member)?.resume();
    },
    crash: async (member) => await latest.get(member)?.crash(),
    close: async () => undefined,
  };
}
