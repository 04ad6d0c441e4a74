/**
 * One running member: joins the driver, the sessions and the calls, and is what applications hold. It stops
 * itself when something inside it fails, rejects every call, and never takes the host down.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { parseSessionId, formatSessionId } from '../codec/stat.ts';
import type { OpResult } from '../codec/reply.ts';
import { CoordinationError } from '../errors.ts';
import { InvariantViolation } from '../invariant.ts';
import type { Checksum } from '../ports/checksum.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Random } from '../ports/random.ts';
import type { Storage } from '../ports/storage.ts';
import type { Transport } from '../ports/transport.ts';
import type { ReplicaNotice, ReplicaOutput } from '../replica/contract.ts';
import type { Replica } from '../replica/replica.ts';
import type { Session, SessionOptions, WaitOptions } from '../session/api-types.ts';
import { createSession } from '../session/session.ts';
import { Calls, type Settle } from './calls.ts';
import { Driver } from './driver.ts';
import { Events } from './events.ts';
import { LocalLink } from './local-link.ts';
import { ReplicaTree } from './local-tree.ts';
import type { CheckedOptions } from './options.ts';
import type { LocalTree, MemberInfo, Peer, PeerEvents, PeerStatus, SessionInfo } from './peer-types.ts';
import { SessionHub } from './session-hub.ts';
import { describePeer, membersOf } from './status.ts';
import { SystemCalls } from './system-calls.ts';
import { Timings } from './timings.ts';
import { Views } from './views.ts';

export interface PeerParts {
  readonly checked: CheckedOptions;
  readonly incarnation: number;
  readonly replica: Replica;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly storage: Storage;
  readonly transport: Transport | undefined;
  readonly checksum: Checksum;
}

/** Bytes of a session's secret: beyond guessing. */
const secretBytes = 16;
const defaultSessionTimeoutMs = 10_000;
/** A graceful close never takes longer than this for each of its two steps. */
const closeStepMsMax = 2_000;

export class RunningPeer implements Peer {
  readonly #parts: PeerParts;
  readonly #driver: Driver;
  readonly #hub: SessionHub;
  readonly #calls: Calls;
  readonly #events: Events<PeerEvents>;
  readonly #timings: Timings;
  readonly #system: SystemCalls;
  readonly #sessions = new Set<Session>();
  #transfers: Settle<void>[] = [];
  #closing: Promise<void> | undefined;
  readonly #health = new Map<string, boolean>();
  readonly tree: LocalTree;

