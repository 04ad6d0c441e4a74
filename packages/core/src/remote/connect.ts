/**
 * A session without a replica: finds a peer that serves it, opens or resumes it there, and hands out the same
 * Session as a peer does. Everything runs in this process's event loop, also the session's signs of life: if the
 * loop hangs, the session expires, as it must.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { CoordinationError } from '../errors.ts';
import { guardClock, guardLogger } from '../platform/guarded-ports.ts';
import { silentLogger } from '../platform/silent-logger.ts';
import { systemClock } from '../platform/system-clock.ts';
import { systemRandom } from '../platform/system-random.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Session } from '../session/api-types.ts';
import { optionsOf } from '../session/arguments.ts';
import { createSession } from '../session/session.ts';
import { startWait, type Wait } from '../session/waiting-calls.ts';
import { portableChecksum } from '../wire/crc32.ts';
import type { Greeting, Welcome } from '../wire/session-messages.ts';
import { BackOff } from './back-off.ts';
import { checkConnect, type CheckedConnect, type ConnectOptions } from './connect-options.ts';
import { RemoteLink } from './remote-link.ts';

/** Bytes of a session's secret: beyond guessing. */
const secretBytes = 16;
/** How often deadlines and silences are looked at. */
const tickMs = 20;
/** A tick that is later than this came after a stall: what has arrived meanwhile is read first. */
const stallMs = 100;
/** As the default time-out of a session. */
const deadlineMsDefault = 10_000;

/**
 * Opens a session at one of several peers, over a transport that carries sessions. The session moves to another
 * peer when the one that serves it is lost, and keeps its ephemerals, its order and its watches.
 *
 * @param options `transport` and `peers` are required.
 * @returns the session; `close()` it, or use `await using`. Closing it also ends its use of the transport.
 * @throws CoordinationError `BAD_ARGUMENTS` for wrong options; `UNAVAILABLE` when no peer served it by the deadline;
 * `AUTH_FAILED`, `SESSION_EXPIRED` or `SESSION_CLOSED` for a session that cannot be resumed, `AUTH_FAILED`,
 * `UNSUPPORTED_VERSION` or `PROTOCOL` also when every peer refuses for that reason; `LIMIT_EXCEEDED` when the ensemble
 * has no room for another session; `FATAL` when the transport cannot be started.
 *
 * @example
 * const session = await connect({ transport, peers: { a: '10.0.0.1:7001', b: '10.0.0.2:7001' } });
 * await session.create('/greeting', 'hello', { ifAbsent: true });
 */
export function connect(options: ConnectOptions): Promise<Session> {
  // What throws inside of the executor rejects the promise.
  return new Promise((resolve, reject) => {
    const checked = checkConnect(options);
    const clock = options.clock ?? systemClock();
    const wait = startWait(optionsOf(options), clock.now(), deadlineMsDefault);
    new Opening({ ...options, clock }, checked, wait, { resolve, reject }).start();
  });
}

interface Settle {
  readonly resolve: (session: Session) => void;
  readonly reject: (reason: unknown) => void;
}

/** From the call of `connect` to its answer; then only the clock is still its business. */
class Opening {
  readonly #options: ConnectOptions;
  readonly #checked: CheckedConnect;
  readonly #wait: Wait;
  readonly #settle: Settle;
  readonly #clock: Clock;
  readonly #link: RemoteLink;
  readonly #secret: Uint8Array;
  readonly #timer: Timer;
  /** Why each peer served us not, when it was asked last. */
  readonly #failures = new Map<string, unknown>();
  readonly #onAbort = (): void => this.#giveUp(this.#wait.signal?.reason);
  #isSettled = false;
  #tickedAtMs: number;
  #isTickDeferred = false;

