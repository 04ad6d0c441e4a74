/** A session's end of a transport that does nothing but listen, and notices what no dialer may ever do. */
import type { DialerEvents, Logger, SessionDialer, Transport } from '@quorate/core/ports';
import { type CallStack, frameBytesMaxDefault } from './test-member.ts';

/** What a dialer told its session. */
export type Dialled =
  | { readonly kind: 'connected'; readonly peer: string }
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  | { readonly kind: 'drained' }
  | { readonly kind: 'disconnected'; readonly peer: string };

export interface TestDialerOptions {
  readonly ensemble?: string;
  readonly frameBytesMax?: number;
  /** Called after it was recorded; may throw. */
  readonly onTold?: (told: Dialled) => void;
}

export class TestDialer {
  readonly told: Dialled[] = [];
  readonly violations: string[] = [];
  readonly #transport: Transport;
  readonly #options: TestDialerOptions;
  #dialer: SessionDialer | undefined;
  readonly #stack: CallStack;
  /** `idle`: it hung up, or nothing has been dialled: nothing may be told. */
  #state: 'idle' | 'dialling' | 'connected' = 'idle';

  constructor(transport: Transport, options: TestDialerOptions & { readonly stack: CallStack }) {
    this.#stack = options.stack;
    this.#transport = transport;
    this.#options = options;
  }

  async start(peers: Readonly<Record<string, string>>, logger: Logger): Promise<void> {
    const { ensemble = 'compliance', frameBytesMax = frameBytesMaxDefault } = this.#options;
    this.#dialer = await this.#transport.startSession?.(
      { ensemble, peers, frameBytesMax, logger },
      this.#events(),
    );
  }

  dial(peer: string): void {
    this.#state = 'dialling';
    this.#call((dialer) => dialer.dial(peer));
  }

  send(bytes: Uint8Array): boolean {
    return this.#call((dialer) => dialer.send(bytes)) ?? false;
  }

  hangUp(): void {
    this.#state = 'idle';
    this.#call((dialer) => dialer.hangUp());
  }

  keepAlive(alive: boolean): void {
    this.#call((dialer) => dialer.keepAlive(alive));
  }

  async close(): Promise<void> {
    this.#state = 'idle';
    await this.#call((dialer) => dialer.close());
    await this.#transport.close();
  }

  get isConnected(): boolean {
    return this.#state === 'connected';
  }

  count(kind: Dialled['kind']): number {
    return this.told.filter((told) => told.kind === kind).length;
  }

  frames(): readonly Uint8Array[] {
    return this.told.flatMap((told) => (told.kind === 'frame' ? [told.bytes] : []));
  }

  #call<T>(call: (dialer: SessionDialer) => T): T | undefined {
    const dialer = this.#dialer;
    return dialer === undefined ? undefined : this.#stack.call(() => call(dialer));
  }

  #events(): DialerEvents {
    return {
      connected: (peer) => this.#tell({ kind: 'connected', peer }),
      frame: (bytes) => this.#tell({ kind: 'frame', bytes }),
      drained: () => this.#tell({ kind: 'drained' }),
      disconnected: (peer) => this.#tell({ kind: 'disconnected', peer }),
    };
  }

  #tell(told: Dialled): void {
    this.told.push(told);
    if (this.#stack.isInCall)
      this.violations.push(`the session was told of ${told.kind} inside a call of a transport`);
    const isInOrder =
      told.kind === 'disconnected'
        ? this.#state !== 'idle'
        : this.#state === (told.kind === 'connected' ? 'dialling' : 'connected');
    if (!isInOrder) this.violations.push(`the session was told of ${told.kind} while ${this.#state}`);
    if (told.kind === 'connected') this.#state = 'connected';
    if (told.kind === 'disconnected') this.#state = 'idle';
    this.#options.onTold?.(told);
  }
}