  constructor(parts: PeerParts) {
    this.#parts = parts;
    const { checked, clock, logger, replica } = parts;
    const { heartbeatMs, electionTimeoutMs, tickMs, peerLimits } = checked;
    const views = new Views();
    this.#events = new Events(logger);
    this.#timings = new Timings(heartbeatMs, electionTimeoutMs);
    this.tree = new ReplicaTree(replica, views, peerLimits.pageNamesMax);
    this.#driver = new Driver(
      { ...parts, frameBytesMax: peerLimits.frameBytesMax, tickMs, heartbeatMs },
      {
        output: (output) => this.#output(output),
        received: (message) => this.#timings.received(message, clock.now()),
        tick: (nowMs) => {
          this.#hub.tick(nowMs);
          this.#calls.tick(nowMs);
        },
        fatal: (error) => this.#fatal(error),
      },
    );
    this.#hub = new SessionHub({
      driver: this.#driver,
      replica,
      views,
      clock,
      limits: peerLimits,
      heartbeatMs,
      electionTimeoutMs,
    });
    this.#calls = new Calls({
      clock,
      retryMs: 2 * electionTimeoutMs,
      isReachable: () => this.leader !== undefined,
      pending: (isPending) => this.#hub.pendingChanged(isPending),
    });
    const origin = { member: checked.id, incarnation: parts.incarnation };
    this.#system = new SystemCalls({
      calls: this.#calls,
      driver: this.#driver,
      firstTicket: randomTicket(parts.random),
      origin,
    });
  }

  get id(): string {
    return this.#parts.checked.id;
  }

  get role(): Peer['role'] {
    return this.#parts.replica.raft.role;
  }

  get leader(): string | undefined {
    return this.#parts.replica.raft.leader;
  }

  get term(): number {
    return this.#parts.replica.raft.term;
  }

  get zxid(): number {
    return this.#parts.replica.machine.zxid;
  }

  async start(): Promise<void> {
    const { checked, incarnation, transport, logger } = this.#parts;
    this.#driver.start();
    if (transport === undefined) return;
    const { id: member, ensemble, members, peerLimits } = checked;
    const owner = { member, ensemble, incarnation, members, frameBytesMax: peerLimits.frameBytesMax, logger };
    try {
      await transport.start(owner, {
        frame: (from, bytes) => this.#driver.receive(from, bytes),
        connected: (other) => this.#connection('connected', other),
        disconnected: (other) => this.#connection('disconnected', other),
      });
    } catch (error) {
      this.#driver.stop();
      throw error;
    }
  }

  status(): PeerStatus {
    const { checked, incarnation, replica } = this.#parts;
    return describePeer({
      replica,
      ensemble: checked.ensemble,
      id: checked.id,
      incarnation,
      members: this.#members(),
      timings: this.#timings,
      inputs: this.#driver.inboxLength,
      persists: this.#driver.persistsWaiting,
      localSessions: this.#hub.sessionsCount,
    });
  }

  async ready(options?: WaitOptions): Promise<void> {
    let cancel: (() => void) | undefined;
    const barrier = this.#calls.run<void>({
      options,
      outcomeUnknown: false,
      // Asked once: the replica itself asks again whenever a leader was lost.
      attempt: ({ resolve }) => {
        cancel ??= this.#hub.read(0, {
          query: { kind: 'barrier' },
          afterRequest: 0,
          consistency: 'linearizable',
          settle: () => resolve(),
        });
      },
    });
    await barrier.finally(() => cancel?.());
  }

  async openSession(options: SessionOptions = {}): Promise<Session> {
    const { resume, timeoutMs = defaultSessionTimeoutMs } = options;
    if (typeof timeoutMs !== 'number' || !(timeoutMs > 0)) {
      throw badArgument('timeoutMs', 'not a number of milliseconds above 0, or Infinity');
    }
    if (resume !== undefined) return this.#resumeSession(resume, options);
    const secret = this.#parts.random.bytes(secretBytes);
    const openedAtMs = this.#parts.clock.now();
    const op = { kind: 'open-session', secretHash: sha256(secret), timeoutMs } as const;
    return this.#startSession(await this.#system.run(op, options), secret, openedAtMs);
  }

  sessions(): readonly SessionInfo[] {
    const sessions = this.#parts.replica.machine.sessions();
    return Object.freeze(
      sessions.map(({ sessionId, timeoutMs, ephemeralsCount, openedAtMs }) =>
        Object.freeze({ id: formatSessionId(sessionId), timeoutMs, ephemeralsCount, openedAtMs }),
      ),
    );
  }

  async endSession(id: string, options?: WaitOptions): Promise<void> {
    const sessionId = typeof id === 'string' ? parseSessionId(id) : undefined;
    if (sessionId === undefined) throw badArgument('id', 'not a session id');
    await this.#system.run({ kind: 'end-session', sessionId }, options);
  }

  async transferLeadership(to?: string, options?: WaitOptions): Promise<void> {
    if (to !== undefined && !this.#parts.replica.raft.membership.voters.includes(to)) {
      throw badArgument('to', `${JSON.stringify(to)} is not a voter`);
    }
    if (this.role !== 'leader') {
      throw new CoordinationError('UNAVAILABLE', {
        message: 'UNAVAILABLE: only the leader can hand leadership on',
      });
    }
    if (to === this.id) return;
    let isAsked = false;
    await this.#calls.run<void>({
      options,
      outcomeUnknown: true,
      attempt: (settle) => {
        if (isAsked) return;
        isAsked = true;
        this.#transfers.push(settle);
        this.#driver.push({ kind: 'transfer', to });
      },
    });
  }

  on<E extends 'role' | 'leader' | 'members' | 'health' | 'fatal'>(
    event: E,
    listener: (payload: PeerEvents[E]) => void,
  ): () => void {
    return this.#events.on(event, listener);
  }

  close(options: { readonly graceful?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceful ?? true);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(isGraceful: boolean): Promise<void> {
    if (isGraceful) await this.#leaveGracefully();
    this.#end(new CoordinationError('PEER_CLOSED', { outcome: 'unknown' }));
    await this.#parts.transport?.close({ abrupt: !isGraceful });
    await this.#parts.storage.close();
  }

  /** Closes this peer's sessions and hands leadership on, each for a bounded time and both only if possible. */
  async #leaveGracefully(): Promise<void> {
    const bound = { deadlineMs: Math.min(closeStepMsMax, 4 * this.#parts.checked.electionTimeoutMs) };
    const closings = [...this.#sessions].map((session) => session.close());
    const closed = this.#calls.run<void>({
      options: bound,
      outcomeUnknown: true,
      attempt: ({ resolve }) => void Promise.allSettled(closings).then(() => resolve()),
    });
    await closed.catch(() => undefined);
    const otherVoters = this.#parts.replica.raft.membership.voters.filter((voter) => voter !== this.id);
    if (this.role === 'leader' && otherVoters.length > 0) {
      await this.transferLeadership(undefined, bound).catch(() => undefined);
    }
  }

  // --- sessions --------------------------------------------------------------------------------------------

  async #resumeSession(
    resume: { readonly id: string; readonly secret: Uint8Array },
    options: WaitOptions,
  ): Promise<Session> {
    const sessionId = parseSessionId(resume.id);
    if (sessionId === undefined) throw badArgument('resume.id', 'not a session id');
    if (!(resume.secret instanceof Uint8Array)) throw badArgument('resume.secret', 'not a byte array');
    const resumedAtMs = this.#parts.clock.now();
    const op = { kind: 'resume-session', sessionId, secretHash: sha256(resume.secret) } as const;
    return this.#startSession(await this.#system.run(op, options), resume.secret, resumedAtMs);
  }

  #startSession(result: OpResult, secret: Uint8Array, openedAtMs: number): Session {
    if (result.kind !== 'session') throw new CoordinationError('FATAL', { outcome: 'unknown' });
    const { sessionId, holder, timeoutMs, nextRequest } = result;
    const link = new LocalLink(this.#hub, { sessionId, holder });
    const session = createSession({
      link,
      id: sessionId,
      holder,
      secret,
      timeoutMs,
      nextRequest,
      openedAtMs,
    });
    this.#sessions.add(session);
    session.signal.addEventListener('abort', () => this.#sessions.delete(session), { once: true });
    return session;
  }

  // --- what the driver tells -------------------------------------------------------------------------------

  #output(output: ReplicaOutput): void {
    const { clock, replica } = this.#parts;
    const nowMs = clock.now();
    this.#timings.sent(output.sendNow, nowMs);
    this.#timings.committed(replica.raft.commitIndex, nowMs);
    this.#hub.output(output);
    for (const { items } of output.applied) {
      for (const item of items) if (item.kind === 'system') this.#system.applied(item);
    }
    for (const notice of output.notices) this.#notice(notice, nowMs);
  }

  #notice(notice: ReplicaNotice, nowMs: number): void {
    this.#timings.noticed(notice, nowMs);
    switch (notice.kind) {
      case 'role':
        this.#timings.reset();
        this.#tell('role', { role: notice.role, term: notice.term });
        return;
      case 'leader':
        this.#health.clear();
        if (notice.leader !== undefined) this.#calls.retry();
        this.#tell('leader', { leader: notice.leader, term: notice.term });
        return;
      case 'members':
        this.#tell('members', { members: this.#members() });
        return;
      case 'member-health':
        this.#health.set(notice.member, notice.healthy);
        this.#tell('health', { kind: notice.healthy ? 'recovered' : 'suspect', member: notice.member });
        return;
      case 'admitted':
        this.#tell('health', { kind: 'admitted', member: this.id });
        return;
      case 'transfer-done':
      case 'transfer-failed':
        this.#transferred(notice.kind === 'transfer-done');
        return;
      case 'divergence':
        throw new InvariantViolation('replicas that applied the same log have the same state', { ...notice });
      default:
    }
  }

  #transferred(isDone: boolean): void {
    const transfers = this.#transfers;
    this.#transfers = [];
    const message = 'UNAVAILABLE: the chosen voter did not take over within an election time-out';
    for (const transfer of transfers) {
      if (isDone) transfer.resolve();
      else transfer.reject(new CoordinationError('UNAVAILABLE', { message }));
    }
  }

  /** Listeners are called from a microtask of their own: none of them runs inside a step. */
  #tell<E extends 'role' | 'leader' | 'members' | 'health' | 'fatal'>(
    event: E,
    payload: PeerEvents[E],
  ): void {
    queueMicrotask(() => this.#events.emit(event, payload));
  }

  #connection(kind: 'connected' | 'disconnected', member: string): void {
    this.#driver.push({ kind, member });
    this.#tell('health', { kind, member });
  }

  #members(): readonly MemberInfo[] {
    return membersOf(this.#parts.replica.raft.membership, this.#health);
  }

  #fatal(error: CoordinationError): void {
    this.#end(error);
    this.#tell('fatal', error);
    void this.#parts.transport?.close({ abrupt: true }).catch(() => undefined);
    void this.#parts.storage.close().catch(() => undefined);
  }

  /** Nothing goes on from here: every waiting call is rejected. */
  #end(error: CoordinationError): void {
    this.#driver.stop();
    this.#calls.end(error);
    const code = error.code === 'PEER_CLOSED' || error.code === 'STORAGE_FAILED' ? error.code : 'FATAL';
    this.#hub.fail(code, error.cause ?? error);
  }
}

/** Above every number with a meaning of its own, and with room for all calls of a life. */
function randomTicket(random: Random): number {
  return ((random.u32() % 0xf_ffff) + 1) * 0x1_0000_0000 + random.u32();
}

function badArgument(argument: string, reason: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENTS', { details: { argument, reason } });
}