  constructor(
    options: ConnectOptions & { readonly clock: Clock },
    checked: CheckedConnect,
    wait: Wait,
    settle: Settle,
  ) {
    this.#options = options;
    this.#checked = checked;
    this.#wait = wait;
    this.#settle = settle;
    this.#clock = guardClock(options.clock, (cause) => this.#fail(cause));
    const random = options.random ?? systemRandom();
    this.#secret = checked.resume?.secret ?? random.bytes(secretBytes);
    this.#link = new RemoteLink({
      backOff: new BackOff(Object.keys(checked.peers), random),
      clock: this.#clock,
      checksum: options.transport.checksum ?? portableChecksum(),
      logger: this.#logger(),
      frameBytesMax: checked.limits.frameBytesMax,
      ensemble: checked.ensemble,
      secret: this.#secret,
      opening: this.#greeting(),
      timeoutMs: checked.timeoutMs,
      limits: checked.limits,
      began: (welcome, greetedAtMs) => this.#began(welcome, greetedAtMs),
      keepAlive: (alive) => this.#timer.keepAlive(alive),
      ended: () => this.#timer.cancel(),
      failed: (peer, cause) => this.#failed(peer, cause),
    });
    this.#tickedAtMs = this.#clock.now();
    this.#timer = this.#clock.every(tickMs, () => this.#onTimer());
  }

  start(): void {
    this.#wait.signal?.addEventListener('abort', this.#onAbort);
    this.#link.pending(true);
    this.#startTransport().catch((cause: unknown) => this.#giveUp(asError(cause)));
  }

  async #startTransport(): Promise<void> {
    const { ensemble, peers, limits } = this.#checked;
    const owner = { ensemble, peers, frameBytesMax: limits.frameBytesMax, logger: this.#logger() };
    const dialer = await this.#options.transport.startSession?.(owner, this.#link.line);
    if (dialer === undefined) return;
    dialer.keepAlive(!this.#isSettled);
    this.#link.line.start(dialer);
  }

  #greeting(): Greeting {
    const { ensemble, resume, timeoutMs, limits } = this.#checked;
    const common = { ensemble, frameBytesMax: limits.frameBytesMax };
    return resume === undefined
      ? { kind: 'open', ...common, secretHash: sha256(this.#secret), timeoutMs }
      : { kind: 'resume', ...common, sessionId: resume.sessionId, secret: this.#secret };
  }

  #began({ sessionId, holder, timeoutMs, nextRequest }: Welcome, openedAtMs: number): void {
    this.#settled();
    // Nothing waits any more; what the session's calls need, they say themselves.
    this.#link.pending(false);
    this.#settle.resolve(
      createSession({
        link: this.#link,
        id: sessionId,
        holder,
        secret: this.#secret,
        timeoutMs,
        nextRequest,
        openedAtMs,
      }),
    );
  }

  /** An attempt was in vain. True: it would be so everywhere. */
  #failed(peer: string, cause: unknown): boolean {
    this.#failures.set(peer, cause);
    if (!(cause instanceof CoordinationError)) return false;
    if (isAboutSession(cause, this.#checked) || this.#isRefusedEverywhere()) {
      this.#giveUp(new CoordinationError(cause.code, { details: cause.details, cause }));
      return true;
    }
    return false;
  }

  #isRefusedEverywhere(): boolean {
    return Object.keys(this.#checked.peers).every((peer) => {
      const cause = this.#failures.get(peer);
      return cause instanceof CoordinationError && refusals.has(cause.code);
    });
  }

  /** After a stall of the event loop, what has arrived is read before anybody is judged silent. */
  #onTimer(): void {
    if (this.#isTickDeferred) return;
    const lateMs = this.#clock.now() - this.#tickedAtMs;
    if (lateMs <= stallMs) {
      this.#tick();
      return;
    }
    this.#isTickDeferred = true;
    this.#clock.afterInput(() => {
      this.#isTickDeferred = false;
      this.#tick();
    });
  }

  #tick(): void {
    const nowMs = this.#clock.now();
    this.#tickedAtMs = nowMs;
    try {
      this.#link.tick(nowMs);
    } catch (cause) {
      this.#fail(cause);
    }
    if (this.#isSettled || nowMs < this.#wait.deadlineAtMs) return;
    const { deadlineMs } = this.#wait;
    const cause = [...this.#failures.values()].at(-1);
    this.#giveUp(
      new CoordinationError('UNAVAILABLE', { outcome: 'unknown', details: { deadlineMs }, cause }),
    );
  }

  #fail(cause: unknown): void {
    this.#giveUp(asError(cause));
    this.#link.fail(cause);
  }

  #giveUp(reason: unknown): void {
    if (this.#isSettled) return;
    this.#settled();
    this.#settle.reject(reason);
    this.#link.close();
  }

  #settled(): void {
    this.#isSettled = true;
    this.#wait.signal?.removeEventListener('abort', this.#onAbort);
  }

  #logger(): ReturnType<typeof silentLogger> {
    return guardLogger(this.#options.logger ?? silentLogger());
  }
}

/** Refusals that are about this process: when all peers agree, trying on is in vain. */
const refusals: ReadonlySet<string> = new Set(['AUTH_FAILED', 'UNSUPPORTED_VERSION', 'PROTOCOL']);

/** What the log has answered about the session holds at every peer. */
function isAboutSession({ code }: CoordinationError, { resume }: CheckedConnect): boolean {
  switch (code) {
    case 'SESSION_EXPIRED':
    case 'SESSION_CLOSED':
    case 'LIMIT_EXCEEDED':
    case 'BAD_ARGUMENTS':
      return true;
    case 'AUTH_FAILED':
      return resume !== undefined;
    default:
      return false;
  }
}

function asError(cause: unknown): CoordinationError {
  return cause instanceof CoordinationError ? cause : new CoordinationError('FATAL', { cause });
}
