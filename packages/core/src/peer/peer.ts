/**
 * One running member: joins the driver, the sessions and the calls, and is what applications hold. It stops
 * itself when something inside it fails, rejects every call, and never takes the host down.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { parseSessionId, formatSessionId } from '../codec/stat.ts';
import { CoordinationError } from '../errors.ts';
import { InvariantViolation } from '../invariant.ts';
import type { ReplicaNotice, ReplicaOutput } from '../replica/contract.ts';
import type { Session, SessionOptions, WaitOptions } from '../session/api-types.ts';
import { badArgument, optionsOf } from '../session/arguments.ts';
import { readSessionOptions } from '../session/session-options.ts';
import { createSession } from '../session/session.ts';
import { Calls } from './calls.ts';
import { Driver } from './driver.ts';
import { Events } from './events.ts';
import { withOutcome } from './failures.ts';
import { guardClock } from '../platform/guarded-ports.ts';
import { LocalLink } from './local-link.ts';
import { ReplicaTree } from './local-tree.ts';
import type { PeerParts } from './peer-parts.ts';
import { PeerPorts } from './peer-ports.ts';
import type { LocalTree, MemberInfo, Peer, PeerEvents, PeerStatus, SessionInfo } from './peer-types.ts';
import { newSecret, openSession, type OpenedSession, type Opening, type Openings } from './openings.ts';
import { serveSessions, type ServedSessions } from './served-sessions.ts';
import { SessionHub } from './session-hub.ts';
import { describePeer, membersOf } from './status.ts';
import { randomTicket, SystemCalls } from './system-calls.ts';
import { Timings } from './timings.ts';
import { notHandedOn, Transfers } from './transfers.ts';

type EventName = 'role' | 'leader' | 'members' | 'health' | 'fatal';
const eventNames: ReadonlySet<unknown> = new Set(['role', 'leader', 'members', 'health', 'fatal']);
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
  readonly #ports: PeerPorts;
  readonly #sessions = new Set<Session>();
  readonly #transfers = new Transfers();
  readonly #served: ServedSessions;
  readonly #openings: Openings;
  #closing: Promise<void> | undefined;
  /** Why nothing goes on any more. */
  #ended: CoordinationError | undefined;
  readonly #health = new Map<string, boolean>();
  readonly tree: LocalTree;

  constructor(parts: PeerParts) {
    const { checked, logger, replica } = parts;
    const clock = guardClock(parts.clock, (cause) => this.#driver.fail(cause));
    this.#parts = { ...parts, clock };
    const { heartbeatMs, electionTimeoutMs, tickMs, peerLimits } = checked;
    this.#ports = new PeerPorts(parts);
    this.#events = new Events(logger);
    this.#timings = new Timings(heartbeatMs, electionTimeoutMs);
    this.tree = new ReplicaTree(replica, peerLimits.pageNamesMax);
    this.#driver = new Driver(
      {
        ...this.#parts,
        id: replica.config.raft.id,
        frameBytesMax: peerLimits.frameBytesMax,
        tickMs,
        heartbeatMs,
      },
      {
        output: (output) => this.#output(output),
        received: (message) => this.#timings.received(message, clock.now()),
        tick: (nowMs) => {
          this.#hub.tick(nowMs);
          this.#calls.tick(nowMs);
          this.#served.tick(nowMs);
        },
        fatal: (error) => this.#fatal(error),
      },
    );
    this.#hub = new SessionHub({
      driver: this.#driver,
      replica,
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
    this.#openings = { system: this.#system, machine: () => replica.machine, now: () => clock.now() };
    this.#served = serveSessions({
      parts: this.#parts,
      hub: this.#hub,
      openings: this.#openings,
      failed: (cause) => this.#driver.fail(cause),
    });
  }

  get id(): string {
    return this.#parts.checked.id;
  }

  /** A peer that has stopped leads nobody, whatever its replica was when it did. */
  get role(): Peer['role'] {
    return this.#ended === undefined ? this.#parts.replica.raft.role : 'follower';
  }

  get leader(): string | undefined {
    return this.#ended === undefined ? this.#parts.replica.raft.leader : undefined;
  }

  get term(): number {
    return this.#parts.replica.raft.term;
  }

  get zxid(): number {
    return this.#parts.replica.machine.zxid;
  }

  async start(): Promise<void> {
    const { checked, incarnation, logger } = this.#parts;
    this.#driver.start();
    const { id: member, ensemble, members, peerLimits } = checked;
    const owner = { member, ensemble, incarnation, members, frameBytesMax: peerLimits.frameBytesMax, logger };
    const { transport } = this.#parts;
    const servesSessions = transport?.sendToSession !== undefined && transport.hangUpSession !== undefined;
    const starting = this.#ports.start(owner, {
      frame: (from, bytes) => this.#driver.receive(from, bytes),
      connected: (other) => this.#connection('connected', other),
      disconnected: (other) => this.#connection('disconnected', other),
      ...(servesSessions && { sessions: this.#served }),
      refused: ({ member: other = '', ...refusal }) =>
        this.#tell('health', { kind: 'refused', member: other, refusal }),
    });
    await starting.catch((failure: CoordinationError) => this.#end(failure));
    // Also what failed before anybody could listen to `fatal`.
    if (this.#ended === undefined) return;
    await this.#ports.close(true);
    throw this.#ended;
  }

  status(): PeerStatus {
    const { checked, incarnation, replica } = this.#parts;
    return describePeer({
      replica,
      ensemble: checked.ensemble,
      id: checked.id,
      incarnation,
      role: this.role,
      leader: this.leader,
      members: this.#members(),
      timings: this.#timings,
      inputs: this.#driver.inboxLength,
      persists: this.#driver.persistsWaiting,
      localSessions: this.#hub.sessionsCount,
      servedSessions: this.#served.count,
    });
  }

  async ready(options?: WaitOptions): Promise<void> {
    this.#checkOpen();
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

  async openSession(options?: SessionOptions): Promise<Session> {
    this.#checkOpen();
    const { resume, timeoutMs, wait } = readSessionOptions(options);
    const { clock, random } = this.#parts;
    const openedAtMs = clock.now();
    const secret = resume?.secret ?? newSecret(random);
    const secretHash = sha256(secret);
    const opening: Opening =
      resume === undefined
        ? { kind: 'open', secretHash, timeoutMs }
        : { kind: 'resume', sessionId: resume.sessionId, secretHash };
    return this.#startSession(await openSession(this.#openings, opening, wait), secret, openedAtMs);
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
    this.#checkOpen();
    const sessionId = typeof id === 'string' ? parseSessionId(id) : undefined;
    if (sessionId === undefined) throw badArgument('id', 'not a session id');
    await this.#system.run({ kind: 'end-session', sessionId }, options);
  }

  async transferLeadership(to?: string, options?: WaitOptions): Promise<void> {
    this.#checkOpen();
    await this.#transfer(to, options);
  }

  async #transfer(to: string | undefined, options: WaitOptions | undefined): Promise<void> {
    if (to !== undefined && typeof to !== 'string') throw badArgument('to', 'not a text');
    if (to !== undefined && !this.#parts.replica.raft.membership.voters.includes(to)) {
      throw badArgument('to', `${JSON.stringify(to)} is not a voter`);
    }
    if (this.role !== 'leader') throw notHandedOn('only the leader can hand leadership on');
    if (to === this.id) return;
    let isAsked = false;
    await this.#calls.run<void>({
      options,
      outcomeUnknown: true,
      attempt: (settle) => {
        if (isAsked) return;
        isAsked = true;
        this.#transfers.add(settle);
        this.#driver.push({ kind: 'transfer', to });
      },
    });
  }

  on<E extends EventName>(event: E, listener: (payload: PeerEvents[E]) => void): () => void {
    if (!eventNames.has(event))
      throw badArgument('event', `a peer has the events ${[...eventNames].join(', ')}`);
    if (typeof listener !== 'function') throw badArgument('listener', 'not a function');
    return this.#events.on(event, listener);
  }

  close(options?: { readonly graceful?: boolean }): Promise<void> {
    // What throws inside of the executor rejects the promise.
    return new Promise((resolve) => {
      const isGraceful = optionsOf(options)?.graceful ?? true;
      if (typeof isGraceful !== 'boolean') throw badArgument('graceful', 'it is true or false');
      this.#closing ??= this.#close(isGraceful);
      resolve(this.#closing);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(isGraceful: boolean): Promise<void> {
    if (isGraceful && this.#ended === undefined) await this.#leaveGracefully();
    this.#end(new CoordinationError('PEER_CLOSED', { outcome: 'unknown' }));
    await this.#ports.close(!isGraceful);
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
      await this.#transfer(undefined, bound).catch(() => undefined);
    }
  }

  // --- sessions --------------------------------------------------------------------------------------------

  #startSession(opened: OpenedSession, secret: Uint8Array, openedAtMs: number): Session {
    // It stopped between the answer and now: nothing would ever tell the session so.
    if (this.#ended !== undefined) throw this.#ended;
    const { sessionId, holder, timeoutMs, nextRequest } = opened;
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
      case 'storage-full':
      case 'storage-writable':
        this.#tell('health', { kind: notice.kind, member: this.id });
        return;
      case 'transfer-done':
      case 'transfer-failed':
        this.#transfers.end(notice.kind === 'transfer-done');
        return;
      case 'divergence':
        throw new InvariantViolation('replicas that applied the same log have the same state', { ...notice });
      default:
    }
  }

  /** Listeners are called from a microtask of their own: none of them runs inside a step. */
  #tell<E extends EventName>(event: E, payload: PeerEvents[E]): void {
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
    void this.#ports.close(true);
  }

  /** Calls that are made after the end, or after `close`, were certainly never tried. */
  #checkOpen(): void {
    if (this.#ended !== undefined) throw withOutcome(this.#ended, 'not-applied');
    if (this.#closing !== undefined) throw new CoordinationError('PEER_CLOSED');
  }

  /** Nothing goes on from here: every waiting call is rejected. */
  #end(error: CoordinationError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#driver.stop();
    this.#calls.end(error);
    const code = error.code === 'PEER_CLOSED' || error.code === 'STORAGE_FAILED' ? error.code : 'FATAL';
    this.#hub.fail(code, error);
    this.#served.end();
  }
}
